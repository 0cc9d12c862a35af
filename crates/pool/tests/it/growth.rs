//! Threads: as many as are needed, never more than the maximum, and they end when idle.

use crate::support::{block_on, hold};
use asyncio_pool::{Shutdown, ThreadPoolExecutor};
use std::cell::Cell;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

#[test]
fn no_thread_is_started_before_the_first_job() {
    assert_eq!(ThreadPoolExecutor::default().workers(), 0);
}

#[test]
fn jobs_that_wait_for_one_another_get_a_thread_each() {
    let pool = ThreadPoolExecutor::new(8);
    let barrier = Arc::new(Barrier::new(8));
    let jobs: Vec<_> = (0..8)
        .map(|_| pool.submit(|barrier: Arc<Barrier>| barrier.wait(), Arc::clone(&barrier)))
        .collect();
    for job in jobs {
        block_on(job).unwrap();
    }
    assert_eq!(pool.workers(), 8);
}

#[test]
fn there_are_never_more_threads_than_the_maximum() {
    let pool = ThreadPoolExecutor::new(2);
    let (one, two) = (hold(&pool), hold(&pool));
    let jobs: Vec<_> = (0..100).map(|n| pool.submit(|n| n, n)).collect();
    assert_eq!(pool.workers(), 2);
    assert!(jobs.iter().all(|job| !job.is_finished()));
    drop((one.go, two.go));
    for (n, job) in jobs.into_iter().enumerate() {
        assert_eq!(block_on(job).unwrap(), n);
    }
    assert_eq!(pool.workers(), 2);
}

#[test]
fn one_job_after_another_needs_one_thread() {
    let pool = ThreadPoolExecutor::new(8);
    for n in 0..100 {
        assert_eq!(block_on(pool.submit(|n| n, n)).unwrap(), n);
        // The worker may still be on its way from its last job to its seat.
        while pool.idle_workers() == 0 {
            thread::yield_now();
        }
    }
    assert_eq!(pool.workers(), 1);
}

#[test]
fn threads_are_named_by_their_seats_and_seats_are_used_again() {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(2)
        .keep_alive(Duration::ZERO)
        .thread_name("seat")
        .build();
    let (one, two) = (hold(&pool), hold(&pool));
    drop((one.go, two.go));
    let name = |()| thread::current().name().map(str::to_owned).unwrap();
    for _ in 0..100 {
        let (one, two) = (pool.submit(name, ()), pool.submit(name, ()));
        for name in [block_on(one).unwrap(), block_on(two).unwrap()] {
            assert!(name == "seat-0" || name == "seat-1", "{name}");
        }
        // All but the last leave, so the next pair needs a new one.
        while pool.workers() > 1 {
            thread::yield_now();
        }
    }
}

#[test]
fn real_idle_threads_end_after_their_keep_alive_but_for_the_last() {
    let keep_alive = Duration::from_millis(5);
    let pool = ThreadPoolExecutor::builder().max_workers(4).keep_alive(keep_alive).build();
    let held: Vec<_> = (0..4).map(|_| hold(&pool)).collect();
    assert_eq!(pool.workers(), 4);
    drop(held);
    // As long as it takes; the test runner's own limit catches a thread that never ends.
    while pool.workers() > 1 || pool.idle_workers() == 0 {
        thread::yield_now();
    }
    // The sender goes with the thread's locals, so its end is heard.
    thread_local!(static END: Cell<Option<mpsc::Sender<()>>> = const { Cell::new(None) });
    let (end, ended) = mpsc::channel();
    block_on(pool.submit(|end| END.set(Some(end)), end)).unwrap();
    assert_eq!(ended.recv_timeout(20 * keep_alive), Err(mpsc::RecvTimeoutError::Timeout));
    assert_eq!(pool.workers(), 1);
    pool.shutdown(Shutdown::Drain);
    assert_eq!(pool.workers(), 0);
}

#[test]
#[should_panic(expected = "a thread pool of no threads")]
fn a_pool_of_no_threads_is_refused() {
    drop(ThreadPoolExecutor::new(0));
}
