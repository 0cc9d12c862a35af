//! Who drives a pool: loops, threads that block, other executors, and several of them at once.

#![expect(clippy::async_yields_async, reason = "jobs outlive their loops here")]

use crate::support::{Meeting, Record, block_on, note, pool_of, square, visit};
use asyncio_pool::ProcessPoolExecutor;
use asyncio_reactor::Reactor;
use futures::FutureExt;
use futures::future::join_all;
use std::thread;

fn on_a_loop<T>(future: impl Future<Output = T>) -> T {
    asyncio_reactor::block_on(future).unwrap()
}

fn elsewhere<T: Send>(call: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(call).join().unwrap())
}

async fn use_it(pool: &ProcessPoolExecutor) {
    for (n, result) in (0..).zip(join_all((0..50).map(|n| pool.run(square, n))).await) {
        assert_eq!(result.unwrap(), n * n);
    }
}

#[test]
fn a_pool_is_used_by_one_loop_after_the_other_and_by_other_executors() {
    let pool = pool_of(2);
    for _ in 0..3 {
        on_a_loop(use_it(&pool));
        block_on(use_it(&pool));
        assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
        thread::scope(|scope| {
            scope.spawn(|| on_a_loop(use_it(&pool)));
        });
    }
    assert_eq!(pool.started_workers(), 2);
}

#[test]
fn a_pool_is_used_by_all_kinds_of_drivers_at_once() {
    let pool = pool_of(2);
    thread::scope(|scope| {
        for n in 0..9 {
            let pool = &pool;
            scope.spawn(move || match n % 3 {
                0 => on_a_loop(use_it(pool)),
                1 => block_on(use_it(pool)),
                _ => (0..50).for_each(|n| assert_eq!(pool.run_blocking(square, n).unwrap(), n * n)),
            });
        }
    });
}

#[test]
fn drivers_that_come_and_go_lose_no_job() {
    let pool = pool_of(2);
    for n in 0..60_u64 {
        let meeting = Meeting::new();
        let (early, held, short) = on_a_loop(async {
            let mut held = pool.submit(visit, meeting.place.clone());
            let mut short = pool.submit(square, n);
            assert!((&mut held).now_or_never().is_none());
            ((&mut short).now_or_never(), held, short)
        });
        let visitor = meeting.wait();
        let process = visitor.process;
        drop(visitor);
        let rest = async {
            let short = if let Some(short) = early { short } else { short.await };
            (held.await.unwrap(), short.unwrap())
        };
        let results = match n % 3 {
            0 => on_a_loop(rest),
            1 => block_on(rest),
            _ => elsewhere(|| on_a_loop(rest)),
        };
        assert_eq!(results, (process, n * n));
    }
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn a_job_begun_on_one_loop_is_awaited_on_another_or_on_none() {
    for closes in [false, true] {
        let pool = pool_of(1);
        let meeting = Meeting::new();
        for n in 0..3 {
            let first = Reactor::new().unwrap();
            let mut job = first.block_on(async {
                let mut job = pool.submit(visit, meeting.place.clone());
                assert!((&mut job).now_or_never().is_none());
                job
            });
            // Open or not, it does not run any more.
            if closes {
                first.close();
            }
            let visitor = meeting.wait();
            let process = visitor.process;
            assert!((&mut job).now_or_never().is_none());
            drop(visitor);
            let result = match n {
                0 => on_a_loop(job),
                1 => block_on(job),
                _ => elsewhere(move || block_on(job)),
            };
            assert_eq!(result.unwrap(), process);
        }
    }
}

#[test]
fn a_job_begun_on_a_loop_that_stands_still_is_driven_by_the_one_that_awaits_it() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let first = Reactor::new().unwrap();
    let job = first.block_on(async { pool.submit(visit, meeting.place.clone()) });
    let visitor = meeting.wait();
    let process = visitor.process;
    drop(visitor);
    assert_eq!(on_a_loop(job).unwrap(), process);
    first.close();
}

#[test]
fn what_was_submitted_on_a_loop_runs_though_the_loop_ends_and_nobody_asks() {
    let pool = pool_of(1);
    let (meeting, record) = (Meeting::new(), Record::new());
    let jobs = on_a_loop(async {
        let first = pool.submit(visit, meeting.place.clone());
        let noted: Vec<_> = (0..5).map(|n| pool.submit(note, (record.path(), n))).collect();
        let last = pool.submit(visit, meeting.place.clone());
        (first, noted, last)
    });
    drop(meeting.wait());
    // Nobody polls anything, and the last one comes.
    drop(meeting.wait());
    assert_eq!(record.notes(), [0, 1, 2, 3, 4]);
    drop(jobs);
}

#[test]
fn what_was_submitted_by_a_thread_that_ended_runs_though_nobody_asks() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let jobs = thread::scope(|scope| {
        let submits = || [(); 3].map(|()| pool.submit(visit, meeting.place.clone()));
        scope.spawn(submits).join().unwrap()
    });
    (0..3).for_each(|_| drop(meeting.wait()));
    drop(jobs);
}

#[test]
fn what_was_given_to_a_queue_with_room_runs_though_nobody_asks() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let jobs = [(); 3].map(|()| pool.try_run(visit, meeting.place.clone()).unwrap());
    (0..3).for_each(|_| drop(meeting.wait()));
    drop(jobs);
}

#[test]
fn a_pool_can_be_dropped_and_ended_on_any_thread_or_loop() {
    for n in 0..6 {
        let pool = pool_of(1);
        let job = on_a_loop(async {
            use_it(&pool).await;
            pool.submit(square, 3)
        });
        match n % 3 {
            0 => on_a_loop(async { drop(pool) }),
            1 => elsewhere(move || drop(pool)),
            _ => drop(pool),
        }
        assert!(block_on(job).map_or_else(|error| error.is_shut_down(), |value| value == 9));
    }
}
