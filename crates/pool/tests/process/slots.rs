//! The slots by which a pool and a process agree whose a job is: they are used again and again.

use crate::support::{
    Meeting, Record, block_on, kill, note, pool_of, process_id, square, stop, visit,
    wait_until_it_waits, warm_up,
};
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::process::Chunk;
use futures::StreamExt;

/// On a loop, which takes a turn only when something has happened.
fn on_a_loop(test: impl Future<Output = ()>) {
    asyncio_reactor::block_on(test).unwrap();
}

#[test]
fn hundreds_of_jobs_taken_back_while_a_process_is_busy_do_not_use_up_its_slots() {
    let pool = pool_of(1);
    warm_up(&pool);
    let (meeting, record) = (Meeting::new(), Record::new());
    on_a_loop(async {
        for round in 0..20 {
            let holder = pool.submit(visit, meeting.place.clone());
            let visitor = meeting.wait();
            for n in 0..700 {
                drop(pool.submit(note, (record.path(), n)));
            }
            let kept: Vec<_> = (0..10).map(|n| pool.submit(square, n)).collect();
            drop(visitor);
            holder.await.unwrap();
            for (n, job) in (0..).zip(kept) {
                assert_eq!(job.await.unwrap(), n * n, "{round}");
            }
        }
    });
    assert_eq!((record.notes(), pool.started_workers()), (vec![], 1));
}

#[test]
fn a_process_that_is_stopped_while_jobs_are_taken_back_finds_the_one_that_is_left() {
    let pool = pool_of(1);
    warm_up(&pool);
    let record = Record::new();
    on_a_loop(async {
        for round in 0..20 {
            let process = pool.run(process_id, ()).await.unwrap();
            stop(process);
            for n in 0..700 {
                drop(pool.submit(note, (record.path(), n)));
            }
            let job = pool.submit(square, round);
            kill(process, 18);
            assert_eq!(job.await.unwrap(), round * round);
        }
    });
    assert_eq!((record.notes(), pool.started_workers()), (vec![], 1));
}

#[test]
fn the_slot_of_a_job_is_not_used_again_before_its_reply_was_read() {
    let pool = pool_of(1);
    warm_up(&pool);
    let record = Record::new();
    on_a_loop(async {
        let process = pool.run(process_id, ()).await.unwrap();
        // Nobody reads its reply before something is awaited.
        let job = pool.submit(note, (record.path(), 1));
        while record.notes().is_empty() {
            std::thread::yield_now();
        }
        for _ in 0..2 {
            stop(process);
            for _ in 0..200 {
                drop(pool.submit(note, (record.path(), 99)));
            }
            kill(process, 18);
            wait_until_it_waits(process);
        }
        assert_eq!(job.await.unwrap(), 1);
    });
    assert_eq!((record.notes(), pool.started_workers()), (vec![1], 1));
}

#[test]
fn more_jobs_than_slots_pass_one_process_in_order() {
    let pool = pool_of(1);
    let squares: Vec<u64> = block_on(
        pool.map(square, 0..5_000).chunk(Chunk::Exactly(128)).map(Result::unwrap).collect(),
    );
    assert!(squares.iter().enumerate().all(|(n, &square)| square == (n * n) as u64));
}

#[test]
fn jobs_behind_a_long_one_are_taken_by_a_process_with_nothing_to_do() {
    let pool = pool_of(2);
    warm_up(&pool);
    let meeting = Meeting::new();
    for _ in 0..20 {
        let first = pool.submit(visit, meeting.place.clone());
        let jobs: Vec<_> = (0..60).map(|n| pool.submit(square, n)).collect();
        let visitor = meeting.wait();
        for (n, job) in (0..).zip(jobs) {
            assert_eq!(block_on(job).unwrap(), n * n);
        }
        drop(visitor);
        block_on(first).unwrap();
    }
}

#[test]
fn a_job_sent_to_a_process_that_is_not_ready_is_taken_by_one_that_is() {
    fn come(place: String) {
        visit(place);
    }
    let (meeting, beginning) = (Meeting::new(), Meeting::new());
    let builder = ProcessPoolExecutor::builder().workers(2);
    let builder = builder.initializer(come, beginning.place.clone());
    let pool = builder.build().unwrap();
    let holder = pool.submit(visit, meeting.place.clone());
    drop(beginning.wait());
    let visitor = meeting.wait();
    let job = pool.submit(square, 3);
    let beginner = beginning.wait();
    assert_eq!(pool.waiting_jobs(), 0, "the beginner has it");
    drop(visitor);
    assert_eq!((block_on(holder).is_ok(), block_on(job).unwrap()), (true, 9));
    assert_eq!(pool.workers(), 2);
    drop(beginner);
}
