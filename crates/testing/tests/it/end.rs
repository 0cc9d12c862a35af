//! S-70: the end of a simulation is that of a runner, and it ends.

use asyncio_core::yield_now;
use asyncio_executor::create_task;
use asyncio_pool::{ThreadJob, ThreadPoolExecutor, to_thread};
use asyncio_reactor::{now, sleep};
use asyncio_runtime::try_running_loop;
use asyncio_testing::{Simulation, StallKind};
use futures::executor::block_on;
use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// Notes its drop, and whether the loop was running.
struct Noted(&'static str, Rc<RefCell<Vec<(&'static str, bool)>>>);

impl Drop for Noted {
    fn drop(&mut self) {
        let is_running = try_running_loop().is_some_and(|event_loop| event_loop.is_running());
        self.1.borrow_mut().push((self.0, is_running));
    }
}

#[test]
fn tasks_that_are_left_are_cancelled_and_awaited_in_the_order_of_their_creation() {
    let log = Rc::default();
    let noted = |name| Noted(name, Rc::clone(&log));
    let run = Simulation::new(0).run(async || {
        for name in ["first", "second"] {
            let noted = noted(name);
            drop(create_task(async move {
                let _noted = noted;
                pending::<()>().await;
            }));
        }
        yield_now().await;
    });
    run.unwrap();
    assert_eq!(log.take(), [("first", true), ("second", true)]);
}

#[test]
fn tasks_of_a_program_that_is_stuck_end_in_the_same_way() {
    let log = Rc::default();
    let noted = Noted("task", Rc::clone(&log));
    let run = Simulation::new(5).run(async || {
        drop(create_task(async move {
            let _noted = noted;
            pending::<()>().await;
        }));
        pending::<()>().await;
    });
    let stall = run.unwrap_err();
    assert_eq!((stall.kind(), stall.tasks().len()), (StallKind::Deadlock, 2));
    assert_eq!(log.take(), [("task", true)]);
}

#[test]
fn jobs_that_wait_for_a_thread_run_at_the_end() {
    let dropped = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&dropped);
    let run = Simulation::new(0).run(async move || {
        drop(to_thread(move || counted.fetch_add(1, Relaxed)));
        Some(to_thread(|| 6))
    });
    assert_eq!(block_on(run.unwrap().unwrap()).unwrap(), 6);
    assert_eq!(dropped.load(Relaxed), 0, "the job of a future that was dropped does not run");
}

#[test]
fn an_end_that_never_ends_is_a_stall() {
    thread_local! {
        static HELD: RefCell<Vec<ThreadJob<()>>> = RefCell::default();
        // The default pool takes no new jobs when its loop ends; this one does.
        static POOL: ThreadPoolExecutor = ThreadPoolExecutor::new(1);
    }
    fn again() {
        let job = POOL.with(|pool| pool.submit(|()| again(), ()));
        HELD.with_borrow_mut(|held| held.push(job));
    }
    let stall = Simulation::new(0).step_limit(1_000).run(async || again()).unwrap_err();
    assert_eq!(stall.kind(), StallKind::StepLimit);
    assert!(HELD.take().len() > 100);
}

#[test]
fn the_end_takes_no_steps_from_the_program() {
    let run = Simulation::new(0).step_limit(2).run(async || {
        drop(create_task(pending::<()>()));
        yield_now().await;
        now()
    });
    assert_eq!(run.unwrap_err().kind(), StallKind::StepLimit, "three polls");
    let run = Simulation::new(0).step_limit(4).run(async || {
        drop(create_task(sleep(Duration::MAX)));
        yield_now().await;
    });
    run.unwrap();
}
