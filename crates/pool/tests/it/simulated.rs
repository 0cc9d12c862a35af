//! The door of simulation: jobs run inline, in order, when whoever is behind the door decides.

use crate::support::{Drops, Stepwise, block_on, poll_once};
use asyncio_pool::{Shutdown, ThreadPoolExecutor, door};
use std::rc::Rc;
use std::thread;

#[test]
fn jobs_run_on_this_thread_when_told_and_no_thread_is_started() {
    let simulation = Rc::new(Stepwise::default());
    let _entered = door::enter(Rc::<Stepwise>::clone(&simulation));
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
    let _entered = door::enter(Rc::<Stepwise>::clone(&simulation));
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

#[test]
fn a_job_thrown_away_resolves_its_future() {
    let simulation = Rc::new(Stepwise::default());
    let _entered = door::enter(Rc::<Stepwise>::clone(&simulation));
    let job = ThreadPoolExecutor::new(1).submit(|()| (), ());
    simulation.clear();
    let error = block_on(job).unwrap_err();
    assert!(error.is_cancelled() && !error.is_shut_down());
}

#[test]
fn the_guard_closes_the_door_again() {
    let pool = ThreadPoolExecutor::new(1);
    {
        let outer = Rc::new(Stepwise::default());
        let _outer = door::enter(Rc::<Stepwise>::clone(&outer));
        drop(door::enter(Rc::new(Stepwise::default())));
        drop(pool.submit(|()| (), ()));
        assert_eq!(outer.waiting(), 1);
    }
    assert_eq!(block_on(pool.submit(|()| 1, ())).unwrap(), 1);
    assert_eq!(pool.workers(), 1);
}
