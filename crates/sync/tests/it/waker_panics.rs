//! Wakers that panic: whoever releases or goes does not notice, and the others are woken.

use crate::support::{WakeCount, look, poll};
use asyncio_core::exception::{self, ExceptionContext};
use asyncio_sync::Semaphore;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// Panics when it is woken, or when it is dropped without that.
struct Bad {
    when_dropped: bool,
}

impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        if !self.when_dropped {
            std::panic::resume_unwind(Box::new("a bad waker"));
        }
    }
}

impl Drop for Bad {
    fn drop(&mut self) {
        if self.when_dropped {
            std::panic::resume_unwind(Box::new("a bad drop"));
        }
    }
}

fn counting_reports() -> (Rc<Cell<u32>>, impl Sized) {
    let reports = Rc::new(Cell::new(0));
    let counter = Rc::clone(&reports);
    let entered = exception::enter(Some(Rc::new(move |_: &ExceptionContext| {
        counter.set(counter.get() + 1);
    })));
    (reports, entered)
}

#[test]
fn a_waker_that_panics_is_reported_and_the_others_are_woken() {
    let (reports, _entered) = counting_reports();
    let semaphore = Semaphore::new(0);
    let bad = Waker::from(Arc::new(Bad { when_dropped: false }));
    let (count, good) = WakeCount::new();
    let (mut first, mut second) = (semaphore.acquire(), semaphore.acquire());
    assert!(poll(&mut first, &bad).is_pending() && poll(&mut second, &good).is_pending());
    semaphore.release(2);
    assert_eq!((reports.get(), count.get()), (1, 1));
    assert!(look(&mut first).is_ready() && look(&mut second).is_ready());
}

#[test]
fn a_waker_whose_drop_panics_does_not_keep_its_waiter_from_going() {
    let (reports, _entered) = counting_reports();
    let semaphore = Semaphore::new(0);
    let (mut first, mut second) = (semaphore.acquire_many(2), semaphore.acquire());
    {
        let bad = Waker::from(Arc::new(Bad { when_dropped: true }));
        assert!(poll(&mut first, &bad).is_pending());
    }
    let (count, good) = WakeCount::new();
    assert!(poll(&mut second, &good).is_pending());
    semaphore.release(1);
    drop(first);
    assert_eq!((reports.get(), count.get()), (1, 1));
    assert!(look(&mut second).is_ready());
}
