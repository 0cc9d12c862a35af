//! S-20 to S-25: cancelling at every point of a task's life.

use crate::support::{Drops, Log, OnDrop, run, turns};
use asyncio_core::promise;
use asyncio_executor::{Task, all_tasks, create_task};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

#[test]
fn before_the_first_poll_the_body_never_runs() {
    run(async {
        let (drops, ran) = (Drops::default(), Rc::new(Cell::new(false)));
        let (probe, flag) = (drops.probe(), Rc::clone(&ran));
        let task = create_task(async move {
            let _probe = probe;
            flag.set(true);
        });
        assert!(task.cancel());
        assert!(!task.is_finished(), "a request is not the end");
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(!ran.get());
        drops.assert_all_dropped_on_their_thread();
    });
}

#[test]
fn while_waiting_the_future_is_dropped_without_another_poll() {
    run(async {
        let (drops, polls) = (Drops::default(), Rc::new(Cell::new(0)));
        let (probe, counted) = (drops.probe(), Rc::clone(&polls));
        let task = create_task(async move {
            let _probe = probe;
            poll_fn(|_| {
                counted.set(counted.get() + 1);
                Poll::<()>::Pending
            })
            .await;
        });
        turns(1).await;
        assert!(task.cancel());
        assert_eq!(drops.count(), 0, "nothing is dropped inside of `cancel`");
        let error = task.await.unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.to_string(), "task was cancelled");
        assert_eq!(polls.get(), 1);
        drops.assert_all_dropped_on_their_thread();
    });
}

#[test]
fn of_a_finished_task_changes_nothing() {
    run(async {
        let task = create_task(async { 3 });
        turns(1).await;
        assert!(task.is_finished());
        assert!(!task.cancel());
        assert_eq!(task.await.unwrap(), 3);
    });
}

