//! S-32 and S-37: programmer's mistakes end in a panic with advice, not in a hang and not in undefined behaviour.

use crate::support::{Drops, new_loop, own_waker, panic_message, run, threads, turns};
use asyncio_executor::{Task, all_tasks, call_soon, create_task, current_task};
use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

#[test]
fn run_inside_a_run_is_refused_on_this_loop_and_on_another() {
    let event_loop = new_loop();
    event_loop
        .run_until_complete(async {
            let message = panic_message(|| event_loop.run_until_complete(async {}));
            assert!(message.starts_with("cannot run an event loop while another"), "{message}");
            let other = new_loop();
            let message = panic_message(|| other.run_until_complete(async {}));
            assert!(message.contains("`.await` the future instead"), "{message}");
            panic_message(|| other.run_forever());
        })
        .unwrap();
    assert_eq!(event_loop.run_until_complete(async { 1 }), Ok(1), "no harm was done");
}

#[test]
fn close_of_a_running_loop_is_refused() {
    let event_loop = new_loop();
    event_loop
        .run_until_complete(async {
            assert!(event_loop.is_running());
            let message = panic_message(|| event_loop.close());
            assert!(message.contains("cannot close a running event loop"), "{message}");
        })
        .unwrap();
    assert!(!event_loop.is_running() && !event_loop.is_closed());
}

#[test]
fn task_of_another_loop_is_not_awaited() {
    let (a, b) = (new_loop(), new_loop());
    let mut task = a.create_task(async { 4 });
    let message = panic_message(|| b.run_until_complete(&mut task));
    assert!(message.contains("attached to a different loop"), "{message}");
    assert_eq!(a.run_until_complete(task).unwrap().unwrap(), 4);
}

#[test]
fn task_is_not_used_on_another_thread() {
    let event_loop = new_loop();
    let mut task = event_loop.create_task(pending::<()>());
    threads(|scope| {
        scope.spawn(|| {
            for message in [
                panic_message(|| task.is_finished()),
                panic_message(|| task.name()),
                panic_message(|| {
                    Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop())).is_ready()
                }),
            ] {
                assert!(message.contains("attached to a different loop"), "{message}");
            }
            assert_eq!(task.id().as_u64(), 1, "the number is for everybody");
        });
    });
    assert!(task.cancel());
}

#[test]
fn task_is_cancelled_from_another_thread_by_its_own_loop() {
    let event_loop = new_loop();
    let drops = Drops::default();
    let probe = drops.probe();
    let task = event_loop.create_task(async move {
        let _probe = probe;
        pending::<()>().await;
    });
    event_loop.run_until_complete(turns(1)).unwrap();
    threads(|scope| {
        scope.spawn(|| assert!(task.cancel() && task.cancel(), "it is sent, twice, too"));
    });
    assert_eq!(drops.count(), 0, "not on that thread");
    assert!(event_loop.run_until_complete(task).unwrap().unwrap_err().is_cancelled());
    drops.assert_all_dropped_on_their_thread();
    let late = event_loop.create_task(pending::<()>());
    event_loop.close();
    threads(|scope| {
        scope.spawn(|| assert!(!late.cancel(), "a closed loop has ended it"));
    });
}

#[test]
fn callback_is_not_cancelled_on_another_thread() {
    let event_loop = new_loop();
    let call = event_loop.call_soon(|| ());
    threads(|scope| {
        scope.spawn(|| assert!(panic_message(|| call.cancel()).contains("a different loop")));
    });
    event_loop.close();
    threads(|scope| {
        scope.spawn(|| assert!(!call.cancel(), "a closed loop has cancelled it"));
    });
}

/// Numbers and places count from the start on each loop, so another loop has a task with the same.
#[test]
fn task_that_was_looked_at_is_not_cancelled_on_another_loop() {
    let (a, b) = (new_loop(), new_loop());
    let on_a = a.create_task(pending::<()>());
    let seen = a.all_tasks().pop().unwrap();
    let on_b = b.create_task(turns(2));
    assert_eq!(on_a.id(), on_b.id());
    let message = b
        .run_until_complete(async {
            let message = panic_message(|| seen.cancel());
            on_b.await.unwrap();
            message
        })
        .unwrap();
    assert!(message.contains("attached to a different loop"), "{message}");
    a.run_until_complete(async {
        assert!(seen.cancel());
        assert!(on_a.await.unwrap_err().is_cancelled());
    })
    .unwrap();
}

