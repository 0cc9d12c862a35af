//! Processes that do not end, calls that are not awaited, and wakers that misbehave: none holds up the others.

use crate::support::{
    Full, Meeting, Record, Visitor, block_on, call_at_exit, full, note, pool_of, square, visit,
};
use asyncio_pool::WorkerExitCause;
use asyncio_pool::process::Job;
use asyncio_pool::{ProcessPoolExecutor, Shutdown};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::RefCell;
use std::os::unix::process::CommandExt;
use std::pin::Pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};
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
    // Only one that is ready can be idle.
    let builder = builder.idle_timeout(Duration::from_millis(10));
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
        call_at_exit(hang);
        n
    }
    let builder = ProcessPoolExecutor::builder().workers(1).max_tasks_per_child(1);
    let pool = builder.build().unwrap();
    for n in 0..8 {
        assert_eq!(pool.run_blocking(ends_never, n).unwrap(), n);
        // One that works, as many that end, and four more.
        assert!(pool.worker_ids().len() <= 6, "{:?}", pool.worker_ids());
    }
    assert_eq!(pool.started_workers(), 8);
}

#[test]
fn real_an_initializer_may_take_as_long_as_it_was_given_though_its_process_is_let_go() {
    fn take_time((place, record): (String, String)) {
        visit(place);
        // Longer than a process may take to end.
        park_timeout(Duration::from_millis(5_400));
        note((record, 1));
    }
    let (meeting, record) = (Meeting::new(), Record::new());
    let arguments = (meeting.place.clone(), record.path());
    let builder = ProcessPoolExecutor::builder().workers(1).initializer(take_time, arguments);
    let pool = builder.build().unwrap();
    let job = pool.submit(square, 1);
    let visitor = meeting.wait();
    drop((job, visitor));
    pool.shutdown(Shutdown::Drain);
    assert_eq!(record.notes(), [1]);
}

#[test]
fn real_a_process_that_was_let_go_may_become_another_program() {
    static PATH: OnceLock<String> = OnceLock::new();
    fn become_another_at_exit(record: String) {
        extern "C" fn handler() {
            // Longer than one that is not let go would have.
            let script = "sleep 0.6; printf 1234 >> \"$0\"";
            let path = PATH.get().unwrap();
            let _failed = Command::new("/bin/sh").args(["-c", script, path]).exec();
        }
        PATH.set(record).unwrap();
        call_at_exit(handler);
    }
    let record = Record::new();
    let pool = pool_of(1);
    pool.run_blocking(become_another_at_exit, record.path()).unwrap();
    pool.shutdown(Shutdown::Drain);
    assert_eq!(record.notes().len(), 1);
}

#[test]
fn real_a_job_that_becomes_another_program_has_lost_its_connection() {
    fn become_another(_: ()) {
        let _failed = Command::new("/bin/sleep").arg("1000").exec();
    }
    let pool = pool_of(1);
    let error = pool.run_blocking(become_another, ()).unwrap_err();
    assert_eq!(error.exit_cause(), Some(WorkerExitCause::LostConnection), "{error}");
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
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
    let Full { pool, holder, visitor, queued } = full();
    // Longer than a helper waits for something to do.
    let mut call = pool.run(|slow: Slow| slow.0, Slow(3_500));
    assert!(Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(visitor);
    assert!(block_on(holder).is_ok() && block_on(queued).is_ok());
    assert_eq!(block_on(call).unwrap(), 3_500);
}

#[test]
fn real_one_who_is_called_to_the_queue_and_does_not_come_loses_his_turn_and_not_his_place() {
    let Full { pool, holder, visitor, queued } = full();
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

thread_local! {
    /// A job that is held, and the one behind it.
    static HELD: RefCell<Option<(Visitor, Job<u64>)>> = const { RefCell::new(None) };
}

/// A waker that takes so long to be cloned that what is held is done by then.
fn slow_to_clone() -> Waker {
    fn clone(_: *const ()) -> RawWaker {
        if let Some((visitor, behind)) = HELD.take() {
            drop(visitor);
            while !behind.is_finished() {
                std::thread::yield_now();
            }
        }
        RawWaker::new(std::ptr::null(), &RawWakerVTable::new(clone, ignore, ignore, ignore))
    }
    fn ignore(_: *const ()) {}
    #[expect(unsafe_code, reason = "a waker with a clone of its own")]
    // SAFETY: it has no data, so nothing can be done wrong with it.
    unsafe {
        Waker::from_raw(clone(std::ptr::null()))
    }
}

#[test]
fn a_job_that_is_done_while_a_waker_is_cloned_is_seen() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let mut job = pool.submit(visit, meeting.place.clone());
    let waker = slow_to_clone();
    HELD.set(Some((meeting.wait(), pool.submit(square, 3))));
    // Nobody would call the clone any more.
    assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_ready());
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