#[test]
fn of_itself_takes_effect_at_the_next_pending_await() {
    run(async {
        let slot: Rc<RefCell<Option<Task<()>>>> = Rc::default();
        let (me, log) = (Rc::clone(&slot), Log::new());
        let mine = log.clone();
        *slot.borrow_mut() = Some(create_task(async move {
            assert!(me.borrow().as_ref().unwrap().cancel());
            mine.push("goes on");
            turns(1).await;
            mine.push("never");
        }));
        turns(2).await;
        assert_eq!(log.take(), ["goes on"]);
        let task = slot.take().unwrap();
        assert!(task.is_finished());
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn of_itself_in_the_last_poll_loses_to_the_value() {
    run(async {
        let slot: Rc<RefCell<Option<Task<u32>>>> = Rc::default();
        let me = Rc::clone(&slot);
        *slot.borrow_mut() = Some(create_task(async move {
            assert!(me.borrow().as_ref().unwrap().cancel());
            5
        }));
        turns(2).await;
        let task = slot.take().unwrap();
        assert_eq!(task.await.unwrap(), 5);
    });
}

#[test]
fn twice_is_as_once() {
    run(async {
        let drops = Drops::default();
        let probe = drops.probe();
        let task = create_task(async move {
            let _probe = probe;
            pending::<()>().await;
        });
        turns(1).await;
        assert!(task.cancel());
        assert!(task.cancel(), "not ended yet");
        turns(1).await;
        assert!(!task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        drops.assert_all_dropped_on_their_thread();
    });
}

/// S-23: the outcome is a value iff the task had ended before the request.
#[test]
fn race_of_cancel_and_end_follows_the_order_of_the_log() {
    #[derive(Debug, PartialEq, Clone, Copy)]
    enum Event {
        Ended,
        Cancelled,
    }
    for turns_of_task in 0..5 {
        for turns_of_cancel in 0..5 {
            for created_first in [true, false] {
                run(async {
                    let log = Log::new();
                    let slot: Rc<RefCell<Option<Task<()>>>> = Rc::default();
                    let (ending, cancelling) = (log.clone(), log.clone());
                    let body = async move {
                        turns(turns_of_task).await;
                        ending.push(Event::Ended);
                    };
                    let victim = Rc::clone(&slot);
                    let canceller = async move {
                        turns(turns_of_cancel).await;
                        let asked = victim.borrow().as_ref().unwrap().cancel();
                        cancelling.push(Event::Cancelled);
                        asked
                    };
                    let canceller = if created_first {
                        *slot.borrow_mut() = Some(create_task(body));
                        create_task(canceller)
                    } else {
                        let canceller = create_task(canceller);
                        *slot.borrow_mut() = Some(create_task(body));
                        canceller
                    };
                    let asked = canceller.await.unwrap();
                    let task = slot.take().unwrap();
                    let outcome = task.await;
                    let events = log.take();
                    assert_eq!(outcome.is_ok(), events[0] == Event::Ended, "{events:?}");
                    assert_eq!(asked, outcome.is_err());
                });
            }
        }
    }
}

#[test]
fn promise_that_is_resolved_for_a_cancelled_task_gives_its_value_back() {
    run(async {
        let (promise, resolver) = promise();
        let task = create_task(promise);
        turns(1).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(resolver.is_abandoned());
        assert_eq!(resolver.resolve(4), Err(4));
    });
}

#[test]
fn all_others_are_cancelled_and_the_running_one_is_not() {
    let event_loop = crate::support::new_loop();
    event_loop
        .run_until_complete(async {
            let tasks: Vec<_> = (0..5).map(|_| create_task(pending::<()>())).collect();
            turns(1).await;
            assert_eq!(event_loop.cancel_other_tasks().len(), 5);
            for task in tasks {
                assert!(task.await.unwrap_err().is_cancelled());
            }
            assert_eq!(all_tasks().len(), 1);
        })
        .unwrap();
}

#[test]
fn task_that_was_looked_at_is_cancelled_by_its_number_and_no_other() {
    run(async {
        let first = create_task(async {});
        let looked_at = all_tasks().pop().unwrap();
        first.await.unwrap();
        // The place of the first is used again; its number is not.
        let second = create_task(turns(2));
        assert!(!looked_at.cancel());
        second.await.unwrap();
        let third = create_task(pending::<()>());
        assert!(all_tasks().pop().unwrap().cancel());
        assert!(third.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn callback_that_was_cancelled_is_dropped_and_not_called() {
    let event_loop = crate::support::new_loop();
    let (drops, log) = (Drops::default(), Log::new());
    let (probe, called) = (drops.probe(), log.clone());
    let handle = event_loop.call_soon(move || {
        let _probe = probe;
        called.push(());
    });
    assert!(handle.cancel());
    event_loop.run_until_complete(turns(2)).unwrap();
    assert!(!handle.cancel());
    assert!(log.take().is_empty());
    drops.assert_all_dropped_on_their_thread();
}

/// The drop of a cancelled future may cancel, wake and spawn.
#[test]
fn clean_up_of_one_task_may_cancel_another() {
    run(async {
        let other = create_task(pending::<()>());
        let spawned = Rc::new(Cell::new(false));
        let flag = Rc::clone(&spawned);
        let task = create_task(async move {
            let _clean_up = OnDrop::new(move || {
                other.cancel();
                drop(other);
                drop(create_task(async move { flag.set(true) }));
            });
            pending::<()>().await;
        });
        turns(1).await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        turns(1).await;
        assert!(spawned.get());
        assert_eq!(all_tasks().len(), 1);
    });
}

#[test]
fn a_callback_is_cancelled_once() {
    let event_loop = crate::support::new_loop();
    let call = event_loop.call_soon(|| ());
    assert!(call.cancel());
    assert!(!call.cancel(), "it was cancelled before");
    event_loop.run_until_complete(turns(2)).unwrap();
    assert!(!call.cancel());
}

#[test]
fn who_waits_for_all_others_goes_on_when_the_last_has_ended() {
    let event_loop = crate::support::new_loop();
    event_loop
        .run_until_complete(async {
            let tasks: Vec<_> = (0..50).map(|_| create_task(pending::<()>())).collect();
            turns(1).await;
            let mut ended = event_loop.cancel_other_tasks();
            assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut ended).poll(cx))).await.is_pending());
            ended.await;
            assert!(tasks.iter().all(Task::is_finished));
            // Nobody is left to wait for.
            event_loop.cancel_other_tasks().await;
        })
        .unwrap();
}

/// Its drop creates a task, which is neither asked nor waited for.
#[test]
fn tasks_created_by_the_drops_of_cancelled_ones_are_not_waited_for() {
    let event_loop = crate::support::new_loop();
    event_loop
        .run_until_complete(async {
            let drop_spawns = OnDrop::new(|| drop(create_task(pending::<()>())));
            drop(create_task(async move {
                let _kept = drop_spawns;
                pending::<()>().await;
            }));
            turns(1).await;
            event_loop.cancel_other_tasks().await;
            assert_eq!(all_tasks().len(), 2, "this one and the new one");
        })
        .unwrap();
}
