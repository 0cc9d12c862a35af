//! The end of a pool: soft, firm, hard, and by its drop. Nothing is left behind.

use crate::support::{
    Meeting, Record, block_on, call_at_exit, exists, kill, note, pool_of, process_id, square,
    visit, wait_for_end_of, warm_up,
};
use asyncio_pool::{ProcessPoolExecutor, Shutdown};

#[test]
fn drain_runs_what_waits_and_ends_the_processes() {
    let pool = pool_of(2);
    let record = Record::new();
    let jobs: Vec<_> = (0..100).map(|n| pool.submit(note, (record.path(), n))).collect();
    pool.shutdown(Shutdown::Drain);
    assert!(jobs.iter().all(|job| job.is_finished()));
    assert_eq!(record.notes().len(), 100);
    assert_eq!((pool.worker_ids(), pool.workers()), (vec![], 0));
    assert!(pool.run_blocking(square, 1).unwrap_err().is_shut_down());
    assert!(block_on(pool.submit(square, 1)).unwrap_err().is_shut_down());
    jobs.into_iter().for_each(|job| assert!(block_on(job).is_ok()));
}

#[test]
fn exit_handlers_of_a_process_run_when_it_is_let_go() {
    static PATH: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    fn at_exit(record: String) {
        extern "C" fn handler() {
            note((PATH.get().unwrap().clone(), 7));
        }
        PATH.set(record).unwrap();
        call_at_exit(handler);
    }
    let record = Record::new();
    let pool = pool_of(1);
    pool.run_blocking(at_exit, record.path()).unwrap();
    block_on(pool.shutdown(Shutdown::Drain));
    assert_eq!(record.notes(), [7]);
}

#[test]
fn cancel_pending_ends_what_waits_and_lets_finish_what_runs() {
    // On a busy machine `note` may be taken for long, and then nothing is sent ahead.
    while !cancels_what_was_sent_ahead() {}
}

/// Returns whether some of it was.
fn cancels_what_was_sent_ahead() -> bool {
    let pool = pool_of(1);
    warm_up(&pool);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(note, (record.path(), n))).collect();
    let is_ahead = pool.waiting_jobs() < 40;
    let closing = pool.shutdown(Shutdown::CancelPending);
    for job in jobs {
        assert!(block_on(job).unwrap_err().is_shut_down());
    }
    let process = visitor.process;
    drop(visitor);
    assert_eq!(block_on(holder).unwrap(), process);
    block_on(closing);
    assert_eq!(record.notes(), []);
    assert!(!exists(process));
    is_ahead
}

#[test]
fn now_ends_everything() {
    let pool = pool_of(2);
    let (meeting, record) = (Meeting::new(), Record::new());
    let running = [(); 2].map(|()| pool.submit(visit, meeting.place.clone()));
    let visitors = [meeting.wait(), meeting.wait()];
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(note, (record.path(), n))).collect();
    pool.shutdown(Shutdown::Now);
    for job in running {
        let error = block_on(job).unwrap_err();
        assert!(error.is_shut_down() && error.to_string().contains("while it ran"), "{error}");
    }
    for job in jobs {
        let error = block_on(job).unwrap_err();
        assert!(error.is_shut_down() && error.to_string().contains("did not run"), "{error}");
    }
    assert_eq!(record.notes(), []);
    assert!(visitors.iter().all(|visitor| !exists(visitor.process)));
}

#[test]
fn the_drop_of_a_pool_ends_everything_and_its_jobs_hear_of_it() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let running = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let waiting = pool.submit(square, 1);
    let other = pool.clone();
    drop(pool);
    assert!(!running.is_finished() && exists(visitor.process), "another handle is left");
    drop(other);
    assert!(!exists(visitor.process));
    assert!(block_on(running).unwrap_err().is_shut_down());
    assert!(block_on(waiting).unwrap_err().is_shut_down());
}

#[test]
fn what_is_just_done_when_a_pool_ends_is_done_or_shut_down_and_never_dead() {
    for round in 0..150_u64 {
        let pool = pool_of(1);
        warm_up(&pool);
        let jobs: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
        for n in 0..round * 300 {
            std::hint::black_box(n);
        }
        pool.shutdown(Shutdown::Now);
        for (n, job) in (0..).zip(jobs) {
            match block_on(job) {
                Ok(value) => assert_eq!(value, n * n),
                Err(error) => assert!(error.is_shut_down(), "{round}: {error}"),
            }
        }
    }
}

