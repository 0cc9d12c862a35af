//! Jobs of the process pool among tasks, on several loops, and in a simulation.

use crate::process_pool::{fib, fresh_file, gone, pool, spin_visibly, started};
use asyncio::testing::Simulation;
use asyncio::{
    EventLoop, Executor, JobError, ProcessPoolExecutor, Shutdown, ThreadPoolExecutor, create_task,
    gather, running_loop, timeout, try_gather,
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

#[asyncio::test]
async fn the_same_call_serves_threads_and_processes() -> Result<(), JobError> {
    let event_loop = running_loop();
    let processes = ProcessPoolExecutor::new().unwrap();
    let threads = ThreadPoolExecutor::new(2);
    assert_eq!(event_loop.run_in_executor(&processes, fib, 20).await?, 6765);
    assert_eq!(event_loop.run_in_executor(&threads, fib, 20).await?, 6765);
    assert_eq!(event_loop.run_in_executor(&processes, |x| x + 1.5, 2.0).await?, 3.5);
    assert_eq!(event_loop.run_in_executor(&threads, |x| x + 1.5, 2.0).await?, 3.5);
    assert_eq!(event_loop.run_in_executor(&processes, |(a, b)| a * b, (6, 7)).await?, 42);
    assert_eq!(event_loop.run_in_executor(&threads, |(a, b)| a * b, (6, 7)).await?, 42);
    assert_eq!(event_loop.run_in_executor(&processes, |()| 1, ()).await?, 1);
    assert_eq!(event_loop.run_in_executor(&threads, |()| 1, ()).await?, 1);

    // Code that does not care which of them it is given.
    async fn count<E: Executor<fn(u64) -> u64, u64, u64>>(executor: &E) -> Result<u64, JobError> {
        executor.submit(fib, 20).await
    }
    assert_eq!(count(&threads).await?, 6765);
    Ok(())
}

#[asyncio::test]
async fn jobs_are_futures_like_any_other() {
    let pool = pool(2);
    let in_task = create_task(pool.run(fib, 15));
    let (a, b) = gather((pool.run(fib, 10), pool.run(|n: u32| n * 2, 4))).await;
    assert_eq!((a.unwrap(), b.unwrap()), (55, 8));
    let both = try_gather((pool.run(fib, 3), pool.run(|()| -> u64 { panic!("one") }, ()))).await;
    assert!(both.unwrap_err().is_panicked());
    assert_eq!(timeout(Duration::from_secs(60), pool.run(fib, 12)).await.unwrap().unwrap(), 144);
    assert_eq!(in_task.await.unwrap().unwrap(), 610);
}

/// S-46.
#[asyncio::test]
async fn real_a_timeout_around_a_job_kills_it_and_the_pool_heals() {
    let pool = pool(1);
    let file = fresh_file("a_timeout_around_a_job");
    let job = pool.submit(spin_visibly, file.clone());
    let process = started(&file).await;
    assert!(timeout(Duration::from_millis(30), job).await.is_err());
    gone(process).await;
    assert_eq!(pool.run(fib, 20).await.unwrap(), 6765);
}

/// S-46.
#[asyncio::test]
async fn cancelling_a_task_that_awaits_a_job_kills_the_job() {
    let pool = pool(1);
    let file = fresh_file("cancelling_a_task");
    let task = create_task(pool.run(spin_visibly, file.clone()));
    let process = started(&file).await;
    assert!(task.cancel());
    assert!(task.await.unwrap_err().is_cancelled());
    gone(process).await;
    assert_eq!(pool.run(fib, 20).await.unwrap(), 6765);
}

/// S-46.
#[asyncio::test]
async fn a_job_whose_future_is_dropped_before_it_starts_never_runs() {
    let pool = pool(1);
    let (file, second) = (fresh_file("dropped_first"), fresh_file("dropped_second"));
    let running = pool.submit(spin_visibly, file.clone());
    started(&file).await;
    drop(pool.submit(spin_visibly, second.clone()));
    drop(running);
    assert_eq!(pool.run(fib, 20).await.unwrap(), 6765);
    assert!(!second.exists());
}

/// S-46.
#[asyncio::test]
async fn a_detached_job_runs_on_without_its_future() {
    let pool = pool(1);
    let file = fresh_file("a_detached_job");
    let write = |file: PathBuf| fs::write(file, std::process::id().to_string()).unwrap();
    drop(pool.job(write).detached().submit(file.clone()));
    assert_ne!(started(&file).await, std::process::id());
}

/// S-52.
#[test]
fn two_loops_on_two_threads_share_a_pool() {
    let pool = pool(2);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                scope.spawn(move || {
                    asyncio::run(async {
                        let jobs = (0..100).map(|n| pool.run(|n: u64| n * n, n));
                        try_gather(jobs).await.unwrap().into_iter().sum::<u64>()
                    })
                })
            })
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), (0..100).map(|n| n * n).sum());
        }
    });
}

