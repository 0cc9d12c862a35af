//! Jobs whose future is dropped: what has not started never runs, what runs is killed, others do not notice.

use crate::support::{
    Meeting, Record, block_on, kill, may_visit, note, pool_of, process_id, square, stop, visit,
    warm_up,
};
use asyncio_pool::Shutdown;

#[test]
fn a_queued_job_that_is_dropped_never_runs() {
    let pool = pool_of(1);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let job = pool.submit(note, (record.path(), 1));
    assert_eq!(pool.waiting_jobs(), 1, "it is queued, for nobody knows how short it is");
    drop(job);
    assert_eq!(pool.waiting_jobs(), 0);
    let process = visitor.process;
    drop(visitor);
    assert_eq!(block_on(holder).unwrap(), process, "the one that runs is unaffected");
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), process, "the process is kept");
    assert_eq!(record.notes(), []);
}

#[test]
fn a_job_that_was_sent_ahead_and_is_dropped_never_runs() {
    let pool = pool_of(1);
    warm_up(&pool);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let jobs: Vec<_> = (0..6).map(|n| pool.submit(note, (record.path(), n))).collect();
    let before = pool.waiting_jobs();
    assert!(before < 6, "some are on board: {before} wait");
    let mut kept = Vec::new();
    for (n, job) in jobs.into_iter().enumerate() {
        if n % 2 == 0 {
            drop(job);
        } else {
            kept.push(job);
        }
    }
    let process = visitor.process;
    drop(visitor);
    assert_eq!(block_on(holder).unwrap(), process);
    kept.into_iter().for_each(|job| assert!(block_on(job).is_ok()));
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), process, "the process is kept");
    assert_eq!(record.notes(), [1, 3, 5]);
}

#[test]
fn a_running_job_that_is_dropped_is_killed_and_what_was_sent_behind_it_runs_once() {
    let pool = pool_of(1);
    warm_up(&pool);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let mut visitor = meeting.wait();
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(note, (record.path(), n))).collect();
    drop(holder);
    visitor.wait_for_end();
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(block_on(job).unwrap(), n);
    }
    assert_eq!(record.notes(), Vec::from_iter(0..40));
    assert_eq!(pool.started_workers(), 2);
}

#[test]
fn a_detached_job_runs_on_when_its_future_is_dropped() {
    fn visit_and_note((place, record): (String, String)) {
        visit(place);
        note((record, 1));
    }
    let pool = pool_of(1);
    let (meeting, record) = (Meeting::new(), Record::new());
    let arguments = (meeting.place.clone(), record.path());
    let job = pool.job(visit_and_note).detached().submit(arguments);
    let visitor = meeting.wait();
    let queued = pool.job(note).detached().submit((record.path(), 2));
    drop((job, queued));
    let process = visitor.process;
    drop(visitor);
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), process);
    pool.shutdown(Shutdown::Drain);
    assert_eq!(record.notes(), [1, 2]);
}

#[test]
fn a_job_cancelled_on_its_way_does_not_run_when_its_worker_dies() {
    let pool = pool_of(1);
    warm_up(&pool);
    for _ in 0..5 {
        let (meeting, record) = (Meeting::new(), Record::new());
        let holder = pool.submit(visit, meeting.place.clone());
        let visitor = meeting.wait();
        let jobs: Vec<_> = (0..8).map(|n| pool.submit(note, (record.path(), n))).collect();
        let after = pool.submit(square, 3);
        drop(jobs);
        kill(visitor.process, 9);
        assert_eq!(block_on(holder).unwrap_err().signal(), Some(9));
        assert_eq!(block_on(after).unwrap(), 9);
        assert_eq!(pool.run_blocking(square, 4).unwrap(), 16);
        assert_eq!(record.notes(), []);
    }
}

#[test]
fn the_cancellation_of_a_job_that_is_just_done_costs_no_other() {
    fn spin(turns: u64) -> u64 {
        (0..turns).fold(0, |sum, n| std::hint::black_box(sum + n))
    }
    let pool = pool_of(1);
    warm_up(&pool);
    for _ in 0..8 {
        pool.run_blocking(spin, 10).unwrap();
    }
    for round in 0_u64..1_500 {
        let first = pool.submit(spin, round * 7919 % 4_000);
        let others: Vec<_> = (0..6).map(|n| pool.submit(square, n)).collect();
        spin(round * 104_729 % 2_000);
        drop(first);
        for (n, job) in (0..).zip(others) {
            let result = block_on(job);
            assert!(result.as_ref().is_ok_and(|&value| value == n * n), "{round}: {result:?}");
        }
    }
}

#[test]
fn jobs_that_were_cancelled_while_a_process_is_stopped_do_not_keep_it_from_the_next() {
    let pool = pool_of(1);
    warm_up(&pool);
    let process = pool.run_blocking(process_id, ()).unwrap();
    let record = Record::new();
    stop(process);
    let jobs: Vec<_> = (0..8).map(|n| pool.submit(note, (record.path(), n))).collect();
    drop(jobs);
    kill(process, 18);
    assert_eq!(pool.run_blocking(note, (record.path(), 9)).unwrap(), 9);
    assert_eq!(record.notes(), [9]);
    assert_eq!(pool.run_blocking(process_id, ()).unwrap(), process);
}

#[test]
fn a_call_that_is_never_polled_or_waits_for_room_was_never_queued() {
    let pool =
        asyncio_pool::ProcessPoolExecutor::builder().workers(1).queue_bound(1).build().unwrap();
    let (meeting, record) = (Meeting::new(), Record::new());
    drop(pool.run(note, (record.path(), 1)));
    assert_eq!(pool.started_workers(), 0);
    let holder = pool.submit(may_visit, meeting.place.clone());
    let visitor = meeting.wait();
    let queued = pool.submit(note, (record.path(), 2));
    let mut waits = pool.run(note, (record.path(), 3));
    assert!(futures::poll_once(&mut waits).is_none());
    drop(waits);
    drop(visitor);
    block_on(holder).unwrap();
    block_on(queued).unwrap();
    pool.shutdown(Shutdown::Drain);
    assert_eq!(record.notes(), [2]);
}

/// Polling by hand.
mod futures {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    pub(super) fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}
