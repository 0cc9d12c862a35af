//! S-35: what a close ends, what it drops and where, and what outlives it.

use crate::support::{
    Drops, Log, OnDrop, is_long, new_loop, own_waker, panic_message, reports, threads, turns,
    watched_loop,
};
use asyncio_executor::policy::{Candidates, Policy};
use asyncio_executor::{EventLoop, LoopClosed, Task, create_task};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};

#[test]
fn unread_outcomes_are_dropped_at_once_though_their_handles_live() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let probe = drops.probe();
    let task = event_loop.create_task(async move { probe });
    event_loop.run_until_complete(turns(2)).unwrap();
    assert_eq!(drops.count(), 0);
    event_loop.close();
    drops.assert_all_dropped_on_their_thread();
    assert!(task.is_finished());
    assert!(!task.cancel());
    let error = new_loop().run_until_complete(task).unwrap().unwrap_err();
    assert!(error.is_loop_closed());
    assert_eq!(error.to_string(), "the task's event loop is closed");
    drop(event_loop);
    remains.assert_none();
}

#[test]
fn unfinished_tasks_and_callbacks_are_dropped_in_the_order_of_their_creation() {
    let (event_loop, remains) = watched_loop();
    let log = Log::new();
    let mut handles = Vec::new();
    for number in 0..5 {
        let log = log.clone();
        handles.push(event_loop.create_task(async move {
            let _drop = OnDrop::new(move || log.push(number));
            pending::<()>().await;
        }));
    }
    let (called, uncalled) = (
        log.clone(),
        OnDrop::new({
            let log = log.clone();
            move || log.push(100)
        }),
    );
    event_loop.run_until_complete(turns(2)).unwrap();
    drop(event_loop.call_soon(move || {
        called.push(200);
        drop(uncalled);
    }));
    event_loop.close();
    let dropped = log.take();
    assert!(dropped.contains(&100) && !dropped.contains(&200));
    assert_eq!(dropped.into_iter().filter(|n| *n < 100).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    drop((event_loop, handles));
    remains.assert_none();
}

#[test]
fn drops_during_a_close_may_spawn_wake_cancel_and_drop_handles() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let (first, second, third) = (drops.probe(), drops.probe(), drops.probe());
    let waker_of_other = Log::new();
    let kept = waker_of_other.clone();
    let other = event_loop.create_task(async move {
        let _probe = first;
        kept.push(own_waker().await);
        pending::<()>().await;
    });
    let finished = event_loop.create_task(async move { second });
    drop(event_loop.create_task(async move {
        let _clean_up = OnDrop::new(move || {
            waker_of_other.take().into_iter().for_each(Waker::wake);
            assert!(other.cancel() || other.is_finished());
            drop((other, finished));
            drop(create_task(async move {
                let _probe = third;
                pending::<()>().await;
            }));
        });
        pending::<()>().await;
    }));
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    drops.assert_all_dropped_on_their_thread();
    drop(event_loop);
    remains.assert_none();
}

/// A future whose drop creates the next one.
struct Again;

thread_local! {
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

impl Future for Again {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        DROPPED.set(DROPPED.get() + 1);
        drop(create_task(Again));
    }
}

#[test]
fn drops_that_spawn_for_ever_are_refused_in_the_end() {
    let (event_loop, remains) = watched_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    drop(event_loop.create_task(Again));
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    assert!(DROPPED.get() > 100, "a reasonable number of generations is ended");
    let reported = log.take();
    assert_eq!(reported.len(), 1, "the last one was told that the loop is closed");
    assert!(reported[0].panic.starts_with("event loop is closed"));
    drop(event_loop);
    remains.assert_none();
}

/// The second close would drop the future that is being dropped once more.
#[test]
fn close_inside_of_a_drop_of_the_close_does_nothing() {
    let event_loop = Rc::new(new_loop());
    let drops = Drops::default();
    let (inner, probe) = (Rc::clone(&event_loop), drops.probe());
    drop(event_loop.create_task(async move {
        let _close = OnDrop::new(move || {
            let _probe = probe;
            inner.close();
        });
        pending::<()>().await;
    }));
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    drops.assert_all_dropped_on_their_thread();
    assert!(event_loop.is_closed());
    event_loop.close();
}

