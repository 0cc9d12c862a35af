//! The queue: its bound, the line before it, and priorities.

use crate::support::{Full, Meeting, Record, block_on, full, note, visit};
use asyncio_pool::process::{Priority, Rejection};
use asyncio_pool::{ProcessPoolExecutor, Shutdown};
use futures::FutureExt;
use futures::future::join_all;
use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

fn bounded(bound: usize) -> ProcessPoolExecutor {
    ProcessPoolExecutor::builder().workers(1).queue_bound(bound).build().unwrap()
}

#[test]
fn a_full_queue_gives_the_arguments_back() {
    let pool = bounded(2);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let first = pool.try_run(note, (record.path(), 1)).unwrap();
    let second = pool.try_run(note, (record.path(), 2)).unwrap();
    let rejected = pool.try_run(note, (record.path(), 3)).unwrap_err();
    assert_eq!(rejected.reason(), Rejection::Full);
    assert_eq!(rejected.into_args().1, 3);
    drop(first);
    let third = pool.try_run(note, (record.path(), 3)).unwrap();
    drop(visitor);
    block_on(holder).unwrap();
    assert_eq!((block_on(second).unwrap(), block_on(third).unwrap()), (2, 3));
    assert_eq!(record.notes(), [2, 3]);
}

#[test]
fn calls_wait_for_room_and_are_served_in_the_order_of_their_coming() {
    let pool = bounded(1);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let queued = pool.submit(note, (record.path(), 0));
    let mut calls: Vec<_> = (1..10).map(|n| pool.run(note, (record.path(), n))).collect();
    for call in &mut calls {
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(call).poll(&mut context).is_pending());
    }
    drop(calls.remove(4));
    let late = pool.try_run(note, (record.path(), 99));
    assert_eq!(late.unwrap_err().reason(), Rejection::Full, "others came before");
    drop(visitor);
    let all = block_on(join_all(calls));
    assert!(all.iter().all(Result::is_ok));
    block_on(holder).unwrap();
    block_on(queued).unwrap();
    assert_eq!(record.notes(), [0, 1, 2, 3, 4, 6, 7, 8, 9]);
}

#[test]
fn a_newcomer_does_not_take_the_room_of_those_who_wait() {
    let Full { pool, holder, visitor, queued } = full();
    let mut call = pool.run(|n: u32| n, 1);
    assert!((&mut call).now_or_never().is_none());
    drop(queued);
    // There is room, and somebody was called to take it, who comes later.
    let newcomer = pool.try_run(|n: u32| n, 2);
    assert_eq!(newcomer.unwrap_err().reason(), Rejection::Full);
    let mut second = pool.run(|n: u32| n, 3);
    assert!((&mut second).now_or_never().is_none());
    drop(call);
    assert!((&mut second).now_or_never().is_none());
    assert_eq!(pool.waiting_jobs(), 1, "the next one has come");
    drop(visitor);
    assert_eq!((block_on(holder).is_ok(), block_on(second).unwrap()), (true, 3));
}

#[test]
fn a_place_that_is_promised_is_taken_while_its_job_is_written() {
    thread_local! {
        static POOL: RefCell<Option<ProcessPoolExecutor>> = const { RefCell::new(None) };
    }
    /// Looks for room while it is written.
    #[derive(serde::Deserialize)]
    struct Greedy(bool);
    impl serde::Serialize for Greedy {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let pool = POOL.take().unwrap();
            let is_full = pool.try_run(|n: u32| n, 2).is_err();
            POOL.set(Some(pool));
            serializer.serialize_newtype_struct("Greedy", &is_full)
        }
    }
    let pool = bounded(1);
    let meeting = Meeting::new();
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    POOL.set(Some(pool.clone()));
    let call = pool.try_run(|was_full: Greedy| was_full.0, Greedy(false)).unwrap();
    drop((visitor, POOL.take()));
    assert_eq!((block_on(holder).is_ok(), block_on(call).unwrap()), (true, true));
}

#[test]
fn real_a_deadline_ends_the_wait_for_room() {
    let Full { pool, holder, visitor, queued } = full();
    let record = Record::new();
    let call = || pool.job(note).deadline(Duration::from_millis(30)).run((record.path(), 1));
    assert!(block_on(call()).unwrap_err().is_timed_out());
    assert!(asyncio_reactor::block_on(call()).unwrap().unwrap_err().is_timed_out());
    drop(visitor);
    assert!(block_on(holder).is_ok() && block_on(queued).is_ok());
    assert_eq!((pool.run_blocking(|n: u32| n, 3).unwrap(), record.notes()), (3, vec![]));
}

