//! S-29 to S-31: a panic goes to whoever awaits, or to the exception handler, once; and it stops nobody else.

use crate::support::{
    Drops, Log, OnDrop, new_loop, panic_message, reports, run, turns, watched_loop,
};
use asyncio_executor::{CallHandle, Task, call_soon, create_task, current_task};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::panic::panic_any;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};

#[test]
fn panic_in_a_poll_reaches_the_awaiter_and_nobody_else() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let message = event_loop
        .run_until_complete(async {
            let bystander = create_task(turns(3));
            let error = create_task(async { panic!("number {}", current_task().unwrap().id()) })
                .await
                .unwrap_err();
            assert!(error.is_panic() && !error.is_cancelled() && !error.is_loop_closed());
            assert_eq!(error.to_string(), "task panicked: number 3");
            bystander.await.unwrap();
            *error.into_panic().downcast::<String>().unwrap()
        })
        .unwrap();
    assert_eq!(message, "number 3");
    assert!(log.take().is_empty(), "an awaited panic is not reported");
}

#[test]
fn payload_of_any_type_is_handed_over_once() {
    run(async {
        let drops = Drops::default();
        let probe = drops.probe();
        let error = create_task(async move { panic_any(probe) }).await.unwrap_err();
        assert_eq!(drops.count(), 0);
        drop(error.into_panic());
        drops.assert_all_dropped_on_their_thread();
    });
}

#[test]
fn panic_nobody_awaits_is_reported_once_with_name_and_place() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let (kept, line) = event_loop
        .run_until_complete(async {
            let task = Task::builder().name("detached").spawn(async { panic!("first") });
            drop(task);
            let kept = create_task(async { panic!("second") });
            let line = line!() - 1;
            turns(3).await;
            (kept, line)
        })
        .unwrap();
    let first = log.take();
    assert_eq!(first.len(), 1, "the second may still be awaited");
    assert_eq!(first[0].message, "task exception was never retrieved");
    assert_eq!(first[0].panic, "first");
    assert_eq!(first[0].task_name.as_deref(), Some("detached"));
    let id = kept.id();
    event_loop.run_until_complete(async { drop(kept) }).unwrap();
    let second = log.take();
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].task_id, Some(id));
    let place = second[0].spawned_at.unwrap();
    assert!(place.file().ends_with("panic.rs") && place.line() == line, "{place}");
    drop(event_loop);
    assert!(log.take().is_empty(), "once");
}

#[test]
fn handle_dropped_between_two_runs_reports_to_its_own_loop() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let task = event_loop.create_task(async { panic!("unread") });
    event_loop.run_until_complete(turns(2)).unwrap();
    drop(task);
    assert_eq!(log.take().len(), 1);
}

#[test]
fn unread_panic_is_reported_at_close() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let task = event_loop.create_task(async { panic!("unread") });
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    assert_eq!(log.take().len(), 1);
    drop(task);
    assert!(log.take().is_empty(), "once");
}

#[test]
fn panic_in_the_drop_of_a_future_becomes_the_outcome() {
    run(async {
        let drops = Drops::default();
        let probe = drops.probe();
        let ended = create_task(async move {
            let _probe = probe;
            let _bad = OnDrop::new(|| panic!("in the drop of a local"));
        });
        assert!(ended.await.unwrap_err().is_panic());

        struct Bad(#[expect(dead_code, reason = "only its drop counts")] crate::support::Probe);
        impl Future for Bad {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> std::task::Poll<()> {
                std::task::Poll::Ready(())
            }
        }
        impl Drop for Bad {
            fn drop(&mut self) {
                panic!("in the drop of the future itself");
            }
        }
        let error = create_task(Bad(drops.probe())).await.unwrap_err();
        assert_eq!(error.to_string(), "task panicked: in the drop of the future itself");
        let cancelled = create_task(Bad(drops.probe()));
        cancelled.cancel();
        assert!(cancelled.await.unwrap_err().is_panic());
        drops.assert_all_dropped_on_their_thread();
    });
}

/// Is ready with a value that panics when it is dropped, and panics when it is dropped itself.
struct DoublyRude;

impl Future for DoublyRude {
    type Output = OnDrop<fn()>;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> std::task::Poll<Self::Output> {
        std::task::Poll::Ready(OnDrop::new(|| panic!("the value's drop")))
    }
}

impl Drop for DoublyRude {
    fn drop(&mut self) {
        panic!("the future's drop");
    }
}

#[test]
fn panic_in_the_drop_of_a_future_and_of_its_value_does_not_abort() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let error = event_loop.run_until_complete(create_rude()).unwrap();
    assert_eq!(error, "task panicked: the future's drop");
    assert_eq!(log.take().len(), 1, "the value's panic is reported");
}

