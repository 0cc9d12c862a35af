//! Timeouts, which count from the start of a job, and deadlines, which count from its submission.

use crate::support::{
    Meeting, Record, among_innocents, block_on, kill, may_visit, note, pool_of, process_id, square,
    stop, visit, warm_up,
};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(30);
const LONGER: Duration = Duration::from_millis(120);

fn spin(forever: bool) {
    if forever {
        loop {
            std::hint::spin_loop();
        }
    }
}

#[test]
fn real_a_job_that_takes_too_long_is_timed_out_and_no_other_pays() {
    let pool = pool_of(2);
    warm_up(&pool);
    let jobs: Vec<_> = (0..20).map(|n| (n, pool.submit(square, n))).collect();
    let error = pool.job(spin).timeout(SHORT).run_blocking(true).unwrap_err();
    assert!(error.is_timed_out() && !error.worker_died(), "{error}");
    assert!(error.job_name().ends_with("timeouts::spin"));
    for (n, job) in jobs {
        assert_eq!(block_on(job).unwrap(), n * n);
    }
    assert_eq!(among_innocents(&pool, square, 5).unwrap(), 25);
}

#[test]
fn real_a_timeout_does_not_count_what_a_job_waits() {
    let pool = pool_of(1);
    warm_up(&pool);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let jobs: Vec<_> =
        (0..40).map(|n| pool.job(note).timeout(SHORT).submit((record.path(), n))).collect();
    let clock = pool.job(note).deadline(LONGER).submit((record.path(), 99));
    assert!(block_on(clock).unwrap_err().is_timed_out());
    drop(visitor);
    block_on(holder).unwrap();
    for job in jobs {
        block_on(job).unwrap();
    }
    assert_eq!(record.notes(), Vec::from_iter(0..40));
}

#[test]
fn real_a_deadline_counts_what_a_job_waits_and_costs_nobody_else() {
    let pool = pool_of(1);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let job = pool.job(note).deadline(SHORT).submit((record.path(), 1));
    assert_eq!(pool.waiting_jobs(), 1);
    assert!(block_on(job).unwrap_err().is_timed_out());
    assert_eq!(pool.waiting_jobs(), 0);
    drop(visitor);
    block_on(holder).unwrap();
    pool.run_blocking(square, 1).unwrap();
    assert_eq!(record.notes(), []);
    assert_eq!(pool.started_workers(), 1);
}

#[test]
fn real_a_deadline_holds_for_what_was_sent_ahead() {
    let pool = pool_of(1);
    warm_up(&pool);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(may_visit, meeting.place.clone());
    let visitor = meeting.wait();
    let job = pool.job(note).deadline(SHORT).submit((record.path(), 1));
    assert_eq!(pool.waiting_jobs(), 0, "it is on board");
    assert!(block_on(job).unwrap_err().is_timed_out());
    drop(visitor);
    block_on(holder).unwrap();
    pool.run_blocking(square, 1).unwrap();
    assert_eq!((record.notes(), pool.started_workers()), (vec![], 1));
}

#[test]
fn real_a_deadline_ends_a_job_that_runs() {
    let pool = pool_of(1);
    let error = pool.job(spin).deadline(SHORT).run_blocking(true).unwrap_err();
    assert!(error.is_timed_out(), "{error}");
    assert_eq!(among_innocents(&pool, square, 5).unwrap(), 25);
}

#[test]
fn a_deadline_that_is_over_already_is_a_timeout() {
    let pool = pool_of(1);
    warm_up(&pool);
    let record = Record::new();
    let job = pool.job(note).deadline(Duration::ZERO);
    assert!(job.run_blocking((record.path(), 1)).is_err_and(|error| error.is_timed_out()));
    // Had it been sent it would have come before this one.
    pool.run_blocking(note, (record.path(), 2)).unwrap();
    assert_eq!(record.notes(), [2]);
}

#[test]
fn a_job_that_is_done_in_time_is_not_haunted_by_its_alarm() {
    let pool = pool_of(1);
    let before = pool.run_blocking(process_id, ()).unwrap();
    for n in 0..200 {
        let job = pool.job(square).timeout(SHORT).deadline(Duration::from_secs(60));
        assert_eq!(job.run_blocking(n).unwrap(), n * n);
    }
    let (meeting, clock) = (Meeting::new(), pool_of(1));
    let job = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    // The alarms of all those above have rung by now.
    assert!(clock.job(spin).timeout(LONGER).run_blocking(true).unwrap_err().is_timed_out());
    drop(visitor);
    assert_eq!(block_on(job).unwrap(), before);
}

#[test]
fn real_a_timeout_holds_when_the_job_before_was_taken_back() {
    let pool = pool_of(1);
    warm_up(&pool);
    for _ in 0..8 {
        pool.run_blocking(spin, false).unwrap();
    }
    let process = pool.run_blocking(process_id, ()).unwrap();
    stop(process);
    let first = pool.submit(square, 1);
    let second = pool.job(spin).timeout(SHORT).submit(true);
    assert_eq!(pool.waiting_jobs(), 0, "both are on board");
    drop(first);
    kill(process, 18);
    assert!(block_on(second).unwrap_err().is_timed_out());
}

#[test]
fn real_a_timeout_holds_when_the_job_before_is_done() {
    let pool = pool_of(1);
    warm_up(&pool);
    for _ in 0..8 {
        pool.run_blocking(spin, false).unwrap();
    }
    let meeting = Meeting::new();
    let first = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    // It is sent ahead, unless a busy machine has the pool believe that it is long.
    let second = pool.job(spin).timeout(SHORT).submit(true);
    drop(visitor);
    assert!(block_on(first).is_ok());
    assert!(block_on(second).unwrap_err().is_timed_out());
}

#[test]
fn real_a_job_that_was_not_started_in_its_time_is_not_timed_out() {
    let pool = pool_of(1);
    warm_up(&pool);
    let process = pool.run_blocking(process_id, ()).unwrap();
    let clock = pool_of(1);
    clock.run_blocking(square, 1).unwrap();
    stop(process);
    let job = pool.job(square).timeout(SHORT).submit(3);
    assert!(clock.job(spin).timeout(LONGER).run_blocking(true).unwrap_err().is_timed_out());
    kill(process, 18);
    assert_eq!(block_on(job).unwrap(), 9);
    assert_eq!(pool.started_workers(), 1);
}
