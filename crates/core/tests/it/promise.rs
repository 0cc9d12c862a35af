//! A promise is kept once, broken once, or abandoned; and no waker can harm it.

use crate::support::{Bad, WakeCount, panic_message, poll};
use asyncio_core::exception;
use asyncio_core::{BrokenPromise, promise};
use futures::executor::block_on;
use proptest::prelude::*;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;

#[test]
fn resolved_before_during_and_after_the_wait_from_another_thread() {
    for number in 0..500 {
        let (promise, resolver) = promise();
        let resolving = thread::Builder::new().spawn(move || resolver.resolve(number)).unwrap();
        assert_eq!(block_on(promise), Ok(number));
        resolving.join().unwrap().unwrap();
    }
}

#[test]
fn awaiter_is_woken_once_and_only_the_last_one() {
    let (mut promise, resolver) = promise();
    let ((first, first_waker), (last, last_waker)) = (WakeCount::new(), WakeCount::new());
    assert!(poll(&mut promise, &first_waker).is_pending());
    assert!(poll(&mut promise, &last_waker).is_pending());
    assert!(poll(&mut promise, &last_waker).is_pending());
    assert!(!promise.is_resolved());
    resolver.resolve("value").unwrap();
    assert!(promise.is_resolved());
    assert_eq!((first.get(), last.get()), (0, 1));
    assert_eq!(poll(&mut promise, Waker::noop()), Poll::Ready(Ok("value")));
}

#[test]
fn broken_when_the_resolver_is_dropped() {
    let (mut promise, resolver) = promise::<()>();
    let (count, waker) = WakeCount::new();
    assert!(poll(&mut promise, &waker).is_pending());
    drop(resolver);
    assert_eq!(count.get(), 1);
    assert!(promise.is_resolved());
    assert_eq!(poll(&mut promise, &waker), Poll::Ready(Err(BrokenPromise)));
    assert_eq!(BrokenPromise.to_string(), "the resolver was dropped without resolving its promise");
}

#[test]
fn broken_by_a_thread_that_panics() {
    let (promise, resolver) = promise::<u8>();
    let failing = thread::Builder::new().spawn(move || {
        let _resolver = resolver;
        std::panic::resume_unwind(Box::new("before it could resolve"));
    });
    assert_eq!(block_on(promise), Err(BrokenPromise));
    assert!(failing.unwrap().join().is_err());
}

#[test]
fn abandoned_promise_gives_the_value_back_and_drops_its_waker() {
    let (mut promise, resolver) = promise();
    let (count, waker) = WakeCount::new();
    assert!(poll(&mut promise, &waker).is_pending());
    drop(waker);
    assert!(!resolver.is_abandoned());
    drop(promise);
    assert!(resolver.is_abandoned());
    assert_eq!(Arc::strong_count(&count), 1, "nobody keeps the waker");
    assert_eq!(resolver.resolve(String::from("back")), Err(String::from("back")));
    assert_eq!(count.get(), 0);
}

#[test]
fn value_nobody_takes_is_dropped_once_with_the_promise() {
    struct Counted(Rc<Cell<usize>>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let drops = Rc::new(Cell::new(0));
    let (unread, resolver) = promise();
    assert!(resolver.resolve(Counted(Rc::clone(&drops))).is_ok());
    assert_eq!(drops.get(), 0);
    drop(unread);
    assert_eq!(drops.get(), 1);
}

#[test]
fn second_poll_after_the_value_panics() {
    let (mut kept, resolver) = promise();
    resolver.resolve(1).unwrap();
    assert_eq!(poll(&mut kept, Waker::noop()), Poll::Ready(Ok(1)));
    assert!(!kept.is_resolved());
    let message = panic_message(|| poll(&mut kept, Waker::noop()));
    assert_eq!(message, "promise polled after its result was taken");
    panic_message(|| poll(&mut kept, Waker::noop()));
}

#[test]
fn waker_that_panics_is_reported_and_the_value_is_there() {
    let told = Rc::new(Cell::new(0));
    let count = Rc::clone(&told);
    let _entered = exception::enter(Some(Rc::new(move |_| count.set(count.get() + 1))));
    let (mut kept, resolver) = promise();
    assert!(poll(&mut kept, &Arc::new(Bad).into()).is_pending());
    resolver.resolve(2).unwrap();
    assert_eq!(poll(&mut kept, Waker::noop()), Poll::Ready(Ok(2)));
    let (mut broken, resolver) = promise::<()>();
    assert!(poll(&mut broken, &Arc::new(Bad).into()).is_pending());
    drop(resolver);
    assert_eq!(poll(&mut broken, Waker::noop()), Poll::Ready(Err(BrokenPromise)));
    assert_eq!(told.get(), 2);
}

/// A waker may come back to the promise: nothing is locked while it runs.
#[test]
fn waker_may_drop_the_promise() {
    struct Dropper(parking_lot::Mutex<Option<asyncio_core::Promise<u8>>>);
    impl std::task::Wake for Dropper {
        fn wake(self: Arc<Self>) {
            let promise = self.0.lock().take();
            drop(promise);
        }
    }
    let (mut kept, resolver) = promise();
    let dropper = Arc::new(Dropper(None.into()));
    assert!(poll(&mut kept, &Arc::clone(&dropper).into()).is_pending());
    *dropper.0.lock() = Some(kept);
    resolver.resolve(1).unwrap();
    assert!(dropper.0.lock().is_none());
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll,
    Resolve,
    Break,
    Abandon,
}

proptest! {
    /// Any order of calls gives what a state of five cases says.
    #[test]
    fn prop_any_order_of_calls_follows_the_model(
        steps in prop::collection::vec(prop_oneof![
            4 => Just(Step::Poll), 1 => Just(Step::Resolve), 1 => Just(Step::Break),
            1 => Just(Step::Abandon),
        ], 0..8),
    ) {
        let (ours, resolving) = promise();
        let (mut ours, mut resolving) = (Some(ours), Some(resolving));
        let (count, waker) = WakeCount::new();
        // What a poll will give, and whether somebody waits.
        let (mut result, mut waits) = (None, false);
        for step in steps {
            let wakes = count.get();
            match step {
                Step::Poll => {
                    let Some(promise) = &mut ours else { continue };
                    let polled = poll(promise, &waker);
                    prop_assert_eq!(polled, result.map_or(Poll::Pending, Poll::Ready));
                    if polled.is_ready() {
                        return Ok(());
                    }
                    waits = true;
                    continue;
                }
                Step::Resolve => {
                    let Some(resolver) = resolving.take() else { continue };
                    let taken = resolver.resolve(7);
                    prop_assert_eq!(taken, if ours.is_some() { Ok(()) } else { Err(7) });
                    result = Some(Ok(7));
                }
                Step::Break => {
                    if resolving.take().is_none() {
                        continue;
                    }
                    result = Some(Err(BrokenPromise));
                }
                Step::Abandon => {
                    ours = None;
                    waits = false;
                    continue;
                }
            }
            prop_assert_eq!(count.get() - wakes, usize::from(waits));
            waits = false;
        }
    }
}