#[test]
fn run_inside_of_a_drop_of_the_close_is_refused() {
    let event_loop = Rc::new(new_loop());
    let (inner, messages) = (Rc::clone(&event_loop), Log::new());
    let log = messages.clone();
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let waker = Log::new();
    let (kept, wake) = (waker.clone(), waker);
    drop(event_loop.create_task(async move {
        let _run = OnDrop::new(move || {
            // It is queued, so a run would poll the future that is being dropped.
            wake.take().into_iter().for_each(Waker::wake);
            log.push(panic_message(|| inner.run_until_complete(async {})));
        });
        kept.push(own_waker().await);
        loop {
            counted.set(counted.get() + 1);
            std::future::poll_fn(|_| Poll::<()>::Pending).await;
        }
    }));
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    assert_eq!(polls.get(), 1);
    let messages = messages.take();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("closed"), "{}", messages[0]);
}

/// After its value is dropped, the cell has no hold but the handle that the value itself drops.
#[test]
fn outcome_may_drop_its_own_handle_and_panic() {
    struct Own(Rc<RefCell<Option<Task<Own>>>>);
    impl Drop for Own {
        fn drop(&mut self) {
            drop(self.0.take());
            panic!("after the handle");
        }
    }
    let (event_loop, remains) = watched_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let slot = Rc::new(RefCell::new(None));
    let own = Own(Rc::clone(&slot));
    let task = event_loop.create_task(async move { own });
    let id = task.id();
    *slot.borrow_mut() = Some(task);
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    let reported = log.take();
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].task_id, Some(id));
    drop(event_loop);
    remains.assert_none();
}

/// Dropping the handle drops the outcome, which closes the loop of that very handle.
#[test]
fn outcome_may_own_the_last_reference_to_its_loop() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let (in_inner, in_outer) = (drops.probe(), drops.probe());
    let event_loop = Rc::new(event_loop);
    let inner = event_loop.create_task(async move { in_inner });
    let slot: Rc<RefCell<Option<Rc<dyn std::any::Any>>>> = Rc::default();
    let owned = Rc::clone(&slot);
    let outer = event_loop.create_task(async move { (inner, owned, in_outer) });
    event_loop.run_until_complete(turns(3)).unwrap();
    *slot.borrow_mut() = Some(event_loop);
    drop(slot);
    drop(outer);
    drops.assert_all_dropped_on_their_thread();
    remains.assert_none();
}

#[test]
fn task_awaited_in_a_drop_of_the_close_says_that_the_loop_is_closed() {
    let event_loop = new_loop();
    let log = Log::new();
    // The helper's outcome is dropped by the close before the later task is.
    let mut finished = event_loop.create_task(async { String::from("unread") });
    let seen = log.clone();
    drop(event_loop.create_task(async move {
        let _ask = OnDrop::new(move || {
            let mut cx = Context::from_waker(Waker::noop());
            let polled = Pin::new(&mut finished).poll(&mut cx);
            seen.push(polled.map(|outcome| outcome.unwrap_err().is_loop_closed()));
        });
        pending::<()>().await;
    }));
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    assert_eq!(log.take(), [Poll::Ready(true)]);
}

#[derive(Debug)]
struct Head(#[expect(dead_code, reason = "only its drop counts")] crate::support::Probe);

impl Policy for Head {
    fn pick(&mut self, _candidates: &Candidates<'_>) -> Option<usize> {
        Some(0)
    }
}

/// Neither needs to be `Send`, so neither may be dropped by whoever drops the last waker.
#[test]
fn handler_and_policy_are_dropped_by_owner_though_a_waker_outlives_the_loop() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let probe = drops.probe();
    event_loop.set_exception_handler(Some(Rc::new(move |_| {
        let _keep = &probe;
    })));
    event_loop.set_policy(Some(Box::new(Head(drops.probe()))));
    let waker = event_loop.run_until_complete(own_waker()).unwrap();
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    threads(|scope| {
        scope.spawn(move || drop(waker));
    });
    remains.assert_none();
}

