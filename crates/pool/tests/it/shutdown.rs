//! The end of a pool: drained, cancelled, at once, by a deadline, or by losing its last handle.

use crate::support::{block_on, hold};
use asyncio_pool::{Shutdown, ThreadPoolExecutor};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

#[test]
fn drain_runs_what_waits_and_ends_the_threads() {
    let pool = ThreadPoolExecutor::new(2);
    let jobs: Vec<_> = (0..100).map(|n| pool.submit(|n| n, n)).collect();
    pool.shutdown(Shutdown::Drain);
    assert_eq!(pool.workers(), 0);
    for (n, job) in jobs.into_iter().enumerate() {
        assert!(job.is_finished());
        assert_eq!(block_on(job).unwrap(), n);
    }
}

#[test]
fn a_drain_waits_for_the_locals_of_its_threads() {
    struct Slow(ThreadPoolExecutor, Arc<AtomicBool>);
    impl Drop for Slow {
        fn drop(&mut self) {
            // The worker has left, and whoever drains the pool has been told so.
            while self.0.workers() > 0 {
                thread::yield_now();
            }
            (0..1000).for_each(|_| thread::yield_now());
            self.1.store(true, SeqCst);
        }
    }
    thread_local!(static LOCAL: Cell<Option<Slow>> = const { Cell::new(None) });
    let (pool, gone) = (ThreadPoolExecutor::new(1), Arc::new(AtomicBool::new(false)));
    let local = Slow(pool.clone(), Arc::clone(&gone));
    block_on(pool.submit(|local| LOCAL.set(Some(local)), local)).unwrap();
    pool.shutdown(Shutdown::Drain);
    assert!(gone.load(SeqCst));
}

#[test]
fn cancel_pending_resolves_what_waits_and_finishes_what_runs() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let waiting = pool.submit(|()| (), ());
    let (go, job) = (held.go, held.job);
    thread::scope(|scope| {
        thread::Builder::new()
            .spawn_scoped(scope, || {
                let error = block_on(waiting).unwrap_err();
                assert!(error.is_shut_down() && error.is_cancelled(), "{error}");
                drop(go);
            })
            .unwrap();
        pool.shutdown(Shutdown::CancelPending);
    });
    assert_eq!(block_on(job).unwrap(), "held");
}

#[test]
fn now_waits_for_nobody_and_the_running_job_still_answers() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let waiting = pool.submit(|()| (), ());
    pool.shutdown(Shutdown::Now);
    assert!(block_on(waiting).unwrap_err().is_shut_down());
    drop(held.go);
    assert_eq!(block_on(held.job).unwrap(), "held");
}

#[test]
fn a_job_that_comes_too_late_is_refused_by_its_future() {
    let pool = ThreadPoolExecutor::new(1);
    pool.shutdown(Shutdown::Drain);
    let error = block_on(pool.submit(|()| (), ())).unwrap_err();
    assert!(error.is_shut_down());
    assert!(error.job_name().contains("a_job_that_comes_too_late"), "{error}");
    assert_eq!(pool.workers(), 0);
}

#[test]
fn the_deadline_names_what_still_runs_and_cancels_what_still_waits() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let waiting = pool.submit(|()| (), ());
    let left = pool.shutdown_within(Duration::ZERO);
    let [job] = left.as_slice() else { panic!("{left:?}") };
    assert!(job.job_name().ends_with("support::held_job"));
    assert!(job.to_string().contains("has been running for"), "{job}");
    assert!(block_on(waiting).unwrap_err().is_shut_down());
    assert_eq!(pool.workers(), 1);
    drop(held.go);
    assert!(pool.shutdown_within(Duration::MAX).is_empty(), "a second look finds nothing");
    assert_eq!(pool.workers(), 0);
}

