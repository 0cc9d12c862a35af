//! The life of a task's memory: the future is dropped once, on the owner thread, before its handle resolves; the
//! outcome is handed over or dropped, never both; nothing is left. Memcheck runs this module.

use crate::support::{Drops, Log, OnDrop, own_waker, run, threads, turns, until, watched_loop};
use asyncio_core::TaskId;
use asyncio_executor::{Task, TaskState, all_tasks, create_task, current_task};
use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::panic::Location;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};

#[test]
fn future_is_dropped_before_its_handle_resolves() {
    run(async {
        let log = Log::new();
        let (mine, task_log) = (log.clone(), log.clone());
        let task = create_task(async move {
            let _dropped = OnDrop::new(move || task_log.push("future dropped"));
            turns(1).await;
        });
        task.await.unwrap();
        mine.push("handle resolved");
        assert_eq!(log.take(), ["future dropped", "handle resolved"]);
    });
}

/// The product of all ways for a task to end and all ways for its handle to go.
#[test]
fn exhaustive_future_and_outcome_are_dropped_once_whatever_happens() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum End {
        AtOnce,
        Later,
        Panic,
        Cancelled,
        Never,
    }
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Handle {
        Awaited,
        DroppedBefore,
        DroppedAfter,
        Outlives,
    }
    let ends = [End::AtOnce, End::Later, End::Panic, End::Cancelled, End::Never];
    let handles = [Handle::Awaited, Handle::DroppedBefore, Handle::DroppedAfter, Handle::Outlives];
    for (end, handle) in ends.iter().flat_map(|end| handles.iter().map(move |h| (*end, *h))) {
        if (end, handle) == (End::Never, Handle::Awaited) {
            continue;
        }
        let (futures, outcomes, wakers) = (Drops::default(), Drops::default(), Log::new());
        let (event_loop, remains) = watched_loop();
        let (in_future, in_outcome) = (futures.probe(), outcomes.probe());
        let kept = wakers.clone();
        let task = event_loop.create_task(async move {
            let _in_future = in_future;
            kept.push(own_waker().await);
            match end {
                End::AtOnce => {}
                End::Later | End::Panic => turns(2).await,
                End::Cancelled | End::Never => pending().await,
            }
            assert!(end != End::Panic, "as it was asked to");
            in_outcome
        });
        let outliving = event_loop
            .run_until_complete(async {
                let mut task = Some(task);
                if end == End::Cancelled {
                    turns(1).await;
                    task.as_ref().unwrap().cancel();
                }
                if handle == Handle::DroppedBefore {
                    drop(task.take());
                }
                if handle == Handle::Awaited {
                    let outcome = task.take().unwrap().await;
                    assert_eq!(outcome.is_ok(), matches!(end, End::AtOnce | End::Later));
                    assert_eq!(futures.count(), 1, "{end:?} {handle:?}");
                }
                turns(4).await;
                if handle == Handle::DroppedAfter {
                    drop(task.take());
                }
                task
            })
            .unwrap();
        drop(event_loop);
        futures.assert_all_dropped_on_their_thread();
        outcomes.assert_all_dropped_on_their_thread();
        assert!(!remains.are_none(), "a waker is still there");
        drop(wakers.take());
        drop(outliving);
        remains.assert_none();
    }
}

#[test]
fn names_numbers_places_and_states_are_told() {
    run(async {
        let here = Location::caller().file();
        let main = current_task().unwrap();
        let named = Task::builder().name("reader").spawn(pending::<()>());
        let unnamed = create_task(async { current_task().unwrap() });
        assert_eq!(named.name(), "reader");
        assert_eq!(unnamed.name(), format!("Task-{}", unnamed.id()));
        assert_eq!(unnamed.id(), TaskId::from_u64(3));
        let states: Vec<_> = all_tasks().iter().map(|task| task.state()).collect();
        assert_eq!(states, [TaskState::Running, TaskState::Ready, TaskState::Ready]);
        let seen = unnamed.await.unwrap();
        assert_eq!(seen.parent(), Some(main.id()));
        assert!(seen.spawned_at().file().ends_with("cell.rs"), "{here}");
        let all = all_tasks();
        assert_eq!(all.len(), 2, "the finished one is not listed");
        assert_eq!(all[1].state(), TaskState::Waiting);
        named.cancel();
        assert!(named.await.unwrap_err().is_cancelled());
    });
}

