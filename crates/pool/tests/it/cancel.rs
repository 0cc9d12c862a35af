//! Dropping a job's future: before it started, while it runs, after it ended.

use crate::support::{Bomb, Drops, block_on, hold};
use asyncio_pool::{Shutdown, ThreadPoolExecutor};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;

#[test]
fn a_queued_job_whose_future_is_dropped_never_runs_and_its_arguments_go_at_once() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let (ran, drops) = (Arc::new(AtomicBool::new(false)), Drops::default());
    let mark = Arc::clone(&ran);
    let job = pool.submit(move |_probe| mark.store(true, SeqCst), drops.probe());
    drop(job);
    assert_eq!(drops.count(), 1, "dropped here and not when a thread gets to it");
    let after = pool.submit(|()| (), ());
    drop(held.go);
    block_on(after).unwrap();
    assert!(!ran.load(SeqCst));
}

#[test]
fn a_running_job_whose_future_is_dropped_ends_and_its_result_goes_on_its_thread() {
    struct Tell(mpsc::Sender<thread::ThreadId>);
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().id());
        }
    }
    let pool = ThreadPoolExecutor::new(1);
    let (tell, told) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let job = pool.submit(
        move |tell| {
            started.send(thread::current().id()).unwrap();
            let _ = gate.recv();
            Tell(tell)
        },
        tell,
    );
    let worker = running.recv().unwrap();
    drop(job);
    drop(go);
    assert_eq!(told.recv(), Ok(worker));
}

#[test]
fn a_result_that_panics_in_its_drop_costs_no_worker() {
    let pool = ThreadPoolExecutor::new(1);
    let drops = Drops::default();
    let (go, gate) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let job = pool.submit(
        move |drops| {
            started.send(()).unwrap();
            let _ = gate.recv();
            Bomb(drops)
        },
        drops.clone(),
    );
    running.recv().unwrap();
    drop(job);
    drop(go);
    assert_eq!(block_on(pool.submit(|()| "alive", ())).unwrap(), "alive");
    assert_eq!((drops.count(), pool.workers()), (1, 1));
}

#[test]
fn an_argument_that_panics_in_its_drop_does_not_keep_shutdown_from_cancelling_the_others() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let drops = Drops::default();
    let jobs: Vec<_> = (0..3).map(|_| pool.submit(drop, Bomb(drops.clone()))).collect();
    pool.shutdown(Shutdown::Now);
    assert_eq!(drops.count(), 3);
    for job in jobs {
        assert!(block_on(job).unwrap_err().is_shut_down());
    }
    drop(held.go);
}

#[test]
fn jobs_taken_back_do_not_pile_up_in_the_queue() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    for _ in 0..50_000 {
        drop(pool.submit(|()| (), ()));
    }
    let waiting = pool.waiting_jobs();
    assert!(waiting <= 1024, "{waiting}");
    drop(held.go);
}

#[test]
fn a_job_raced_by_the_drop_of_its_future_runs_once_or_never() {
    let pool = ThreadPoolExecutor::new(2);
    let drops = Drops::default();
    for _ in 0..20_000 {
        drop(pool.submit(drop, drops.probe()));
    }
    pool.shutdown(Shutdown::Drain);
    assert_eq!(drops.count(), 20_000);
}
