//! Processes that do not end, calls that are not awaited, and wakers that misbehave: none holds up the others.

use crate::support::{Meeting, block_on, pool_of, square, visit};
use asyncio_pool::{ProcessPoolExecutor, Shutdown};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Wake, Waker};
use std::thread::park_timeout;
use std::time::Duration;

fn for_ever(_: ()) {
    loop {
        std::thread::park();
    }
}

#[test]
fn real_a_pool_drains_though_an_initializer_never_ends() {
    let builder = ProcessPoolExecutor::builder().workers(1).initializer(for_ever, ());
    let pool = builder.start_timeout(Duration::from_millis(300)).build().unwrap();
    let job = pool.submit(square, 1);
    crate::support::await_workers(&pool, 1);
    drop(job);
    pool.shutdown(Shutdown::Drain);
    assert_eq!(pool.started_workers(), 1);
}

#[test]
fn real_processes_whose_exit_never_ends_are_replaced_and_killed() {
    extern "C" fn hang() {
        for_ever(());
    }
    fn ends_never(n: u64) -> u64 {
        #[expect(unsafe_code, reason = "atexit(3)")]
        // SAFETY: the handler is a function of the program, which stays loaded.
        unsafe {
            libc::atexit(hang);
        }
        n
    }
    let builder = ProcessPoolExecutor::builder().workers(1).max_tasks_per_child(1);
    let pool = builder.build().unwrap();
    for n in 0..8 {
        assert_eq!(pool.run_blocking(ends_never, n).unwrap(), n);
    }
    assert_eq!(pool.started_workers(), 8);
}

/// Takes its time to be written.
struct Slow(u64);

impl Serialize for Slow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        park_timeout(Duration::from_millis(self.0));
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Slow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

#[test]
fn real_a_call_that_was_promised_room_may_take_long_to_be_written() {
    let pool = ProcessPoolExecutor::builder().workers(1).queue_bound(1).build().unwrap();
    let meeting = Meeting::new();
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let queued = pool.submit(square, 1);
    // Longer than a helper waits for something to do.
    let mut call = pool.run(|slow: Slow| slow.0, Slow(3_500));
    assert!(Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(visitor);
    assert!(block_on(holder).is_ok() && block_on(queued).is_ok());
    assert_eq!(block_on(call).unwrap(), 3_500);
}

#[test]
fn real_one_who_is_called_to_the_queue_and_does_not_come_loses_his_turn_and_not_his_place() {
    let pool = ProcessPoolExecutor::builder().workers(1).queue_bound(1).build().unwrap();
    let meeting = Meeting::new();
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let queued = pool.submit(square, 1);
    let mut forgotten = [2, 3].map(|n| pool.run(square, n));
    for call in &mut forgotten {
        assert!(Pin::new(call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let mut behind = pool.run(square, 4);
    assert!(Pin::new(&mut behind).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(visitor);
    assert!(block_on(holder).is_ok() && block_on(queued).is_ok());
    assert_eq!(asyncio_reactor::block_on(behind).unwrap().unwrap(), 16);
    let [second, first] = forgotten;
    assert_eq!(block_on(first).unwrap(), 9);
    assert_eq!(block_on(second).unwrap(), 4);
    assert_eq!(pool.run_blocking(square, 5).unwrap(), 25);
}

/// Panics when it is called, as if the executor behind it were broken.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_costs_neither_its_driver_nor_other_jobs() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    for _ in 0..3 {
        let mut first = pool.submit(visit, meeting.place.clone());
        let second = pool.submit(square, 2);
        let waker = Waker::from(Arc::new(Bomb));
        assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(meeting.wait());
        assert_eq!(block_on(second).unwrap(), 4);
        assert!(first.is_finished());
    }
}

/// Asks the pool something when it is dropped.
struct Curious {
    pool: ProcessPoolExecutor,
    dropped: Arc<AtomicUsize>,
}

impl Wake for Curious {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Curious {
    fn drop(&mut self) {
        let before = self.dropped.fetch_add(self.pool.max_workers(), Relaxed);
        assert!(before > 0, "one that panics costs nobody else");
    }
}

#[test]
fn the_end_of_a_pool_keeps_the_last_waker_only_and_drops_the_others_without_a_lock() {
    let pool = pool_of(1);
    let dropped = Arc::new(AtomicUsize::new(0));
    let meeting = Meeting::new();
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let mut closing = pool.shutdown(Shutdown::Drain);
    for _ in 0..10 {
        let curious = Curious { pool: pool.clone(), dropped: Arc::clone(&dropped) };
        let waker = Waker::from(Arc::new(curious));
        assert!(Pin::new(&mut closing).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(dropped.load(Relaxed), 9);
    drop(closing);
    assert_eq!(dropped.load(Relaxed), 10);
    drop(visitor);
    assert!(block_on(holder).is_ok());
    block_on(pool.shutdown(Shutdown::Drain));
}

#[test]
fn a_loop_that_asks_again_and_again_whether_a_job_is_done_is_told_so() {
    let pool = pool_of(1);
    asyncio_reactor::block_on(async {
        let job = pool.submit(square, 3);
        while !job.is_finished() {
            std::thread::yield_now();
        }
        assert_eq!(job.await.unwrap(), 9);
    })
    .unwrap();
}
