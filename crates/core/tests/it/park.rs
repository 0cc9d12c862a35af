//! The thread's own parker, and the counters that keep a busy loop fair.

use asyncio_core::effort;
use asyncio_core::park::{Park, ThreadPark};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[test]
fn ring_before_the_park_ends_it_at_once_and_counts_once() {
    let park = ThreadPark::new();
    let bell = park.unparker();
    bell.unpark();
    bell.unpark();
    assert_eq!(park.park(), ControlFlow::Continue(()));
    let woken = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            woken.store(1, Ordering::SeqCst);
            bell.unpark();
        });
        assert_eq!(park.park(), ControlFlow::Continue(()));
        assert_eq!(woken.load(Ordering::SeqCst), 1, "two rings were one");
    });
}

#[test]
fn stride_is_used_up_by_polls_and_twice_as_fast_by_io() {
    effort::grant(3);
    effort::begin_poll();
    effort::begin_poll();
    assert!(!effort::is_due());
    effort::begin_poll();
    assert!(effort::is_due());
    effort::begin_poll();
    assert!(effort::is_due(), "it stays so until a new stride is granted");
    effort::grant(4);
    effort::begin_poll();
    assert!(effort::spend_io());
    assert!(!effort::is_due());
    assert!(effort::spend_io());
    assert!(effort::is_due());
}

#[test]
fn budget_of_a_poll_is_refused_once_and_then_filled_again() {
    effort::begin_poll();
    for _ in 0..effort::IO_PER_POLL {
        assert!(effort::spend_io());
    }
    assert!(!effort::spend_io());
    assert!(effort::spend_io(), "an executor of somebody else's goes on");
}
