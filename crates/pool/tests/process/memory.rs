//! What jobs may use of memory and processor time, and arguments that are too much for a process.

use crate::child;
use crate::support::{among_innocents, block_on, kill, pool_of, process_id, square, stop, warm_up};
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::WorkerExitCause;
use asyncio_pool::process::StderrPolicy;
use std::time::Duration;

fn limited(bytes: u64) -> ProcessPoolExecutor {
    let builder = ProcessPoolExecutor::builder().workers(2).memory_limit(bytes);
    builder.stderr(StderrPolicy::Capture).build().unwrap()
}

fn allocate(bytes: usize) -> usize {
    std::hint::black_box(vec![1_u8; bytes]).len()
}

#[test]
fn a_job_at_the_memory_limit_is_out_of_memory_and_no_other_is() {
    let pool = limited(64 << 20);
    assert_eq!(pool.run_blocking(allocate, 16 << 20).unwrap(), 16 << 20);
    let error = among_innocents(&pool, allocate, 512 << 20).unwrap_err();
    assert_eq!(error.exit_cause(), Some(WorkerExitCause::OutOfMemory), "{error}");
    assert_eq!(error.signal(), Some(6));
    // A backtrace may have pushed the line that says so out of it.
    assert!(!error.stderr_tail().is_empty());
}

#[test]
fn arguments_that_are_too_much_for_each_process_are_poison() {
    let pool = limited(16 << 20);
    let error =
        among_innocents(&pool, |bytes: Vec<u8>| bytes.len(), vec![1; 64 << 20]).unwrap_err();
    assert_eq!(error.exit_cause(), Some(WorkerExitCause::Poison { tries: 5 }), "{error}");
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn a_result_for_which_the_program_has_no_memory_costs_that_job_and_not_the_program() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let name =
        "memory::a_result_for_which_the_program_has_no_memory_costs_that_job_and_not_the_program";
    if !child::is_child(name) {
        return;
    }
    let pool = pool_of(1);
    let before = pool.run_blocking(process_id, ()).unwrap();
    // The worker is there already, and has no such limit.
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
    let limit = pages * rustix::param::page_size() as u64 + (32 << 20);
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(limit), maximum }).unwrap();
    let zeros = |length| vec![0_u8; length];
    let error = among_innocents(&pool, zeros, 256 << 20).unwrap_err();
    assert!(error.is_decode(), "{error}");
    let text = format!("{error} {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains("no memory for its 268435456 bytes"), "{text}");
    assert_eq!(pool.run_blocking(zeros, 4 << 20).unwrap(), vec![0; 4 << 20]);
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), before, "the process is kept");
}

#[test]
fn a_death_before_a_job_was_looked_at_does_not_count_against_it() {
    let pool = pool_of(1);
    warm_up(&pool);
    let jobs: Vec<_> = {
        let process = pool.run_blocking(process_id, ()).unwrap();
        stop(process);
        let jobs = (0..8).map(|n| pool.submit(square, n)).collect();
        kill(process, 9);
        jobs
    };
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(block_on(job).unwrap(), n * n);
    }
    for _ in 0..8 {
        let process = pool.run_blocking(process_id, ()).unwrap();
        stop(process);
        // More than the connection takes at a time.
        let job = pool.submit(|bytes: Vec<u8>| bytes.len(), vec![1; 4 << 20]);
        kill(process, 9);
        assert_eq!(block_on(job).unwrap(), 4 << 20);
    }
}

#[test]
fn real_a_job_that_uses_too_much_processor_time_dies_of_it() {
    fn spin(_: ()) {
        loop {
            std::hint::spin_loop();
        }
    }
    let builder = ProcessPoolExecutor::builder().workers(1).cpu_limit(Duration::from_secs(1));
    let pool = builder.build().unwrap();
    let error = pool.run_blocking(spin, ()).unwrap_err();
    assert_eq!(error.exit_cause(), Some(WorkerExitCause::CpuLimit), "{error}");
    assert!(error.worker_exit().unwrap().cpu_time().unwrap() >= Duration::from_millis(900));
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn large_arguments_and_large_results_cross_at_the_same_time() {
    fn back(bytes: Vec<u8>) -> Vec<u8> {
        bytes.into_iter().rev().collect()
    }
    const SIZE: usize = 64 << 20;
    let pool = pool_of(2);
    let jobs: Vec<_> = (0..6_u8)
        .map(|n| {
            let mut bytes = vec![n; SIZE];
            bytes[0] = 100;
            pool.submit(identity, bytes)
        })
        .collect();
    for (n, job) in (0..).zip(jobs) {
        let bytes = block_on(job).unwrap();
        assert!(bytes.len() == SIZE && bytes[0] == 100 && bytes[SIZE - 1] == n);
    }
    assert_eq!(block_on(pool.run(back, vec![1, 2, 3])).unwrap(), [3, 2, 1]);
}

#[test]
fn large_results_come_while_large_arguments_are_written() {
    let pool = pool_of(1);
    let sizes = [16 << 20, 1, 16 << 20, 100_000, 0, 20_000, 16 << 20];
    pool.run_blocking(identity, vec![1]).unwrap();
    pool.run_blocking(identity, vec![1]).unwrap();
    let jobs = sizes.map(|size| pool.submit(identity, vec![7; size]));
    for (job, size) in jobs.into_iter().zip(sizes) {
        assert_eq!(block_on(job).unwrap().len(), size);
    }
}

fn identity(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}
