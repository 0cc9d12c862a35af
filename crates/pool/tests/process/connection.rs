//! Jobs that do something to their process's connection.

#![expect(unsafe_code, reason = "descriptors that are not the job's own")]

use crate::support::{
    Meeting, Record, among_innocents, block_on, note, pool_of, square, visit, warm_up,
};
use asyncio_pool::WorkerExitCause;
use rustix::fd::BorrowedFd;
use std::time::Duration;

fn close_all(_: ()) {
    // SAFETY: it is not, and the pool has to live with it.
    unsafe { libc::close_range(3, u32::MAX, 0) };
}

/// The connection, found as a job could.
fn connection() -> BorrowedFd<'static> {
    let mut found = None;
    for link in std::fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let number: i32 = link.file_name().into_string().unwrap().parse().unwrap();
        if std::fs::read_link(link.path())
            .is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
        {
            found = Some(number);
        }
    }
    // SAFETY: it is open for as long as the process is.
    unsafe { BorrowedFd::borrow_raw(found.unwrap()) }
}

fn write_noise(text: String) -> u32 {
    rustix::io::write(connection(), text.as_bytes()).unwrap();
    7
}

#[test]
fn a_job_that_closes_all_descriptors_has_lost_its_connection() {
    let error = among_innocents(&pool_of(2), close_all, ()).unwrap_err();
    assert_eq!(error.exit_cause(), Some(WorkerExitCause::LostConnection), "{error}");
}

#[test]
fn real_a_job_that_closes_all_descriptors_and_never_ends_can_be_timed_out() {
    fn close_and_spin(_: ()) {
        close_all(());
        loop {
            std::hint::spin_loop();
        }
    }
    let pool = pool_of(1);
    let job = pool.job(close_and_spin).timeout(Duration::from_millis(50));
    let error = job.run_blocking(()).unwrap_err();
    assert!(error.is_timed_out() || error.worker_died(), "{error}");
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn a_job_that_closes_all_descriptors_and_never_ends_can_be_dropped() {
    fn visit_close_and_spin(place: String) {
        drop(place.clone());
        visit(place);
        close_all(());
        loop {
            std::hint::spin_loop();
        }
    }
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let job = pool.submit(visit_close_and_spin, meeting.place.clone());
    drop(meeting.wait());
    drop(job);
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn a_job_that_writes_noise_to_the_connection_pays_for_it() {
    let pool = pool_of(2);
    for length in [1, 31, 32, 100, 5_000] {
        let others: Vec<_> = (0..20).map(|n| (n, pool.submit(square, n))).collect();
        let error = pool.run_blocking(write_noise, "x".repeat(length)).unwrap_err();
        assert_eq!(error.exit_cause(), Some(WorkerExitCause::Protocol), "{length}: {error}");
        for (n, job) in others {
            assert_eq!(block_on(job).unwrap(), n * n);
        }
    }
}

#[test]
fn a_job_that_writes_what_looks_like_a_message_pays_for_it() {
    fn forge((kind, sequence): (u32, u64)) -> u32 {
        let mut head = [0; 32];
        head[..4].copy_from_slice(&0x6f_69_63_61_u32.to_ne_bytes());
        head[4..8].copy_from_slice(&kind.to_ne_bytes());
        head[16..24].copy_from_slice(&sequence.to_ne_bytes());
        rustix::io::write(connection(), &head).unwrap();
        7
    }
    for kind in [0, 1, 2, 3, 99] {
        let error = pool_of(1).run_blocking(forge, (kind, 0)).unwrap_err();
        assert_eq!(error.exit_cause(), Some(WorkerExitCause::Protocol), "{kind}: {error}");
    }
    // An answer to another job than the one that runs.
    for sequence in [5, 1_000_000, u64::MAX] {
        let error = pool_of(1).run_blocking(forge, (6, sequence)).unwrap_err();
        assert_eq!(error.exit_cause(), Some(WorkerExitCause::Protocol), "{sequence}: {error}");
    }
}

#[test]
fn what_has_started_behind_noise_is_not_run_twice() {
    let pool = pool_of(1);
    warm_up(&pool);
    for _ in 0..4 {
        pool.run_blocking(may_write_noise, false).unwrap();
    }
    let record = Record::new();
    let bad = pool.submit(may_write_noise, true);
    let jobs: Vec<_> = (0..10).map(|n| pool.submit(note, (record.path(), n))).collect();
    assert_eq!(block_on(bad).unwrap_err().exit_cause(), Some(WorkerExitCause::Protocol));
    for job in jobs {
        let _done_or_lost = block_on(job);
    }
    let mut notes = record.notes();
    let all = notes.len();
    notes.sort_unstable();
    notes.dedup();
    assert_eq!(notes.len(), all, "each at most once");
}

fn may_write_noise(does: bool) -> u32 {
    if does { write_noise("x".repeat(100)) } else { 7 }
}

#[test]
fn a_job_that_scribbles_on_the_status_page_costs_at_most_itself() {
    fn scribble((from, word): (usize, u64)) -> u32 {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| line.contains("memfd:asyncio-worker")).unwrap();
        let start = usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap();
        for offset in (from..4096).step_by(8) {
            // SAFETY: it is not, and the pool has to live with it.
            unsafe {
                std::ptr::with_exposed_provenance_mut::<u64>(start + offset).write_volatile(word);
            }
        }
        7
    }
    fn note_and_scribble((path, word): (String, u64)) -> u32 {
        note((path, 1));
        scribble((0, word))
    }
    // Among them one that says of the job that it was never started.
    for word in [0, 1, 1 << 40, u64::MAX] {
        let pool = pool_of(1);
        // Behind the slots of the jobs, so that its reply is taken.
        assert_eq!(pool.run_blocking(scribble, (2048, word)).unwrap(), 7);
        assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
        let record = Record::new();
        match pool.run_blocking(note_and_scribble, (record.path(), word)) {
            Ok(value) => assert_eq!(value, 7),
            Err(error) => assert!(error.worker_died(), "{word}: {error}"),
        }
        assert_eq!(record.notes(), [1], "{word}: nothing is run twice");
        for n in 0..300 {
            assert_eq!(pool.run_blocking(square, n).unwrap(), n * n, "{word}");
        }
    }
}

#[test]
fn a_job_that_hangs_up_dies_of_it() {
    fn hang_up(_: ()) {
        rustix::net::shutdown(connection(), rustix::net::Shutdown::Both).unwrap();
        loop {
            std::thread::park();
        }
    }
    let error = among_innocents(&pool_of(2), hang_up, ()).unwrap_err();
    assert!(error.worker_died(), "{error}");
}