/// The owner counts below zero, because it drops what was counted on another thread.
#[test]
fn wakers_cloned_remotely_and_dropped_by_owner_leave_nothing() {
    for clones in [1, 3] {
        let (event_loop, remains) = watched_loop();
        let (send, receive) = mpsc::channel::<Waker>();
        let (send_back, back) = mpsc::channel::<Vec<Waker>>();
        threads(|scope| {
            scope.spawn(move || {
                for waker in receive {
                    let mut wakers = vec![waker.clone(); clones];
                    wakers.push(waker);
                    send_back.send(wakers).unwrap();
                }
            });
            event_loop
                .run_until_complete(async move {
                    for _ in 0..100 {
                        let (send, received) = (send.clone(), Rc::new(RefCell::new(None)));
                        let clone = Rc::clone(&received);
                        let task = create_task(async move {
                            send.send(own_waker().await).unwrap();
                            // They go while the task still runs.
                            until(|| clone.borrow().is_some()).await;
                            drop(clone.take());
                        });
                        turns(1).await;
                        *received.borrow_mut() = Some(back.recv().unwrap());
                        task.await.unwrap();
                    }
                })
                .unwrap();
        });
        drop(event_loop);
        remains.assert_none();
    }
}

#[test]
fn wakers_dropped_remotely_send_their_cells_owner_and_their_blocks_are_used_again() {
    let (event_loop, remains) = watched_loop();
    let (send, receive) = mpsc::sync_channel::<Waker>(16);
    threads(|scope| {
        scope.spawn(move || receive.into_iter().for_each(drop));
        event_loop
            .run_until_complete(async move {
                for _ in 0..2_000 {
                    let send = send.clone();
                    create_task(async move { send.send(own_waker().await).unwrap() })
                        .await
                        .unwrap();
                }
            })
            .unwrap();
    });
    drop(event_loop);
    remains.assert_none();
}

/// Cells over a kilobyte are not pooled: their memory must be given back by whoever is last.
#[test]
fn large_and_aligned_cells_that_outlive_their_loop_are_given_back() {
    #[repr(align(64))]
    struct Aligned([u8; 64]);
    let (event_loop, remains) = watched_loop();
    let wakers = Log::new();
    let (large, aligned) = (wakers.clone(), wakers.clone());
    let first = event_loop.create_task(async move {
        let bytes = [7_u8; 4096];
        large.push(own_waker().await);
        turns(1).await;
        bytes
    });
    let second = event_loop.create_task(async move {
        let value = Aligned([9; 64]);
        aligned.push(own_waker().await);
        turns(1).await;
        assert_eq!(std::ptr::from_ref(&value).addr() % 64, 0);
        value.0
    });
    let (first, second) =
        event_loop.run_until_complete(async { (first.await, second.await) }).unwrap();
    assert_eq!((first.unwrap()[4095], second.unwrap()[63]), (7, 9));
    drop(event_loop);
    let wakers = wakers.take();
    let remote = wakers[1].clone();
    threads(|scope| {
        scope.spawn(move || drop(remote));
    });
    drop(wakers);
    remains.assert_none();
}

#[test]
fn waker_kept_past_the_end_does_nothing() {
    run(async {
        let wakers = Log::new();
        let (kept, polls) = (wakers.clone(), Log::new());
        let counted = polls.clone();
        let task = create_task(poll_fn(move |cx| {
            counted.push(());
            kept.push(cx.waker().clone());
            // A wake that comes during the last poll is no reason for another.
            cx.waker().wake_by_ref();
            Poll::Ready(())
        }));
        task.await.unwrap();
        for waker in wakers.take() {
            waker.wake_by_ref();
            waker.clone().wake();
            turns(1).await;
        }
        assert_eq!(polls.take().len(), 1);
    });
}

#[test]
fn future_that_owns_its_own_handle_ends_all_the_same() {
    let drops = Drops::default();
    let (event_loop, remains) = watched_loop();
    let slot: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let (inside, probe) = (Rc::clone(&slot), drops.probe());
    *slot.borrow_mut() = Some(event_loop.create_task(async move {
        let _probe = probe;
        turns(1).await;
        drop(inside.take());
        turns(1).await;
    }));
    event_loop.run_until_complete(turns(4)).unwrap();
    drops.assert_all_dropped_on_their_thread();
    drop(event_loop);
    remains.assert_none();
}

#[test]
fn outcome_of_each_size_and_alignment_is_handed_over_whole() {
    #[repr(align(128))]
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Wide(u128);
    run(async {
        assert_eq!(create_task(async { Wide(5) }).await.unwrap(), Wide(5));
        assert_eq!(create_task(async { [3_u64; 500] }).await.unwrap(), [3; 500]);
        create_task(async {}).await.unwrap();
        let text = create_task(async { String::from("owned") }).await.unwrap();
        assert_eq!(text, "owned");
    });
}

#[test]
fn root_may_borrow_and_is_gone_when_the_run_ends() {
    let event_loop = crate::support::new_loop();
    let drops = Drops::default();
    let mut text = String::from("a");
    let stopped = event_loop.run_until_complete(async {
        let _probe = drops.probe();
        text.push('b');
        event_loop.stop();
        pending::<()>().await;
    });
    assert_eq!(stopped, Err(asyncio_executor::Stopped));
    drops.assert_all_dropped_on_their_thread();
    assert_eq!(text, "ab");
}