#[test]
fn everything_is_refused_after_the_close() {
    let event_loop = new_loop();
    let handle = event_loop.handle();
    event_loop.close();
    assert!(event_loop.is_closed() && handle.is_closed());
    assert_eq!(handle.call_soon(|| ()), Err(LoopClosed));
    assert!(handle.create_task(|| async {}).is_err());
    assert_eq!(LoopClosed.to_string(), "event loop is closed");
    for message in [
        panic_message(|| event_loop.create_task(async {})),
        panic_message(|| event_loop.call_soon(|| ())),
        panic_message(|| event_loop.run_until_complete(async {})),
        panic_message(|| event_loop.run_forever()),
    ] {
        assert!(message.starts_with("event loop is closed"), "{message}");
    }
    assert!(event_loop.all_tasks().is_empty());
}

#[test]
fn handles_and_wakers_of_a_loop_that_is_gone_are_harmless_on_eight_threads() {
    let (event_loop, remains) = watched_loop();
    let (drops, wakers) = (Drops::default(), Log::new());
    let mut handles = Vec::new();
    for number in 0..64 {
        let (probe, wakers) = (drops.probe(), wakers.clone());
        handles.push(event_loop.create_task(async move {
            wakers.push(own_waker().await);
            if number % 2 == 0 {
                pending::<()>().await;
            }
            probe
        }));
    }
    event_loop.run_until_complete(turns(3)).unwrap();
    let mailbox = event_loop.handle();
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    let wakers = wakers.take();
    let start = Barrier::new(8);
    threads(|scope| {
        for _ in 0..8 {
            let (wakers, start) = (wakers.clone(), &start);
            let (mailbox, mine) = (mailbox.clone(), handles.split_off(handles.len() - 8));
            scope.spawn(move || {
                start.wait();
                for waker in wakers {
                    waker.wake_by_ref();
                    waker.clone().wake();
                    drop(waker);
                }
                for task in mine {
                    assert!(task.is_finished() && !task.cancel());
                    assert!(task.name().starts_with("Task-"));
                    let outcome = futures::executor::block_on(task);
                    assert!(outcome.unwrap_err().is_loop_closed());
                }
                assert_eq!(mailbox.call_soon(|| ()), Err(LoopClosed));
            });
        }
    });
    drop((wakers, mailbox));
    remains.assert_none();
}

/// Threads wake and drop without pause while the loop closes.
#[test]
fn close_races_with_wakes_and_dropped_handles_and_leaks_nothing() {
    for _ in 0..if is_long() { 2_000 } else { 100 } {
        let (event_loop, remains) = watched_loop();
        let (drops, wakers) = (Drops::default(), Log::new());
        let mut handles = Vec::new();
        for number in 0..8 {
            let (probe, wakers) = (drops.probe(), wakers.clone());
            handles.push(event_loop.create_task(async move {
                wakers.push(own_waker().await);
                if number % 2 == 0 {
                    pending::<()>().await;
                }
                probe
            }));
        }
        event_loop.run_until_complete(turns(2)).unwrap();
        let start = Barrier::new(3);
        threads(|scope| {
            let wakers = wakers.take();
            let (waking, cloned) = (wakers.clone(), &start);
            scope.spawn(move || {
                cloned.wait();
                for waker in waking {
                    waker.wake_by_ref();
                    drop(waker.clone());
                    waker.wake();
                }
            });
            let dropping = &start;
            scope.spawn(move || {
                dropping.wait();
                drop((handles, wakers));
            });
            start.wait();
            drop(event_loop);
        });
        drops.assert_all_dropped_on_their_thread();
        remains.assert_none();
    }
}