async fn create_rude() -> String {
    create_task(DoublyRude).await.err().unwrap().to_string()
}

#[test]
fn panic_in_a_poll_and_then_in_the_drop_gives_the_first() {
    run(async {
        struct Twice;
        impl Future for Twice {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> std::task::Poll<()> {
                panic!("first")
            }
        }
        impl Drop for Twice {
            fn drop(&mut self) {
                panic!("second");
            }
        }
        let error = create_task(Twice).await.unwrap_err();
        assert_eq!(error.to_string(), "task panicked: first");
    });
}

#[test]
fn panic_in_the_drop_of_an_outcome_is_reported_and_leaves_nothing() {
    let (event_loop, remains) = watched_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let drops = Drops::default();
    let bad = |drops: &Drops| (drops.probe(), OnDrop::new(|| panic!("outcome")));
    let (a, b, c) = (bad(&drops), bad(&drops), bad(&drops));
    let unread = event_loop.create_task(async move { a });
    event_loop
        .run_until_complete(async {
            drop(create_task(async move { b }));
            let kept = create_task(async move { c });
            turns(2).await;
            drop(kept);
        })
        .unwrap();
    assert_eq!(log.take().len(), 2);
    event_loop.close();
    assert_eq!(log.take().len(), 1);
    drop((unread, event_loop));
    drops.assert_all_dropped_on_their_thread();
    remains.assert_none();
}

/// A payload that panics when it is dropped, with a payload that does the same, and so on.
struct Endless;

impl Drop for Endless {
    fn drop(&mut self) {
        panic_any(Endless);
    }
}

#[test]
fn payload_whose_drop_panics_does_not_unwind_into_the_loop() {
    run(async {
        drop(create_task(async { panic_any(Endless) }));
        drop(call_soon(|| panic_any(Endless)));
        turns(3).await;
        let error = create_task(async { panic_any(Endless) }).await.unwrap_err();
        asyncio_core::exception::forget_payload(error.into_panic() as Box<dyn Any + Send>);
    });
}

#[test]
fn panic_in_a_callback_is_reported_and_the_loop_goes_on() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let handle = event_loop.handle();
    let line = line!() + 1;
    let kept = event_loop.call_soon(|| panic!("here"));
    handle.call_soon(|| panic!("from afar")).unwrap();
    event_loop.run_until_complete(turns(3)).unwrap();
    let reported = log.take();
    let texts: Vec<_> = reported.iter().map(|report| (&*report.message, &*report.panic)).collect();
    assert_eq!(texts, [("exception in callback", "here"), ("exception in callback", "from afar")]);
    assert_eq!(reported[0].spawned_at.unwrap().line(), line);
    assert!(!kept.cancel(), "it has run");
}

/// The report runs user code while the callback's cell has no other hold than its handle.
#[test]
fn handler_may_drop_the_handle_of_the_callback_that_failed() {
    let (event_loop, remains) = watched_loop();
    let slot: Rc<RefCell<Option<CallHandle>>> = Rc::default();
    let inside = Rc::clone(&slot);
    let told = Rc::new(Cell::new(0));
    let count = Rc::clone(&told);
    event_loop.set_exception_handler(Some(Rc::new(move |_| {
        count.set(count.get() + 1);
        drop(inside.take());
    })));
    for _ in 0..10 {
        *slot.borrow_mut() = Some(event_loop.call_soon(|| panic!("expected")));
        event_loop.run_until_complete(turns(2)).unwrap();
    }
    assert_eq!(told.get(), 10);
    // A block that was freed twice would now be given to two callbacks.
    let ran = Log::new();
    for number in 0..20 {
        let ran = ran.clone();
        drop(event_loop.call_soon(move || ran.push(number)));
    }
    event_loop.run_until_complete(turns(2)).unwrap();
    assert_eq!(ran.take(), (0..20).collect::<Vec<_>>());
    drop(event_loop);
    remains.assert_none();
}

#[test]
fn handler_that_panics_is_reported_by_the_default_and_the_loop_goes_on() {
    let event_loop = new_loop();
    let calls = Rc::new(Cell::new(0));
    let count = Rc::clone(&calls);
    event_loop.set_exception_handler(Some(Rc::new(move |_| {
        count.set(count.get() + 1);
        panic!("the handler itself");
    })));
    event_loop
        .run_until_complete(async {
            drop(create_task(async { panic!("one") }));
            drop(create_task(async { panic!("two") }));
            turns(3).await;
        })
        .unwrap();
    assert_eq!(calls.get(), 2);
}

