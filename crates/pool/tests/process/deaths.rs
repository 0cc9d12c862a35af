//! A job whose process dies of it: it alone is lost, and its error says how.

#![expect(unsafe_code, reason = "jobs that crash")]

use crate::support::{Meeting, Record, note, wait_for_end_of};
use crate::support::{among_innocents, block_on, exists, kill, pool_of, process_id, square, visit};
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::WorkerExitCause;
use asyncio_pool::process::Chunk;
use futures::StreamExt;

fn abort(_: ()) {
    std::process::abort();
}

fn bad_write(_: ()) {
    // SAFETY: it is not, and the process dies of it.
    unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
}

fn bus_error(_: ()) {
    let file = rustix::fs::memfd_create(c"empty", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let access = rustix::mm::ProtFlags::READ;
    let flags = rustix::mm::MapFlags::SHARED;
    // SAFETY: a new mapping, of nothing.
    let page = unsafe { rustix::mm::mmap(std::ptr::null_mut(), 4096, access, flags, &file, 0) };
    let page: *const u8 = page.unwrap().cast_const().cast();
    // SAFETY: it is not, and the process dies of it.
    unsafe { page.read_volatile() };
}

fn illegal_instruction(_: ()) {
    // SAFETY: raise(3) is always sound to call.
    unsafe { libc::raise(libc::SIGILL) };
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn overflow(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    overflow(room[7] + 1) + std::hint::black_box(room[9])
}

fn exit(code: i32) {
    std::process::exit(code);
}

#[test]
fn abort_costs_one_job_and_is_seen_as_its_signal() {
    let pool = pool_of(2);
    let error = among_innocents(&pool, abort, ()).unwrap_err();
    assert!(error.worker_died());
    assert_eq!((error.signal(), error.exit_code(), error.exit_cause()), (Some(6), None, None));
    assert!(error.job_name().ends_with("deaths::abort"), "{error}");
    assert_ne!(error.worker_exit().unwrap().process(), 0);
    assert!(error.worker_exit().unwrap().cpu_time().is_some());
}

#[test]
fn a_bad_access_costs_one_job_and_is_no_stack_overflow() {
    let error = among_innocents(&pool_of(2), bad_write, ()).unwrap_err();
    assert_eq!((error.signal(), error.exit_cause()), (Some(11), None));
}

#[test]
fn a_bus_error_costs_one_job() {
    let error = among_innocents(&pool_of(2), bus_error, ()).unwrap_err();
    assert_eq!((error.signal(), error.exit_cause()), (Some(7), None));
}

#[test]
fn an_illegal_instruction_costs_one_job() {
    let error = among_innocents(&pool_of(2), illegal_instruction, ()).unwrap_err();
    assert_eq!((error.signal(), error.exit_cause()), (Some(4), None));
}

#[test]
fn a_stack_overflow_costs_one_job_and_is_named() {
    let error = among_innocents(&pool_of(2), overflow, 0).unwrap_err();
    assert_eq!(error.exit_cause(), Some(WorkerExitCause::StackOverflow), "{error}");
    assert_eq!(error.signal(), Some(11));
}

#[test]
fn a_small_stack_overflows_early_and_a_large_one_late() {
    fn deep(depth: u64) -> u64 {
        let room = std::hint::black_box([depth; 128]);
        if depth == 0 { 0 } else { deep(depth - 1) + u64::from(room[3] > 1 << 60) + 1 }
    }
    let small = ProcessPoolExecutor::builder().workers(1).stack_size(256 << 10).build().unwrap();
    let error = small.run_blocking(deep, 4_000).unwrap_err();
    assert_eq!(error.exit_cause(), Some(WorkerExitCause::StackOverflow), "{error}");
    let large = ProcessPoolExecutor::builder().workers(1).stack_size(64 << 20).build().unwrap();
    assert_eq!(large.run_blocking(deep, 4_000).unwrap(), 4_000);
}

#[test]
fn an_exit_costs_one_job_whatever_its_code() {
    for code in [0, 3, 255] {
        let error = among_innocents(&pool_of(2), exit, code).unwrap_err();
        assert!(error.worker_died());
        assert_eq!((error.exit_code(), error.signal()), (Some(code), None));
    }
}

#[test]
fn a_kill_from_outside_in_the_middle_of_a_job_costs_that_job() {
    for signal in [9, 15, 11] {
        let pool = pool_of(2);
        let meeting = Meeting::new();
        let job = pool.submit(visit, meeting.place.clone());
        let visitor = meeting.wait();
        let others: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
        kill(visitor.process, signal);
        let error = block_on(job).unwrap_err();
        assert_eq!((error.signal(), error.exit_cause()), (Some(signal), None), "{error}");
        assert_eq!(error.worker_exit().unwrap().process(), visitor.process);
        for (n, job) in (0..).zip(others) {
            assert_eq!(block_on(job).unwrap(), n * n);
        }
        assert!(!exists(visitor.process), "it was waited for");
    }
}

#[test]
fn a_kill_between_jobs_costs_nothing() {
    let pool = pool_of(1);
    for _ in 0..10 {
        let process = pool.run_blocking(process_id, ()).unwrap();
        kill(process, 9);
        let jobs: Vec<_> = (0..20).map(|n| pool.submit(square, n)).collect();
        for (n, job) in (0..).zip(jobs) {
            assert_eq!(block_on(job).unwrap(), n * n);
        }
        assert!(!exists(process));
    }
    assert!(pool.started_workers() >= 11);
}

/// S-50.
#[test]
fn a_job_that_answers_and_dies_afterwards_has_succeeded() {
    /// Kills the process as soon as the result is on its way, from a thread that does not end with the
    /// job.
    fn last_words(size: usize) -> Vec<u8> {
        let watched = std::process::id();
        std::thread::Builder::new()
            .spawn(move || {
                // The thread of jobs sleeps when it has written everything and reads again.
                let task = std::fs::read_dir(format!("/proc/{watched}/task")).unwrap();
                let job = task.flatten().map(|task| task.path()).find(|task| {
                    std::fs::read_to_string(task.join("comm")).unwrap_or_default().trim()
                        == "asyncio-job"
                });
                let job = job.unwrap();
                loop {
                    let system_call = std::fs::read_to_string(job.join("syscall")).unwrap();
                    // read(2) is number 0: it waits for the next job.
                    if system_call.starts_with("0 ") {
                        std::process::abort();
                    }
                }
            })
            .unwrap();
        vec![7; size]
    }
    for size in [0, 100, 100_000, 8 << 20] {
        let pool = pool_of(1);
        let process = pool.run_blocking(process_id, ()).unwrap();
        // Alone: what comes behind it may have been started when the process dies, and then it pays.
        let result = pool.run_blocking(last_words, size).unwrap();
        assert!(result.len() == size && result.iter().all(|&byte| byte == 7));
        wait_for_end_of(process);
        assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
    }
}

#[test]
fn a_death_in_the_middle_of_a_large_reply_costs_that_job() {
    fn half_a_reply(_: ()) -> Vec<u8> {
        let me = std::process::id();
        std::thread::Builder::new()
            .spawn(move || {
                let tasks = std::fs::read_dir(format!("/proc/{me}/task")).unwrap();
                let is_job = |task: &std::path::PathBuf| {
                    std::fs::read_to_string(task.join("comm")).unwrap().trim() == "asyncio-job"
                };
                let job = tasks.flatten().map(|task| task.path()).find(is_job).unwrap();
                loop {
                    // sendmsg(2) is number 46 on x86-64, 211 elsewhere.
                    let call = std::fs::read_to_string(job.join("syscall")).unwrap();
                    if call.starts_with("46 ") || call.starts_with("211 ") {
                        std::process::abort();
                    }
                }
            })
            .unwrap();
        vec![7; 64 << 20]
    }
    match among_innocents(&pool_of(1), half_a_reply, ()) {
        Err(error) => assert_eq!(error.signal(), Some(6)),
        // The pool was so fast that the thread never saw it write.
        Ok(result) => assert_eq!(result.len(), 64 << 20),
    }
}

#[test]
fn a_crash_in_a_chunk_costs_one_item() {
    fn bad_at_7((record, n): (String, u32)) -> u32 {
        note((record, n));
        if n % 50 == 7 {
            std::process::abort();
        }
        n
    }
    let pool = pool_of(2);
    let record = Record::new();
    let items = (0..200).map(|n| (record.path(), n));
    let results: Vec<_> =
        block_on(pool.map(bad_at_7, items).chunk(Chunk::Exactly(16)).collect::<Vec<_>>());
    assert_eq!(results.len(), 200);
    for (n, result) in (0..).zip(&results) {
        match result {
            Ok(value) => assert!(*value == n && n % 50 != 7),
            Err(error) => assert!(error.signal() == Some(6) && n % 50 == 7, "{n}: {error}"),
        }
    }
    let mut notes = record.notes();
    notes.sort_unstable();
    assert_eq!(notes, Vec::from_iter(0..200), "each has started once");
}