/// A foreign waker of a loop whose wake wakes a task of ours, and so on.
#[test]
fn wakes_inside_of_wakes_during_a_close_end() {
    struct Chain(parking_lot::Mutex<Option<Waker>>);
    impl std::task::Wake for Chain {
        fn wake(self: Arc<Self>) {
            let next = self.0.lock().take();
            if let Some(next) = next {
                next.wake();
            }
        }
    }
    let (event_loop, remains) = watched_loop();
    let mut last: Option<Waker> = None;
    let mut tasks = Vec::new();
    event_loop
        .run_until_complete(async {
            for _ in 0..100 {
                let mut task = create_task(pending::<()>());
                let waker = Waker::from(Arc::new(Chain(last.take().into())));
                assert!(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
                last = Some(waker);
                tasks.push(task);
            }
        })
        .unwrap();
    event_loop.close();
    assert!(tasks.iter().all(Task::is_finished));
    drop((event_loop, tasks, last));
    remains.assert_none();
}

#[test]
fn a_hundred_thousand_tasks_are_closed() {
    let count = if is_long() { 1_000_000 } else { 110_000 };
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    for number in 0..count {
        let probe = drops.probe();
        drop(event_loop.create_task(async move {
            let _probe = probe;
            if number % 3 != 0 {
                pending::<()>().await;
            }
        }));
    }
    event_loop.run_until_complete(turns(1)).unwrap();
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    assert_eq!(drops.count(), count);
    remains.assert_none();
}

#[test]
fn post_that_never_ran_is_dropped_and_its_remote_task_told() {
    let event_loop = new_loop();
    let handle = event_loop.handle();
    let drops = Drops::default();
    let probe = drops.probe();
    handle.call_soon(move || drop(probe)).unwrap();
    let remote = handle.create_task(|| async {}).unwrap();
    event_loop.close();
    drops.assert_all_dropped_on_their_thread();
    assert!(remote.wait().unwrap_err().is_loop_closed());
}

#[test]
fn loop_dropped_without_a_close_closes() {
    let drops = Drops::default();
    let event_loop: EventLoop<_> = new_loop();
    let probe = drops.probe();
    let task = event_loop.create_task(async move {
        let _probe = probe;
        pending::<()>().await;
    });
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    assert!(task.is_finished());
}

#[test]
fn futures_of_tasks_and_callbacks_are_dropped_in_the_order_of_their_creation() {
    let event_loop = new_loop();
    // Slots that were used before are given out in another order.
    for _ in 0..3 {
        drop(event_loop.call_soon(|| ()));
    }
    event_loop.run_until_complete(turns(3)).unwrap();
    let log = Log::new();
    for number in 0..6 {
        let noted = log.clone();
        let drop_notes = OnDrop::new(move || noted.push(number));
        if number % 2 == 0 {
            drop(event_loop.call_soon(move || drop(drop_notes)));
        } else {
            drop(event_loop.create_task(async move {
                let _kept = drop_notes;
                pending::<()>().await;
            }));
        }
    }
    event_loop.close();
    assert_eq!(log.take(), [0, 1, 2, 3, 4, 5]);
}

/// Creates two tasks like its own when it is dropped.
struct Doubles(Rc<Cell<u64>>);

impl Drop for Doubles {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        for _ in 0..2 {
            let next = Self(Rc::clone(&self.0));
            drop(create_task(async move {
                let _kept = next;
                pending::<()>().await;
            }));
        }
    }
}

#[test]
fn drops_that_spawn_two_tasks_each_end_in_bounded_work() {
    let event_loop = new_loop();
    event_loop.set_exception_handler(Some(Rc::new(|_| ())));
    let drops = Rc::new(Cell::new(0));
    let first = Doubles(Rc::clone(&drops));
    drop(event_loop.create_task(async move {
        let _kept = first;
        pending::<()>().await;
    }));
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    assert!((1_000..3_000).contains(&drops.get()), "{} drops", drops.get());
}