#[test]
fn what_waits_is_run_while_the_deadline_is_not_over() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let waiting = pool.submit(|()| "ran", ());
    thread::scope(|scope| {
        let end =
            thread::Builder::new().spawn_scoped(scope, || pool.shutdown_within(Duration::MAX));
        while !pool.is_shut_down() {
            thread::yield_now();
        }
        drop(held.go);
        assert!(end.unwrap().join().unwrap().is_empty());
    });
    assert_eq!(block_on(waiting).unwrap(), "ran");
}

#[test]
fn an_end_with_a_deadline_waits_for_workers_that_are_on_their_way() {
    for _ in 0..50 {
        let pool = ThreadPoolExecutor::new(1);
        // Its thread has hardly been started when the pool ends.
        let job = pool.submit(|()| "ran", ());
        assert!(pool.shutdown_within(Duration::MAX).is_empty());
        assert_eq!((block_on(job).unwrap(), pool.workers()), ("ran", 0));
    }
}

#[test]
fn real_the_grace_is_waited_out_and_the_age_of_the_job_is_told() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let grace = Duration::from_millis(20);
    let left = pool.shutdown_within(grace);
    assert!(left[0].running_for() >= grace, "{left:?}");
    drop(held.go);
}

#[test]
fn a_drain_can_be_turned_into_a_cancel() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let waiting = pool.submit(|()| (), ());
    thread::scope(|scope| {
        let drain =
            thread::Builder::new().spawn_scoped(scope, || pool.shutdown(Shutdown::Drain)).unwrap();
        while !pool.is_shut_down() {
            thread::yield_now();
        }
        pool.shutdown(Shutdown::Now);
        assert!(block_on(waiting).unwrap_err().is_shut_down());
        drop(held.go);
        drain.join().unwrap();
    });
}

#[test]
fn the_last_handle_lets_queued_jobs_run_and_then_ends_the_threads() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let jobs: Vec<_> = (0..10).map(|n| pool.submit(|n| n, n)).collect();
    // The sender goes when the thread's locals do, which is after its last job.
    thread_local!(static END: std::cell::RefCell<Option<mpsc::Sender<()>>> = const { std::cell::RefCell::new(None) });
    let (end, ended) = mpsc::channel();
    let marked = pool.submit(|end| END.set(Some(end)), end);
    drop(pool);
    drop(held.go);
    for (n, job) in jobs.into_iter().enumerate() {
        assert_eq!(block_on(job).unwrap(), n);
    }
    block_on(marked).unwrap();
    assert_eq!(ended.recv(), Err(mpsc::RecvError), "the thread has ended");
}

#[test]
fn an_idle_thread_ends_with_the_last_handle() {
    thread_local!(static END: std::cell::RefCell<Option<mpsc::Sender<()>>> = const { std::cell::RefCell::new(None) });
    let pool = ThreadPoolExecutor::new(1);
    let (end, ended) = mpsc::channel();
    block_on(pool.submit(|end| END.set(Some(end)), end)).unwrap();
    drop(pool.clone());
    assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty), "a clone is not the last");
    drop(pool);
    assert_eq!(ended.recv(), Err(mpsc::RecvError));
}

#[test]
fn a_job_that_waits_for_its_own_pool_is_told_so() {
    let pool = ThreadPoolExecutor::new(1);
    let own = pool.clone();
    let error = block_on(pool.submit(move |()| own.shutdown(Shutdown::Drain), ())).unwrap_err();
    assert!(error.panic_message().unwrap().contains("its own thread pool"), "{error}");
}

#[test]
fn a_job_may_wait_for_the_end_of_another_pool() {
    let (pool, other) = (ThreadPoolExecutor::new(1), ThreadPoolExecutor::new(1));
    let job = other.submit(|()| "ran", ());
    let ended = pool.submit(|other: ThreadPoolExecutor| other.shutdown(Shutdown::Drain), other);
    block_on(ended).unwrap();
    assert!(job.is_finished());
}

#[test]
fn a_job_may_hold_the_last_handle_of_its_pool() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let job = pool.submit(drop, pool.clone());
    drop(pool);
    drop(held.go);
    block_on(job).unwrap();
}