#[test]
fn handler_set_during_the_run_is_used_at_once() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop
        .run_until_complete(async {
            event_loop.set_exception_handler(handler);
            drop(create_task(async { panic!("one") }));
            turns(2).await;
        })
        .unwrap();
    assert_eq!(log.take().len(), 1);
    drop(event_loop.create_task(async { panic!("two") }));
    event_loop.run_until_complete(turns(2)).unwrap();
    assert_eq!(log.take().len(), 1, "it stays for the next run");
}

#[test]
fn panic_of_the_root_is_the_panic_of_the_run() {
    let event_loop = new_loop();
    let drops = Drops::default();
    let message = panic_message(|| {
        event_loop.run_until_complete(async {
            let _probe = drops.probe();
            turns(1).await;
            panic!("the root");
        })
    });
    assert_eq!(message, "the root");
    drops.assert_all_dropped_on_their_thread();
    assert_eq!(event_loop.run_until_complete(async { 5 }), Ok(5), "the loop is as good as before");
}

/// Wakers that are not ours, one of whose functions panics.
mod foreign_waker {
    use super::*;

    /// Polls a task with `waker` and lets it end.
    fn ends_under(waker: Waker) -> usize {
        let event_loop = new_loop();
        let (log, handler) = reports();
        event_loop.set_exception_handler(handler);
        event_loop
            .run_until_complete(async {
                let mut task = create_task(turns(2));
                let mut cx = Context::from_waker(&waker);
                assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
                turns(4).await;
                task.await.unwrap();
            })
            .unwrap();
        log.take().len()
    }

    #[test]
    fn that_panics_when_woken_is_reported() {
        struct Bad;
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {
                panic!("woken");
            }
        }
        assert_eq!(ends_under(Arc::new(Bad).into()), 1);
    }

    #[test]
    fn that_panics_when_dropped_is_reported() {
        struct Bad(Cell<bool>);
        impl Drop for Bad {
            fn drop(&mut self) {
                assert!(!self.0.replace(false), "dropped");
            }
        }
        struct Holder(
            #[expect(dead_code, reason = "only its drop counts")] parking_lot::Mutex<Bad>,
        );
        impl Wake for Holder {
            fn wake(self: Arc<Self>) {}
        }
        let event_loop = new_loop();
        let (log, handler) = reports();
        event_loop.set_exception_handler(handler);
        event_loop
            .run_until_complete(async {
                let waker: Waker =
                    Arc::new(Holder(parking_lot::Mutex::new(Bad(true.into())))).into();
                let mut task = create_task(pending::<()>());
                assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
                drop(waker);
                // Replacing the awaiter drops the last of the bad ones.
                let mut cx = Context::from_waker(Waker::noop());
                assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
            })
            .unwrap();
        assert_eq!(log.take().len(), 1);
    }

    #[test]
    fn that_panics_when_cloned_leaves_the_task_as_it_was() {
        static VTABLE: RawWakerVTable =
            RawWakerVTable::new(|_| panic!("cloned"), |_| (), |_| (), |_| ());
        let raw = RawWaker::new(std::ptr::null(), &VTABLE);
        #[expect(unsafe_code, reason = "only a raw waker can panic in its clone")]
        // SAFETY: the functions do nothing with the pointer, and the one that cannot clone panics.
        let bad = unsafe { Waker::from_raw(raw) };
        run(async {
            let mut task = create_task(turns(2));
            let message =
                panic_message(|| Pin::new(&mut task).poll(&mut Context::from_waker(&bad)));
            assert_eq!(message, "cloned");
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
            panic_message(|| Pin::new(&mut task).poll(&mut Context::from_waker(&bad)));
            task.await.unwrap();
        });
    }

    /// The wake of the awaiter is the last thing that a completing task does.
    #[test]
    fn that_drops_the_handle_of_the_completing_task() {
        struct Dropper(parking_lot::Mutex<Option<Task<u32>>>);
        impl Wake for Dropper {
            fn wake(self: Arc<Self>) {
                let task = self.0.lock().take();
                drop(task);
            }
        }
        let (event_loop, remains) = watched_loop();
        event_loop
            .run_until_complete(async {
                let dropper = Arc::new(Dropper(None.into()));
                let mut task = create_task(async {
                    turns(1).await;
                    9
                });
                let waker = Waker::from(Arc::clone(&dropper));
                assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
                *dropper.0.lock() = Some(task);
                turns(3).await;
                assert!(dropper.0.lock().is_none());
            })
            .unwrap();
        drop(event_loop);
        remains.assert_none();
    }
}