#[test]
fn a_call_that_waits_for_room_wakes_nobody_before_there_is_some() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let Full { pool, holder, visitor, queued } = full();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    let mut call = pool.run(|n: u32| n, 1);
    for _ in 0..5 {
        assert!(Pin::new(&mut call).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(count.0.load(SeqCst), 0);
    drop(visitor);
    assert!(block_on(holder).is_ok() && block_on(queued).is_ok());
    assert_eq!(block_on(call).unwrap(), 1);
}

#[test]
fn more_workers_than_there_can_be_and_times_without_end_are_as_many_and_as_long_as_possible() {
    let ages = Duration::from_secs(1 << 55);
    let builder = ProcessPoolExecutor::builder().workers(usize::MAX).queue_bound(usize::MAX);
    let pool = builder.start_timeout(ages).idle_timeout(ages).build().unwrap();
    for n in 0..10_u64 {
        let job = pool.job(|n: u64| n + 1).timeout(ages).deadline(ages);
        assert_eq!(job.run_blocking(n).unwrap(), n + 1);
    }
    assert_eq!(pool.started_workers(), 1);
}

#[test]
fn thousands_of_calls_pass_a_small_queue() {
    let pool = ProcessPoolExecutor::builder().workers(2).queue_bound(3).build().unwrap();
    let all = block_on(join_all((0..3_000_u64).map(|n| pool.run(|n: u64| n + 1, n))));
    for (n, result) in (0..).zip(all) {
        assert_eq!(result.unwrap(), n + 1);
    }
}

#[test]
fn a_job_that_could_not_be_written_gives_its_place_back() {
    #[derive(serde::Deserialize)]
    struct NoWay;
    impl serde::Serialize for NoWay {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("there is no way"))
        }
    }
    let pool = bounded(2);
    for _ in 0..10 {
        assert!(block_on(pool.run(|_: NoWay| 1, NoWay)).unwrap_err().is_encode());
        assert!(block_on(pool.try_run(|_: NoWay| 1, NoWay).unwrap()).unwrap_err().is_encode());
    }
    assert_eq!(block_on(pool.run(|n: u32| n, 1)).unwrap(), 1);
}

#[test]
fn those_who_wait_for_room_hear_of_the_end() {
    let Full { pool, holder, visitor, queued } = full();
    let mut call = pool.run(|n: u32| n, 1);
    assert!(Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let closing = pool.shutdown(Shutdown::CancelPending);
    assert!(block_on(call).unwrap_err().is_shut_down());
    assert!(block_on(queued).unwrap_err().is_shut_down());
    let rejected = pool.try_run(|n: u32| n, 7).unwrap_err();
    assert_eq!((rejected.reason(), rejected.into_args()), (Rejection::ShutDown, 7));
    drop(visitor);
    block_on(closing);
    assert!(block_on(holder).is_ok(), "what runs comes to its end");
}

#[test]
fn those_who_wait_for_room_hear_of_an_end_that_takes_its_time() {
    let Full { pool, holder, visitor, queued } = full();
    let mut call = pool.run(|n: u32| n, 1);
    assert!((&mut call).now_or_never().is_none());
    let closing = pool.shutdown(Shutdown::Drain);
    let refused = call.now_or_never().expect("there is nothing to wait for");
    assert!(refused.unwrap_err().is_shut_down());
    drop(visitor);
    block_on(closing);
    assert!(block_on(holder).is_ok() && block_on(queued).is_ok());
}

#[test]
fn jobs_of_a_higher_priority_come_first_and_of_the_same_in_order() {
    let pool = bounded(100);
    let (meeting, record) = (Meeting::new(), Record::new());
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let priorities = [Priority::Low, Priority::Normal, Priority::High];
    let jobs: Vec<_> = (0..9)
        .map(|n| pool.job(note).priority(priorities[n as usize % 3]).submit((record.path(), n)))
        .collect();
    drop(visitor);
    block_on(holder).unwrap();
    jobs.into_iter().for_each(|job| assert!(block_on(job).is_ok()));
    assert_eq!(record.notes(), [2, 5, 8, 1, 4, 7, 0, 3, 6]);
}