async fn awaits_itself(first_by_somebody_else: bool) {
    let slot: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let own = Rc::clone(&slot);
    let mut task = create_task(async move {
        turns(3).await;
        let me = own.take().unwrap();
        drop(me.await);
    });
    if first_by_somebody_else {
        let waker = own_waker().await;
        assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    *slot.borrow_mut() = Some(task);
    turns(6).await;
    assert_eq!(all_tasks().len(), 1, "it panicked instead of waiting for ever");
}

#[test]
fn task_that_awaits_itself_panics() {
    run(awaits_itself(false));
}

#[test]
fn task_that_awaits_itself_after_somebody_else_did_panics() {
    run(awaits_itself(true));
}

#[test]
fn task_polled_after_its_outcome_was_taken_panics() {
    run(async {
        let mut task = create_task(async { 1 });
        assert_eq!((&mut task).await.unwrap(), 1);
        let mut cx = Context::from_waker(Waker::noop());
        let message = panic_message(|| Pin::new(&mut task).poll(&mut cx).is_ready());
        assert!(message.contains("after its outcome was taken"), "{message}");
        assert!(task.is_finished() && !task.cancel());
    });
}

#[test]
fn outside_of_a_run_there_is_no_current_loop() {
    let event_loop = new_loop();
    for message in [
        panic_message(|| create_task(async {})),
        panic_message(|| Task::builder().spawn(async {})),
        panic_message(|| call_soon(|| ())),
        panic_message(all_tasks),
    ] {
        assert!(message.starts_with("no running event loop"), "{message}");
    }
    assert!(current_task().is_none());
    drop(event_loop);
}

#[test]
fn between_two_runs_the_own_thread_is_by_the_owner() {
    let event_loop = new_loop();
    let task = event_loop.create_task(pending::<()>());
    let other = Task::name(&task);
    assert_eq!(other, "Task-1");
    event_loop.run_until_complete(turns(1)).unwrap();
    assert!(!task.is_finished());
    assert!(task.cancel());
    assert!(!task.is_finished());
    event_loop.run_until_complete(turns(1)).unwrap();
    assert!(task.is_finished());
    let waker = event_loop.run_until_complete(own_waker()).unwrap();
    waker.wake_by_ref();
    drop(waker.clone());
    drop(waker);
    assert!(event_loop.run_until_complete(task).unwrap().unwrap_err().is_cancelled());
}

#[test]
fn task_of_one_loop_is_woken_while_another_runs_on_the_thread() {
    let (a, b) = (new_loop(), new_loop());
    let (promise, resolver) = asyncio_core::promise();
    let task = a.create_task(promise);
    a.run_until_complete(turns(2)).unwrap();
    b.run_until_complete(async { resolver.resolve(3).unwrap() }).unwrap();
    assert_eq!(a.run_until_complete(task).unwrap().unwrap(), Ok(3));
}

#[test]
fn remote_task_is_not_waited_for_on_its_own_loop() {
    let event_loop = new_loop();
    let handle = event_loop.handle();
    event_loop
        .run_until_complete(async {
            let remote = handle.create_task(|| async {}).unwrap();
            let message = panic_message(|| remote.wait());
            assert!(message.contains("would block the event loop"), "{message}");
            let remote = handle.create_task(|| async { 8 }).unwrap();
            assert_eq!(remote.await.unwrap(), 8, "awaiting it is fine");
        })
        .unwrap();
}

/// A callback that is made outside of a run is polled there and then, and must not lose its future meanwhile.
#[test]
fn a_loop_is_neither_closed_nor_run_inside_of_a_callback_that_is_being_made() {
    let event_loop = Rc::new(new_loop());
    event_loop.set_exception_handler(Some(Rc::new(|_| ())));
    let drops = Drops::default();
    let (inner, probe, seen) =
        (Rc::clone(&event_loop), drops.probe(), Rc::new(RefCell::new(vec![])));
    let noted = Rc::clone(&seen);
    drop(event_loop.call_when(async move {
        let probe = probe;
        own_waker().await.wake();
        let refused = [
            panic_message(|| inner.close()),
            panic_message(|| inner.try_turn()),
            panic_message(|| inner.run_until_complete(async {})),
        ];
        noted.borrow_mut().extend(refused);
        drop(probe);
    }));
    assert_eq!(drops.count(), 1);
    let refused = seen.take();
    assert!(refused[0].contains("cannot close a running event loop"), "{refused:?}");
    assert!(
        refused[1..].iter().all(|text| text.contains("one of its own callbacks")),
        "{refused:?}"
    );
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
}

#[test]
fn the_handler_of_a_callback_that_panics_while_it_is_made_cannot_close_the_loop() {
    let event_loop = Rc::new(new_loop());
    let (inner, seen) = (Rc::downgrade(&event_loop), Rc::new(RefCell::new(vec![])));
    let noted = Rc::clone(&seen);
    event_loop.set_exception_handler(Some(Rc::new(move |_| {
        let event_loop = inner.upgrade().unwrap();
        noted.borrow_mut().push(panic_message(|| event_loop.close()));
    })));
    drop(event_loop.call_when(async { panic!("at the first poll") }));
    assert_eq!(seen.take().len(), 1);
    event_loop.run_until_complete(turns(2)).unwrap();
}

#[test]
fn a_turn_that_is_refused_stops_nothing() {
    let (event_loop, other) = (new_loop(), new_loop());
    event_loop
        .run_until_complete(async {
            assert!(panic_message(|| event_loop.try_turn()).contains("another one is running"));
            assert!(panic_message(|| other.try_turn()).contains("another one is running"));
            turns(3).await;
        })
        .unwrap();
    assert_eq!(other.run_until_complete(async { turns(3).await }), Ok(()));
}
