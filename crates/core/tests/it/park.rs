//! The thread's own parker, and the counters that keep a busy loop fair.

use asyncio_core::budget;
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
fn the_poll_interval_is_used_up_by_polls_and_by_io() {
    budget::grant(3);
    budget::begin_poll();
    budget::begin_poll();
    assert!(!budget::is_interval_over());
    budget::begin_poll();
    assert!(budget::is_interval_over());
    budget::begin_poll();
    assert!(budget::is_interval_over(), "it stays so until a new interval is granted");
    budget::grant(4);
    budget::begin_poll();
    let _spent = budget::spend(budget::IO);
    assert!(!budget::is_interval_over());
    let _spent = budget::spend(budget::IO);
    assert!(budget::is_interval_over());
}

#[test]
fn the_budget_of_a_poll_is_refilled_by_the_loop_alone() {
    let _entered = budget::enter();
    for _ in 0..2 {
        budget::begin_poll();
        let spent = (0..budget::REFUSALS).filter(|_| budget::spend(budget::IO)).count();
        assert_eq!(spent, (budget::PER_POLL / budget::IO) as usize);
    }
}

#[test]
fn a_blocking_executor_inside_of_a_poll_goes_on_after_many_refusals() {
    let _entered = budget::enter();
    budget::begin_poll();
    let spent = (0..10 * budget::REFUSALS).filter(|_| budget::spend(budget::STEP)).count();
    assert!(spent > budget::PER_POLL as usize, "{spent}");
    assert!(spent < 20 * budget::PER_POLL as usize, "{spent}");
}

#[test]
fn outside_of_a_loop_nothing_is_limited() {
    {
        let _entered = budget::enter();
        budget::begin_poll();
    }
    assert!((0..10_000).all(|_| budget::spend(budget::IO)));
}
