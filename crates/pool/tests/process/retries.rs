//! Jobs that are run again when their process died of them, and only then.

use crate::support::{
    Meeting, Record, among_innocents, block_on, kill, note, pool_of, visit, warm_up,
};
use asyncio_pool::Shutdown;
use std::time::Duration;

/// Dies until it was called so often.
fn crash((record, until): (String, usize)) -> usize {
    note((record.clone(), 1));
    let times = std::fs::read(record).unwrap().len() / 4;
    if times < until {
        std::process::abort();
    }
    times
}

fn panic((record, _): (String, usize)) -> usize {
    note((record, 1));
    panic!("no retry");
}

fn hang((record, _): (String, usize)) -> usize {
    note((record, 1));
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn a_job_is_not_run_again_by_default() {
    let record = Record::new();
    let error = among_innocents(&pool_of(2), crash, (record.path(), 2)).unwrap_err();
    assert_eq!((error.signal(), record.notes().len()), (Some(6), 1));
}

#[test]
fn a_job_is_run_again_as_often_as_it_was_asked_for() {
    let pool = pool_of(2);
    let record = Record::new();
    assert_eq!(pool.job(crash).retry(2).run_blocking((record.path(), 3)).unwrap(), 3);
    assert_eq!(record.notes().len(), 3);
    let record = Record::new();
    let error = pool.job(crash).retry(2).run_blocking((record.path(), 9)).unwrap_err();
    assert_eq!((error.signal(), record.notes().len()), (Some(6), 3));
}

#[test]
fn a_job_is_run_again_while_the_pool_drains() {
    let pool = pool_of(1);
    let record = Record::new();
    let job = pool.job(crash).retry(2).submit((record.path(), 3));
    pool.shutdown(Shutdown::Drain);
    assert_eq!(block_on(job).unwrap(), 3);
}

#[test]
fn a_job_is_not_run_again_in_a_pool_that_ends_though_it_is_asked_to_end_softer() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let job = pool.job(visit).retry(5).submit(meeting.place.clone());
    let visitor = meeting.wait();
    let closing = pool.shutdown(Shutdown::CancelPending);
    pool.shutdown(Shutdown::Drain).detach();
    kill(visitor.process, 9);
    assert_eq!(block_on(job).unwrap_err().signal(), Some(9));
    block_on(closing);
}

#[test]
fn a_job_that_is_run_again_comes_before_those_that_came_after_it() {
    fn visit_and_note((place, path): (String, String)) -> u32 {
        if !place.is_empty() {
            visit(place);
        }
        note((path, 1))
    }
    let pool = pool_of(1);
    // On a busy machine a job may be taken for long, and then nothing is sent ahead behind it.
    let mut is_ahead = false;
    while !is_ahead {
        warm_up(&pool);
        let (meeting, record, nothing) = (Meeting::new(), Record::new(), Record::new());
        for _ in 0..8 {
            pool.run_blocking(visit_and_note, (String::new(), nothing.path())).unwrap();
        }
        let arguments = (meeting.place.clone(), record.path());
        let job = pool.job(visit_and_note).retry(1).submit(arguments);
        let visitor = meeting.wait();
        let behind = pool.submit(note, (record.path(), 2));
        is_ahead = pool.waiting_jobs() == 0;
        kill(visitor.process, 9);
        drop(meeting.wait());
        assert_eq!((block_on(job).unwrap(), block_on(behind).unwrap()), (1, 2));
        assert!(!is_ahead || record.notes() == [1, 2]);
    }
}

#[test]
fn a_job_that_panicked_is_not_run_again() {
    let record = Record::new();
    let error = pool_of(1).job(panic).retry(5).run_blocking((record.path(), 0)).unwrap_err();
    assert!(error.is_panicked() && record.notes().len() == 1);
}

#[test]
fn real_a_job_that_was_timed_out_is_not_run_again() {
    let record = Record::new();
    let pool = pool_of(1);
    let job = pool.job(hang).retry(5).timeout(Duration::from_millis(30));
    let error = job.run_blocking((record.path(), 0)).unwrap_err();
    assert!(error.is_timed_out() && record.notes().len() == 1);
}

#[test]
fn a_job_whose_future_was_dropped_is_not_run_again() {
    fn visit_and_die((place, record): (String, String)) {
        note((record, 1));
        visit(place);
    }
    let pool = pool_of(1);
    let (meeting, record) = (Meeting::new(), Record::new());
    let job = pool.job(visit_and_die).retry(5).submit((meeting.place.clone(), record.path()));
    let mut visitor = meeting.wait();
    drop(job);
    visitor.wait_for_end();
    assert_eq!(block_on(pool.submit(|n: u32| n, 1)).unwrap(), 1);
    // A detached one is, for it is to run in any case.
    let job = pool.job(visit_and_die).retry(1).detached();
    let job = job.submit((meeting.place.clone(), record.path()));
    let visitor = meeting.wait();
    drop(job);
    kill(visitor.process, 9);
    drop(meeting.wait());
    assert_eq!(block_on(pool.submit(|n: u32| n, 1)).unwrap(), 1);
    assert_eq!(record.notes().len(), 3);
}
