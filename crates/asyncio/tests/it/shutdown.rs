//! What `run` does at its end: leftover tasks, stuck threads, drops that go on scheduling.

use asyncio::Runner;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Says its name when it is dropped.
struct Probe(&'static str, Rc<RefCell<Vec<&'static str>>>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

#[test]
fn leftover_tasks_are_cancelled_and_awaited_in_the_order_of_creation() {
    let log = Rc::new(RefCell::new(Vec::new()));
    asyncio::run(async {
        for name in ["first", "second"] {
            let probe = Probe(name, Rc::clone(&log));
            drop(asyncio::create_task(async move {
                std::future::pending::<()>().await;
                drop(probe);
            }));
        }
        asyncio::yield_now().await;
    });
    assert_eq!(*log.borrow(), ["first", "second"]);
}

#[test]
fn a_task_that_never_ran_is_dropped_too() {
    let log = Rc::new(RefCell::new(Vec::new()));
    asyncio::run(async {
        let probe = Probe("unpolled", Rc::clone(&log));
        drop(asyncio::create_task(async move { drop(probe) }));
    });
    assert_eq!(*log.borrow(), ["unpolled"]);
}

/// Creates a task that does the same when it is dropped.
struct Hydra(u32, Rc<Cell<u32>>);

impl Drop for Hydra {
    fn drop(&mut self) {
        self.1.set(self.1.get() + 1);
        if self.0 > 0 {
            let next = Self(self.0 - 1, Rc::clone(&self.1));
            drop(asyncio::create_task(async move {
                std::future::pending::<()>().await;
                drop(next);
            }));
        }
    }
}

#[test]
fn tasks_created_while_others_are_dropped_end_as_well() {
    let heads = Rc::new(Cell::new(0));
    asyncio::run(async {
        let hydra = Hydra(20, Rc::clone(&heads));
        drop(asyncio::create_task(async move {
            std::future::pending::<()>().await;
            drop(hydra);
        }));
        asyncio::yield_now().await;
    });
    assert_eq!(heads.get(), 21);
}

#[test]
fn tasks_that_create_tasks_for_ever_do_not_keep_the_loop() {
    let heads = Rc::new(Cell::new(0));
    asyncio::run(async {
        let hydra = Hydra(u32::MAX, Rc::clone(&heads));
        drop(asyncio::create_task(async move { drop(hydra) }));
    });
    assert!(heads.get() > 1_000, "{} rounds", heads.get());
}

#[test]
fn other_tasks_go_on_in_a_runners_next_run() {
    let mut runner = Runner::builder().build().unwrap();
    let ticks = Rc::new(Cell::new(0));
    let counter = Rc::clone(&ticks);
    let task = runner.event_loop().create_task(async move {
        loop {
            counter.set(counter.get() + 1);
            asyncio::yield_now().await;
        }
    });
    runner.run(asyncio::yield_now());
    let so_far = ticks.get();
    assert!(so_far > 0);
    runner.run(asyncio::yield_now());
    assert!(ticks.get() > so_far);
    runner.close();
    assert!(task.is_finished());
}

#[test]
fn jobs_of_the_default_executor_are_waited_for() {
    let finished = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&finished);
    asyncio::run(async move {
        let (waiting, started) = asyncio::promise();
        let (open, gate) = mpsc::channel::<()>();
        drop(asyncio::create_task(asyncio::to_thread(move || {
            started.resolve(()).unwrap();
            // The gate opens with the last step of the main future: what follows goes on beside its end.
            let _opened = gate.recv();
            (0..1_000).for_each(|_| std::thread::yield_now());
            flag.store(true, Ordering::Release);
        })));
        waiting.await.unwrap();
        drop(open);
    });
    assert!(finished.load(Ordering::Acquire), "the loop ended before its pool");
}

#[test]
fn a_stuck_thread_is_named_and_left_behind() {
    const NAME: &str = "shutdown::a_stuck_thread_is_named_and_left_behind";
    let Some(output) = crate::child::run(NAME) else {
        let mut runner =
            Runner::builder().shutdown_timeout(Duration::from_millis(50)).build().unwrap();
        return runner.run(async {
            let (waiting, started) = asyncio::promise();
            let (never, stuck) = mpsc::channel::<()>();
            drop(asyncio::create_task(asyncio::to_thread(move || {
                started.resolve(()).unwrap();
                let _ended = stuck.recv();
            })));
            waiting.await.unwrap();
            // Kept for ever, so that the thread never ends.
            Box::leak(Box::new(never));
        });
    };
    let stderr = crate::child::stderr(&output);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("still running"), "{stderr}");
    assert!(stderr.contains("a_stuck_thread_is_named_and_left_behind"), "{stderr}");
}
