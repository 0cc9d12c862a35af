//! Processes that are replaced: after so many jobs, with so much memory, after so long with nothing to do.

use crate::support::{
    Meeting, block_on, descriptors, may_visit, pool_of, process_id, square, stop, visit,
    wait_for_end_of, warm_up,
};
use asyncio_pool::{ProcessPoolExecutor, Shutdown};
use std::time::Duration;

#[test]
fn a_process_is_replaced_after_so_many_jobs() {
    let builder = ProcessPoolExecutor::builder().workers(1).max_tasks_per_child(3);
    let pool = builder.build().unwrap();
    let ids: Vec<_> = (0..9).map(|_| pool.run_blocking(process_id, ()).unwrap()).collect();
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(*id, ids[n / 3 * 3], "{ids:?}");
        assert!(n < 3 || *id != ids[n - 3], "{ids:?}");
    }
}

#[test]
fn replacement_costs_no_job_however_many_are_on_their_way() {
    let builder = ProcessPoolExecutor::builder().workers(2).max_tasks_per_child(7);
    let pool = builder.build().unwrap();
    let before = descriptors();
    let jobs: Vec<_> = (0..1_000).map(|n| pool.submit(square, n)).collect();
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(block_on(job).unwrap(), n * n);
    }
    assert!(pool.started_workers() >= 1_000 / 7, "{}", pool.started_workers());
    assert!(descriptors() < before + 40);
}

#[test]
fn a_process_for_one_job_each_runs_one_job_each() {
    let builder = ProcessPoolExecutor::builder().workers(2).max_tasks_per_child(1);
    let pool = builder.build().unwrap();
    let jobs: Vec<_> = (0..50).map(|_| pool.submit(process_id, ())).collect();
    let mut ids: Vec<_> = jobs.into_iter().map(|job| block_on(job).unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

#[test]
fn a_process_that_leaks_is_replaced_and_one_that_does_not_is_kept() {
    fn leak(bytes: usize) -> u32 {
        std::hint::black_box(Box::leak(vec![1_u8; bytes].into_boxed_slice()));
        std::process::id()
    }
    let builder = ProcessPoolExecutor::builder().workers(1).max_memory_per_child(96 << 20);
    let pool = builder.build().unwrap();
    let first = pool.run_blocking(leak, 1 << 20).unwrap();
    assert_eq!(pool.run_blocking(leak, 128 << 20).unwrap(), first);
    let second = pool.run_blocking(leak, 1 << 20).unwrap();
    assert_ne!(second, first);
    assert_eq!(pool.run_blocking(leak, 1 << 20).unwrap(), second);
}

#[test]
fn what_was_sent_ahead_to_a_process_that_is_replaced_goes_to_another() {
    fn leak_and_visit(place: String) -> u32 {
        std::hint::black_box(Box::leak(vec![1_u8; 128 << 20].into_boxed_slice()));
        visit(place)
    }
    let builder = ProcessPoolExecutor::builder().workers(1).max_memory_per_child(96 << 20);
    let pool = builder.build().unwrap();
    let meeting = Meeting::new();
    asyncio_reactor::block_on(async {
        // On a busy machine a job may be taken for long, and then nothing is sent ahead.
        let mut is_ahead = false;
        while !is_ahead {
            warm_up(&pool);
            let leaks = pool.submit(leak_and_visit, meeting.place.clone());
            let visitor = meeting.wait();
            let held = pool.submit(may_visit, meeting.place.clone());
            let behind = [3, 4].map(|n| pool.submit(square, n));
            is_ahead = pool.waiting_jobs() == 0;
            if !is_ahead {
                continue;
            }
            drop(visitor);
            // The loop looks after this has started.
            let visitor = meeting.wait();
            for (n, job) in (3..).zip(behind) {
                assert_eq!(job.await.unwrap(), n * n);
            }
            drop(visitor);
            assert_eq!(leaks.await.unwrap(), held.await.unwrap());
            pool.shutdown(Shutdown::Drain).await;
        }
    })
    .unwrap();
}

#[test]
fn real_processes_that_never_had_a_job_end_like_any_other() {
    let builder = ProcessPoolExecutor::builder().workers(2).prestart(true);
    let pool = builder.idle_timeout(Duration::from_millis(200)).build().unwrap();
    pool.worker_ids().into_iter().for_each(wait_for_end_of);
}

#[test]
fn real_a_process_with_nothing_to_do_ends_though_nobody_waits_for_the_pool() {
    let builder = ProcessPoolExecutor::builder().workers(2).idle_timeout(Duration::from_millis(20));
    let pool = builder.build().unwrap();
    let process = pool.run_blocking(process_id, ()).unwrap();
    wait_for_end_of(process);
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
    let process = block_on(pool.submit(process_id, ())).unwrap();
    wait_for_end_of(process);
    let process = asyncio_reactor::block_on(pool.run(process_id, ())).unwrap().unwrap();
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
    wait_for_end_of(process);
}

#[test]
fn real_a_process_whose_only_job_was_taken_back_ends_like_any_other() {
    let builder = ProcessPoolExecutor::builder().workers(1).idle_timeout(Duration::from_millis(50));
    let pool = builder.build().unwrap();
    let process = pool.run_blocking(process_id, ()).unwrap();
    stop(process);
    let job = pool.submit(square, 1);
    assert_eq!(pool.waiting_jobs(), 0);
    drop(job);
    crate::support::kill(process, 18);
    wait_for_end_of(process);
}

#[test]
fn real_a_process_with_something_to_do_is_not_idle() {
    let builder = ProcessPoolExecutor::builder().workers(1).idle_timeout(Duration::from_millis(20));
    let pool = builder.build().unwrap();
    let (meeting, clock) = (Meeting::new(), pool_of(1));
    let process = pool.run_blocking(process_id, ()).unwrap();
    let job = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let forever = clock.job(|()| loop_forever()).timeout(Duration::from_millis(100));
    assert!(forever.run_blocking(()).unwrap_err().is_timed_out());
    drop(visitor);
    let served_by = block_on(job).unwrap();
    assert!(served_by == process || pool.started_workers() == 2, "it may have ended before");
}

fn loop_forever() {
    loop {
        std::hint::spin_loop();
    }
}
