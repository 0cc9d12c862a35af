//! Long chains and large crowds: no recursion, no quadratic cost, nothing left.

use crate::support::{Drops, is_long, threads, turns, watched_loop};
use asyncio_executor::{Task, create_task};
use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;

fn length() -> usize {
    if is_long() { 1_000_000 } else { 200_000 }
}

/// An outcome that owns the handle of the next finished task.
struct Link {
    _next: Option<Task<Link>>,
    _probe: crate::support::Probe,
}

fn chain(
    drops: &Drops,
    event_loop: &asyncio_executor::EventLoop<impl asyncio_core::park::Park>,
) -> Task<Link> {
    let mut next = None;
    for _ in 0..length() {
        let link = Link { _next: next.take(), _probe: drops.probe() };
        next = Some(event_loop.create_task(async move { link }));
    }
    next.unwrap()
}

#[test]
fn of_finished_tasks_whose_outcomes_own_the_next_handle_is_dropped_without_recursion() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let head = chain(&drops, &event_loop);
    event_loop.run_until_complete(turns(2)).unwrap();
    assert_eq!(drops.count(), 0);
    event_loop.run_until_complete(async { drop(head) }).unwrap();
    assert_eq!(drops.count(), length());
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    remains.assert_none();
}

#[test]
fn of_finished_tasks_is_closed_without_recursion() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let head = chain(&drops, &event_loop);
    event_loop.run_until_complete(turns(2)).unwrap();
    event_loop.close();
    drops.assert_all_dropped_on_their_thread();
    drop((head, event_loop));
    remains.assert_none();
}

/// The handle of the first is dropped on another thread; its entry brings the whole chain down on the owner thread.
#[test]
fn of_finished_tasks_dropped_remotely_comes_down_by_the_owner() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let head = chain(&drops, &event_loop);
    event_loop.run_until_complete(turns(2)).unwrap();
    threads(|scope| {
        scope.spawn(move || drop(head));
    });
    assert_eq!(drops.count(), 0);
    event_loop.run_until_complete(turns(2)).unwrap();
    drops.assert_all_dropped_on_their_thread();
    assert_eq!(drops.count(), length());
    drop(event_loop);
    remains.assert_none();
}

/// Each task awaits the one before; the end of the first ends them all, a turn at a time.
#[test]
fn of_waiting_tasks_ends_from_its_first_to_its_last() {
    let (event_loop, remains) = watched_loop();
    let sum = event_loop
        .run_until_complete(async {
            let (promise, resolver) = asyncio_core::promise();
            let mut last = create_task(async { promise.await.unwrap() });
            for _ in 0..length() / 10 {
                let before = last;
                last = create_task(async move { before.await.unwrap() + 1 });
            }
            turns(1).await;
            resolver.resolve(0).unwrap();
            last.await.unwrap()
        })
        .unwrap();
    assert_eq!(sum, length() / 10);
    drop(event_loop);
    remains.assert_none();
}

/// Each waiting task owns the handle of the one before, and the last one's is dropped.
#[test]
fn of_waiting_tasks_is_closed_without_recursion() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    let mut last = event_loop.create_task(pending::<()>());
    for _ in 0..length() {
        let (before, probe) = (last, drops.probe());
        last = event_loop.create_task(async move {
            let _probe = probe;
            before.await.unwrap();
        });
    }
    drop(last);
    event_loop.run_until_complete(turns(1)).unwrap();
    drop(event_loop);
    drops.assert_all_dropped_on_their_thread();
    remains.assert_none();
}

#[test]
fn a_crowd_of_tasks_is_alive_at_once() {
    let (event_loop, remains) = watched_loop();
    let count = length();
    let total = Rc::new(RefCell::new(0_u64));
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let total = Rc::clone(&total);
            event_loop.create_task(async move {
                turns(1).await;
                *total.borrow_mut() += number as u64;
                number
            })
        })
        .collect();
    assert_eq!(event_loop.all_tasks().len(), count);
    let in_order = event_loop
        .run_until_complete(async {
            for (number, task) in tasks.into_iter().enumerate() {
                if task.await.unwrap() != number {
                    return false;
                }
            }
            true
        })
        .unwrap();
    assert!(in_order);
    assert_eq!(*total.borrow(), (count as u64 - 1) * count as u64 / 2);
    drop(event_loop);
    remains.assert_none();
}
