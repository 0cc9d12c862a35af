//! The door of simulation: jobs run inline, in order, when whoever is behind the door decides.

use crate::support::{Drops, Stepwise, block_on, poll_once};
use asyncio_pool::{Shutdown, ThreadPoolExecutor, simulation};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};
use std::thread;

#[test]
fn jobs_run_on_this_thread_when_told_and_no_thread_is_started() {
    let simulation = Rc::new(Stepwise::default());
    let _entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
    let pool = ThreadPoolExecutor::new(4);
    let mut first = pool.submit(|()| thread::current().id(), ());
    let mut second = pool.submit(|n| n + 1, 1);
    assert!(poll_once(&mut first).is_pending());
    simulation.step();
    assert!(poll_once(&mut second).is_pending());
    assert_eq!(block_on(first).unwrap(), thread::current().id());
    simulation.step();
    assert_eq!(block_on(second).unwrap(), 2);
    assert_eq!(pool.workers(), 0);
}

#[test]
fn cancel_panic_and_shutdown_mean_the_same_as_on_threads() {
    let simulation = Rc::new(Stepwise::default());
    let _entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
    let pool = ThreadPoolExecutor::new(1);
    let drops = Drops::default();
    drop(pool.submit(|_probe| unreachable!("it was taken back"), drops.probe()));
    assert_eq!(drops.count(), 1);
    simulation.step();
    let bad = pool.submit(|()| panic!("bad"), ());
    simulation.step();
    assert!(block_on(bad).unwrap_err().is_panicked());
    pool.shutdown(Shutdown::Drain);
    assert!(block_on(pool.submit(|()| (), ())).unwrap_err().is_shut_down());
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_job_thrown_away_resolves_its_future_and_wakes_who_awaits_it() {
    let simulation = Rc::new(Stepwise::default());
    let _entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
    let drops = Drops::default();
    let mut job = ThreadPoolExecutor::new(1).submit(drop, drops.probe());
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
    simulation.clear();
    assert_eq!((wakes.0.load(SeqCst), drops.count()), (1, 1));
    let error = block_on(job).unwrap_err();
    assert!(error.is_cancelled() && !error.is_shut_down());
}

#[test]
fn the_guard_closes_the_door_again() {
    let pool = ThreadPoolExecutor::new(1);
    {
        let outer = Rc::new(Stepwise::default());
        let _outer = simulation::enter(Rc::<Stepwise>::clone(&outer));
        drop(simulation::enter(Rc::new(Stepwise::default())));
        drop(pool.submit(|()| (), ()));
        assert_eq!(outer.waiting(), 1);
    }
    assert_eq!(block_on(pool.submit(|()| 1, ())).unwrap(), 1);
    assert_eq!(pool.workers(), 1);
}

#[test]
fn an_end_that_cancels_what_waits_cancels_what_waits_behind_the_door() {
    for how in [Shutdown::CancelPending, Shutdown::Now] {
        let simulation = Rc::new(Stepwise::default());
        let _entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
        let (pool, other, drops) =
            (ThreadPoolExecutor::new(1), ThreadPoolExecutor::new(1), Drops::default());
        let ran = pool.submit(|()| "ran", ());
        simulation.step();
        let waits = pool.submit(|_probe| unreachable!("it was cancelled"), drops.probe());
        let elsewhere = other.submit(|()| "elsewhere", ());
        pool.shutdown(how);
        assert_eq!(drops.count(), 1, "here and not when the simulation gets to it");
        assert!(block_on(waits).unwrap_err().is_shut_down());
        assert_eq!(simulation.run_all(), 2);
        assert_eq!(block_on(ran).unwrap(), "ran");
        assert_eq!(block_on(elsewhere).unwrap(), "elsewhere");
    }
}

#[test]
fn a_drain_does_not_wait_for_the_door_and_cancels_nothing_behind_it() {
    let simulation = Rc::new(Stepwise::default());
    let _entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
    let pool = ThreadPoolExecutor::new(1);
    let job = pool.submit(|()| "ran", ());
    pool.shutdown(Shutdown::Drain);
    drop(pool);
    simulation.step();
    assert_eq!(block_on(job).unwrap(), "ran");
}