#[test]
fn an_end_that_nobody_waits_for_leaves_no_process_either() {
    let pool = pool_of(1);
    let process = pool.run_blocking(process_id, ()).unwrap();
    pool.shutdown(Shutdown::Drain).detach();
    while exists(process) {
        std::thread::yield_now();
    }
}

#[test]
fn a_second_call_can_only_be_harsher() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let running = pool.submit(visit, meeting.place.clone());
    let _visitor = meeting.wait();
    let waiting = pool.submit(square, 1);
    pool.shutdown(Shutdown::Drain).detach();
    assert!(!waiting.is_finished());
    pool.shutdown(Shutdown::CancelPending).detach();
    assert!(block_on(waiting).unwrap_err().is_shut_down());
    pool.shutdown(Shutdown::Drain).detach();
    assert!(!running.is_finished());
    pool.shutdown(Shutdown::Now);
    assert!(block_on(running).unwrap_err().is_shut_down());
}

#[test]
fn a_pool_that_was_never_used_ends_at_once_in_each_way() {
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Now] {
        block_on(pool_of(1).shutdown(how));
        pool_of(1).shutdown(how);
        asyncio_reactor::block_on(pool_of(1).shutdown(how)).unwrap();
    }
    drop(pool_of(1));
}

#[test]
fn a_pool_whose_processes_are_about_to_start_ends_in_each_way() {
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Now] {
        let pool = pool_of(3);
        drop((0..3).map(|n| pool.submit(square, n)).collect::<Vec<_>>());
        let ids = pool.worker_ids();
        block_on(pool.shutdown(how));
        assert!(ids.iter().all(|&id| !exists(id)));
        let pool = ProcessPoolExecutor::builder().workers(1).build().unwrap();
        let job = pool.submit(process_id, ());
        pool.shutdown(how);
        let result = block_on(job);
        match how {
            Shutdown::Drain => assert!(result.is_ok()),
            _ => assert!(result.unwrap_err().is_shut_down()),
        }
    }
}

#[test]
fn real_an_end_that_takes_longer_than_the_helper_stays_is_seen() {
    fn linger_at_exit(place: String) {
        static PLACE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
        extern "C" fn handler() {
            visit(PLACE.get().unwrap().clone());
        }
        PLACE.set(place).unwrap();
        call_at_exit(handler);
    }
    let pool = pool_of(1);
    let meeting = Meeting::new();
    block_on(pool.submit(linger_at_exit, meeting.place.clone())).unwrap();
    let closing = pool.shutdown(Shutdown::Drain);
    let waits = std::thread::Builder::new().spawn(move || block_on(closing)).unwrap();
    let visitor = meeting.wait();
    std::thread::park_timeout(std::time::Duration::from_millis(2_300));
    drop(visitor);
    waits.join().unwrap();
}

#[test]
fn a_process_that_is_let_go_in_its_initializer_is_no_failed_start() {
    // On a busy machine `note` may be taken for long, and then nothing is sent ahead behind the other.
    while !lets_one_go_in_its_initializer() {}
}

/// Returns whether it came to that.
fn lets_one_go_in_its_initializer() -> bool {
    fn come(place: String) {
        visit(place);
    }
    let (meeting, beginning, record) = (Meeting::new(), Meeting::new(), Record::new());
    let builder = ProcessPoolExecutor::builder().workers(2);
    let pool = builder.initializer(come, beginning.place.clone()).build().unwrap();
    let first = pool.submit(square, 3);
    drop(beginning.wait());
    assert_eq!(block_on(first).unwrap(), 9);
    warm_up(&pool);
    asyncio_reactor::block_on(async {
        let holder = pool.submit(visit, meeting.place.clone());
        let visitor = meeting.wait();
        let behind = pool.submit(note, (record.path(), 2));
        let for_another = pool.submit(note, (record.path(), 1));
        let beginner = beginning.wait();
        if pool.waiting_jobs() > 0 {
            return false;
        }
        drop(for_another);
        let closing = pool.shutdown(Shutdown::Drain);
        // Both have ended before the loop looks, first the one that had a job.
        let process = beginner.process;
        kill(visitor.process, 9);
        wait_for_end_of(visitor.process);
        drop(beginner);
        wait_for_end_of(process);
        let another = std::thread::Builder::new().spawn(move || drop(beginning.wait())).unwrap();
        assert_eq!(holder.await.unwrap_err().signal(), Some(9));
        assert_eq!(behind.await.unwrap(), 2);
        closing.await;
        another.join().unwrap();
        assert_eq!(record.notes(), [2]);
        true
    })
    .unwrap()
}
