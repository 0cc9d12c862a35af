//! S-36, what `run` does at its end: leftover tasks, stuck threads, drops that go on scheduling.

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

#[test]
fn the_loop_turns_while_its_default_pool_ends() {
    let (tell, told) = mpsc::channel();
    asyncio::run(async {
        let handle = asyncio::running_loop().handle();
        let (started, start) = asyncio::promise();
        let (go, gate) = mpsc::channel::<()>();
        let job = asyncio::to_thread(move || {
            start.resolve(()).unwrap();
            // Goes on when this future has been dropped, that is, when the main future is done.
            let _gone = gate.recv();
            tell.send(handle.create_task(|| async { 42 }).unwrap().wait()).unwrap();
        });
        started.await.unwrap();
        drop((job, go));
    });
    // Its task may have come before the end, which has cancelled it then; it was answered in any case.
    let answer = told.recv().unwrap();
    assert!(answer.as_ref().map_or_else(|error| error.is_cancelled(), |value| *value == 42));
}

#[test]
fn a_report_that_is_no_panic_does_not_fail_a_runner() {
    let mut runner = Runner::builder().fail_on_lost_panic(true).build().unwrap();
    runner.event_loop().set_exception_handler(|_| ());
    runner.run(async {
        let report = asyncio::ExceptionContext::from_error("accepting pauses", &"EMFILE");
        asyncio_core::exception::report(&report);
    });
    runner.close();
}

#[test]
fn a_panic_of_another_loop_of_the_thread_does_not_fail_a_runner() {
    let runner = Runner::builder().fail_on_lost_panic(true).build().unwrap();
    let other = asyncio::EventLoop::new().unwrap();
    other.set_exception_handler(|_| ());
    drop(other.call_soon(|| panic!("elsewhere")));
    other.run_until_complete(asyncio::yield_now()).unwrap();
    runner.close();
}

/// Creates two tasks like its own when it is dropped.
struct Doubles(Rc<Cell<u64>>);

impl Drop for Doubles {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        for _ in 0..2 {
            let next = Self(Rc::clone(&self.0));
            drop(asyncio::create_task(async move {
                let _kept = next;
                std::future::pending::<()>().await;
            }));
        }
    }
}

#[test]
fn the_end_of_a_run_is_bounded_though_each_drop_spawns_two_tasks() {
    let drops = Rc::new(Cell::new(0));
    let counted = Rc::clone(&drops);
    let mut runner = Runner::builder().build().unwrap();
    runner.event_loop().set_exception_handler(|_| ());
    runner.run(async move {
        let first = Doubles(counted);
        drop(asyncio::create_task(async move {
            let _kept = first;
            std::future::pending::<()>().await;
        }));
        asyncio::yield_now().await;
    });
    drop(runner);
    assert!(drops.get() < 5_000, "{} drops", drops.get());
}

/// Ends every run by a panic of the loop itself.
#[derive(Debug)]
struct Broken;

impl asyncio_executor::policy::Policy for Broken {
    fn pick(&mut self, _: &asyncio_executor::policy::Candidates<'_>) -> Option<usize> {
        panic!("the loop cannot go on")
    }
}

#[test]
fn a_runner_that_is_dropped_by_the_panic_of_its_loop_does_not_abort() {
    let run = || {
        let mut runner = Runner::builder().build().unwrap();
        runner.event_loop().set_exception_handler(|_| ());
        runner.event_loop().set_policy(Some(Box::new(Broken)));
        runner.run(async { drop(asyncio::create_task(std::future::pending::<()>())) });
    };
    let payload = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(asyncio_core::exception::panic_message(&*payload), "the loop cannot go on");
}

/// Closes its loop when it is dropped, and then uses what the loop still has.
struct Closes(asyncio::EventLoop);

impl Drop for Closes {
    fn drop(&mut self) {
        self.0.close();
        // The reactor is there until the first close ends.
        drop(asyncio::sleep(Duration::from_secs(1)));
    }
}

#[test]
fn a_close_inside_of_a_close_leaves_the_rest_to_that() {
    let event_loop = asyncio::EventLoop::new().unwrap();
    let reports = Rc::new(Cell::new(0));
    let counted = Rc::clone(&reports);
    event_loop.set_exception_handler(move |_| counted.set(counted.get() + 1));
    for _ in 0..2 {
        let closes = Closes(event_loop.clone());
        drop(event_loop.create_task(async move {
            let _kept = closes;
            std::future::pending::<()>().await;
        }));
    }
    event_loop.run_until_complete(asyncio::yield_now()).unwrap();
    event_loop.close();
    assert_eq!(reports.get(), 0);
}

#[test]
#[should_panic(expected = "1 panics that nobody awaited")]
fn a_panic_whose_error_is_dropped_after_the_run_fails_a_runner_that_was_told_so() {
    let mut runner = Runner::builder().fail_on_lost_panic(true).build().unwrap();
    runner.event_loop().set_exception_handler(|_| ());
    let task = runner.event_loop().create_task(async { panic!("lost") });
    drop::<Result<(), _>>(runner.run(task));
    runner.close();
}
