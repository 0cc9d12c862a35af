//! S-3: tasks that start inside their creator: the creator's poll goes on as if nothing had happened.

use crate::support::{Drops, Log, OnDrop, own_waker, run, turns, watched_loop};
use asyncio_executor::{Task, TaskState, all_tasks, call_soon, create_task, current_task};
use std::future::{Future, pending, poll_fn};
use std::panic::resume_unwind;
use std::task::Poll;

fn eager<F: Future + 'static>(future: F) -> Task<F::Output> {
    Task::builder().eager_start(true).spawn(future)
}

#[test]
fn runs_to_its_first_wait_before_spawn_returns_and_then_in_its_turn() {
    run(async {
        let log = Log::new();
        let inner = log.clone();
        let task = eager(async move {
            inner.push("begun");
            turns(1).await;
            inner.push("ended");
        });
        log.push("spawned");
        let later = log.clone();
        drop(call_soon(move || later.push("callback")));
        task.await.unwrap();
        assert_eq!(log.take(), ["begun", "spawned", "ended", "callback"]);
    });
}

#[test]
fn each_is_current_during_its_own_part() {
    run(async {
        let outer = current_task().unwrap().id();
        let task = eager(async {
            let me = current_task().unwrap();
            let inner = eager(async { current_task().unwrap() }).await.unwrap();
            assert_eq!(inner.parent(), Some(me.id()));
            assert_eq!(current_task().unwrap().id(), me.id());
            me
        });
        assert_eq!(current_task().unwrap().id(), outer);
        let seen = task.await.unwrap();
        assert_eq!(seen.parent(), Some(outer));
        assert_eq!(seen.state(), TaskState::Running);
    });
}

#[test]
fn every_way_to_end_leaves_nothing() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let waker = event_loop.run_until_complete(async {
        let (a, b, c, d, e) =
            (drops.probe(), drops.probe(), drops.probe(), drops.probe(), drops.probe());
        assert!(eager(async { a }).await.is_ok());
        drop(eager(async { b }));
        let failed = eager(async move {
            let _c = c;
            resume_unwind(Box::new("at once"));
        });
        assert!(failed.is_finished());
        assert!(failed.await.unwrap_err().is_panic());
        let cancelled = eager(async move {
            let _d = d;
            // A wake during the nested poll queues it again.
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })
            .await;
        });
        assert!(cancelled.cancel());
        assert!(cancelled.await.unwrap_err().is_cancelled());
        let slot = Log::new();
        let kept = slot.clone();
        drop(eager(async move {
            let _e = e;
            kept.push(own_waker().await);
            pending::<()>().await;
        }));
        assert_eq!(all_tasks().len(), 2);
        slot.take()
    });
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    drop(waker);
    remains.assert_none();
}

#[test]
fn what_the_creator_waits_for_is_not_what_the_new_task_does() {
    run(async {
        let creator = create_task(async {
            let mut spawned = false;
            poll_fn(move |_| {
                if !std::mem::replace(&mut spawned, true) {
                    drop(eager(pending::<()>()));
                    drop(eager(turns(1)));
                }
                Poll::<()>::Pending
            })
            .await;
        });
        turns(2).await;
        let seen = all_tasks().into_iter().find(|task| task.id() == creator.id()).unwrap();
        assert_eq!(seen.state(), TaskState::Waiting);
        assert_eq!(seen.waiting_for(), None, "the note of the nested poll is not its own");
    });
}

#[test]
fn started_by_a_drop_of_the_close_is_ended_by_the_close() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let probe = drops.probe();
    drop(event_loop.create_task(async move {
        let _spawn = OnDrop::new(move || {
            drop(eager(async move {
                let _probe = probe;
                turns(1).await;
            }));
        });
        pending::<()>().await;
    }));
    event_loop.run_until_complete(turns(2)).unwrap();
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    remains.assert_none();
}
