//! S-1 to S-6, what runs when: first in, first out, a turn at a time.

use crate::support::{Log, own_waker, run, threads, turns, until, watched_loop};
use asyncio_core::yield_now;
use asyncio_executor::{call_soon, create_task};
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Starts tasks that wait to be woken and log their polls; gives their wakers.
async fn sleepers(log: &Log<usize>, count: usize) -> Vec<Waker> {
    let wakers = Log::new();
    for number in 0..count {
        let (log, wakers, mut first) = (log.clone(), wakers.clone(), true);
        drop(create_task(poll_fn(move |cx| {
            if std::mem::take(&mut first) {
                wakers.push(cx.waker().clone());
            } else {
                log.push(number);
            }
            Poll::<()>::Pending
        })));
    }
    turns(1).await;
    wakers.take()
}

#[test]
fn tasks_and_callbacks_start_in_the_order_of_their_creation() {
    run(async {
        let log = Log::new();
        for number in 0..6 {
            let log = log.clone();
            if number % 2 == 0 {
                drop(create_task(async move { log.push(number) }));
            } else {
                drop(call_soon(move || log.push(number)));
            }
        }
        assert_eq!(log.take(), [], "nothing runs inline");
        turns(1).await;
        assert_eq!(log.take(), [0, 1, 2, 3, 4, 5]);
        turns(1).await;
        assert_eq!(log.take(), [], "each exactly once");
    });
}

#[test]
fn woken_tasks_run_in_the_order_of_their_wakes() {
    run(async {
        let log = Log::new();
        let wakers = sleepers(&log, 4).await;
        for index in [2, 0, 3, 2, 1, 0] {
            wakers[index].wake_by_ref();
        }
        turns(1).await;
        assert_eq!(log.take(), [2, 0, 3, 1]);
    });
}

#[test]
fn many_wakes_between_two_polls_are_one_poll() {
    run(async {
        let log = Log::new();
        let wakers = sleepers(&log, 1).await;
        for _ in 0..1_000 {
            wakers[0].wake_by_ref();
            wakers[0].clone().wake();
        }
        turns(3).await;
        assert_eq!(log.take(), [0]);
    });
}

#[test]
fn wake_during_the_own_poll_queues_at_the_tail() {
    run(async {
        let log = Log::new();
        for number in 0..3 {
            let log = log.clone();
            drop(create_task(async move {
                for round in 0..3 {
                    log.push((round, number));
                    poll_once_with_wakes(5).await;
                }
            }));
        }
        turns(5).await;
        let in_rounds = (0..3).flat_map(|round| (0..3).map(move |number| (round, number)));
        assert_eq!(log.take(), in_rounds.collect::<Vec<_>>());
    });
}

/// Pends once, after waking the own task several times.
async fn poll_once_with_wakes(wakes: usize) {
    let mut pended = false;
    poll_fn(|cx| {
        if pended {
            return Poll::Ready(());
        }
        pended = true;
        (0..wakes).for_each(|_| cx.waker().wake_by_ref());
        Poll::Pending
    })
    .await;
}

#[test]
fn what_a_turn_makes_ready_runs_in_the_next() {
    let event_loop = crate::support::new_loop();
    let log = Log::new();
    let outer = log.clone();
    drop(event_loop.call_soon(move || {
        outer.push("first");
        let inner = outer.clone();
        drop(call_soon(move || {
            inner.push("third");
            let last = inner.clone();
            drop(call_soon(move || last.push("never")));
        }));
    }));
    let second = log.clone();
    drop(event_loop.call_soon(move || second.push("second")));
    event_loop.run_until_complete(turns(1)).unwrap();
    assert_eq!(log.take(), ["first", "second", "third"]);
}

#[test]
fn awaiter_goes_on_one_turn_after_the_end() {
    run(async {
        let turn = Rc::new(Cell::new(0));
        let counter = Rc::clone(&turn);
        drop(create_task(async move {
            loop {
                counter.set(counter.get() + 1);
                yield_now().await;
            }
        }));
        let seen = Rc::clone(&turn);
        let task = create_task(async move { seen.get() });
        let ended = task.await.unwrap();
        assert_eq!(turn.get(), ended + 1);
    });
}

#[test]
fn idle_loop_polls_nobody() {
    let (event_loop, _) = watched_loop();
    let handle = event_loop.handle();
    let log = Log::new();
    let polls = log.clone();
    drop(event_loop.create_task(poll_fn(move |_| {
        polls.push(());
        Poll::<()>::Pending
    })));
    threads(|scope| {
        let (promise, resolver) = asyncio_core::promise();
        scope.spawn(move || {
            for _ in 0..100 {
                handle.call_soon(|| ()).unwrap();
            }
            resolver.resolve(()).unwrap();
        });
        event_loop.run_until_complete(promise).unwrap().unwrap();
    });
    assert_eq!(log.take().len(), 1, "only the first poll, which its creation brought");
}

#[test]
fn spinning_task_does_not_keep_other_threads_out() {
    let event_loop = crate::support::new_loop();
    let handle = event_loop.handle();
    let (mut arrived, resolver) = asyncio_core::promise();
    threads(|scope| {
        scope.spawn(move || handle.call_soon(move || resolver.resolve(7).unwrap()).unwrap());
        let value = event_loop.run_until_complete(async {
            until(|| arrived.is_resolved()).await;
            (&mut arrived).await
        });
        assert_eq!(value, Ok(Ok(7)));
    });
}

#[test]
fn polls_of_one_task_never_nest() {
    run(async {
        let inside = Rc::new(Cell::new(false));
        let (entered, waker_slot) = (Rc::clone(&inside), Rc::new(Cell::new(None::<Waker>)));
        let wake_me = Rc::clone(&waker_slot);
        let mut left = 20;
        let task = create_task(poll_fn(move |cx| {
            assert!(!entered.replace(true), "polled while being polled");
            wake_me.set(Some(cx.waker().clone()));
            cx.waker().wake_by_ref();
            left -= 1;
            entered.set(false);
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        }));
        let other = create_task(async move {
            for _ in 0..20 {
                if let Some(waker) = waker_slot.take() {
                    waker.wake();
                }
                yield_now().await;
            }
        });
        task.await.unwrap();
        other.await.unwrap();
        drop(own_waker().await);
    });
}