#[test]
fn a_job_is_submitted_on_one_loop_and_awaited_on_another() {
    let pool = pool(1);
    let submitted = Cell::new(None);
    asyncio::run(async { submitted.set(Some(pool.submit(fib, 20))) });
    let job = submitted.take().unwrap();
    // The loop that it was submitted on is closed by now.
    assert_eq!(asyncio::run(job).unwrap(), 6765);
}

/// S-52.
#[test]
fn a_pool_outlives_the_loops_that_used_it() {
    let pool = pool(1);
    for n in 0..10 {
        let event_loop = EventLoop::new().unwrap();
        let first = event_loop.run_until_complete(pool.run(fib, n)).unwrap();
        assert_eq!(first.unwrap(), fib(n));
        event_loop.close();
        assert_eq!(pool.run_blocking(fib, n).unwrap(), fib(n));
    }
    assert_eq!(pool.started_workers(), 1);
}

/// Values that serde says otherwise than they are: what crosses in a simulation has been written and read.
#[derive(Serialize, Deserialize)]
struct Noted {
    kept: u32,
    #[serde(skip)]
    lost: u32,
}

/// S-43.
#[test]
fn in_a_simulation_jobs_run_here_in_no_time_and_are_serialized_all_the_same() {
    for seed in 0..10 {
        let outcome = Simulation::new(seed).run(async || {
            let pool = pool(2);
            let here = pool.run(|()| std::process::id(), ()).await.unwrap();
            assert_eq!(here, std::process::id());
            let noted = Noted { kept: 1, lost: 2 };
            let noted = pool.run(|noted: Noted| Noted { lost: 9, ..noted }, noted).await.unwrap();
            assert_eq!((noted.kept, noted.lost), (1, 0));
            let start = running_loop().time();
            let jobs = (0..10).map(|n| running_loop().run_in_executor(&pool, fib, n));
            assert_eq!(try_gather(jobs).await.unwrap(), [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]);
            assert_eq!(running_loop().time(), start);
            let panicked = pool.run(|()| -> () { panic!("simulated") }, ()).await.unwrap_err();
            assert_eq!(panicked.panic_message(), Some("simulated"));
            let squares = pool.map(|n: u64| n * n, 0..5).map(Result::unwrap);
            assert_eq!(squares.collect::<Vec<_>>().await, [0, 1, 4, 9, 16]);
            assert_eq!(pool.started_workers(), 0);
            pool.shutdown(Shutdown::Drain).await;
            assert!(pool.run(fib, 1).await.unwrap_err().is_cancelled());
        });
        assert!(outcome.is_ok(), "seed {seed}: {}", outcome.unwrap_err());
    }
}

/// S-53.
#[asyncio::test]
async fn the_last_handle_of_a_pool_takes_its_processes_along() {
    let pool = pool(1);
    let other = pool.clone();
    let file = fresh_file("the_last_handle");
    let job = pool.submit(spin_visibly, file.clone());
    let process = started(&file).await;
    drop(pool);
    assert_eq!(other.worker_ids(), [process]);
    drop(other);
    assert!(job.await.unwrap_err().is_shut_down());
    gone(process).await;
}
