//! S-44, programs that never end: the report names every task, where it came from and what it waits for.

use asyncio_core::{Instant, promise, yield_now};
use asyncio_executor::{Handle, Task, create_task};
use asyncio_pool::{ThreadJob, to_thread};
use asyncio_reactor::{now, sleep, timeout};
use asyncio_runtime::{running_loop, try_running_loop};
use asyncio_testing::{Simulation, StallKind};
use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

#[test]
fn deadlock_names_every_blocked_task_with_its_place_and_what_it_waits_for() {
    let mut lines = (0, 0, 0);
    let stall = Simulation::new(0)
        .run(async || {
            sleep(Duration::from_secs(5)).await;
            let (never, resolver) = promise::<()>();
            let waiting = Task::builder().name("waiting").spawn(async move {
                let _keep = resolver;
                never.await.unwrap();
            });
            lines.0 = line!() - 4;
            let asleep = create_task(sleep(Duration::MAX));
            lines.1 = line!() - 1;
            let finished = create_task(async {});
            finished.await.unwrap();
            drop(asleep);
            lines.2 = line!() + 1;
            waiting.await.unwrap();
        })
        .unwrap_err();
    assert_eq!(stall.kind(), StallKind::Deadlock);
    assert_eq!(stall.at(), Instant::from_nanos(5_000_000_000));
    let report = stall.to_string();
    let report_lines: Vec<&str> = report.lines().collect();
    assert!(
        report_lines[0].starts_with("deadlock: every task is blocked and no timer is set"),
        "{report}"
    );
    assert!(
        report_lines[0].ends_with("at 5.000000000s"),
        "a seed that chose nothing is not named: {report}"
    );
    assert_eq!(report_lines.len(), 4, "the finished task is not among them: {report}");
    let place = |line| format!("stall.rs:{line}:");
    assert!(
        report_lines[1].contains("Task-1")
            && report_lines[1].contains("waits for task `waiting` at"),
        "{report}"
    );
    assert!(report_lines[1].contains(&place(lines.2)), "the place of the `.await`: {report}");
    assert!(
        report_lines[2].contains("waiting (created at")
            && report_lines[2].contains(&place(lines.0)),
        "{report}"
    );
    assert!(report_lines[2].contains("waits for a promise"), "{report}");
    assert!(
        report_lines[3].contains("Task-3") && report_lines[3].contains(&place(lines.1)),
        "{report}"
    );
    assert!(report_lines[3].contains("a timer that never fires"), "{report}");
    assert_eq!(stall.tasks().len(), 3);
    assert_eq!(stall.tasks()[1].name(), "waiting");
}

#[test]
fn two_tasks_that_await_each_other_are_both_named() {
    let stall = Simulation::new(3)
        .run(async || {
            let slot: Rc<Cell<Option<Task<()>>>> = Rc::default();
            let other = Rc::clone(&slot);
            let first = create_task(async move {
                yield_now().await;
                other.take().unwrap().await.unwrap();
            });
            slot.set(Some(create_task(async move { first.await.unwrap() })));
            pending::<()>().await;
        })
        .unwrap_err();
    let report = stall.to_string();
    assert!(report.contains("waits for task 3") && report.contains("waits for task 2"), "{report}");
    assert!(report.contains("something foreign (a future that tells nothing)"), "{report}");
    assert_eq!(stall.seed(), 3);
}

#[test]
fn spinning_task_is_ended_by_the_limit_of_steps() {
    for seed in [0, 1] {
        let polls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&polls);
        let stall = Simulation::new(seed)
            .step_limit(1_000)
            .run(async move || {
                drop(create_task(pending::<()>()));
                loop {
                    counted.set(counted.get() + 1);
                    yield_now().await;
                }
            })
            .map(|(): ()| ())
            .unwrap_err();
        assert_eq!(stall.kind(), StallKind::StepLimit);
        assert_eq!(polls.get(), 999, "one step went to the other task");
        let report = stall.to_string();
        assert!(report.starts_with("step limit reached"), "{report}");
        assert_eq!(stall.tasks().len(), 2);
    }
}

/// The program does something in the background that never ends, while virtual time stands still.
fn never_ends(seed: u64, begin: impl FnOnce()) {
    let stall = Simulation::new(seed).step_limit(1_000).run(async || {
        begin();
        sleep(Duration::from_secs(1)).await;
        now()
    });
    assert_eq!(stall.unwrap_err().kind(), StallKind::StepLimit, "seed {seed}");
}

#[test]
fn callbacks_that_schedule_themselves_reach_the_limit() {
    fn again() {
        drop(running_loop().call_soon(again));
    }
    for seed in [0, 1] {
        never_ends(seed, again);
    }
}

#[test]
fn posts_that_post_themselves_reach_the_limit() {
    fn again(handle: &Handle) {
        let next = handle.clone();
        handle.call_soon(move || again(&next)).unwrap();
    }
    for seed in [0, 1] {
        never_ends(seed, || again(&running_loop().handle()));
    }
}

#[test]
fn jobs_that_submit_themselves_reach_the_limit() {
    thread_local! {
        static HELD: RefCell<Option<ThreadJob<()>>> = const { RefCell::new(None) };
    }
    fn again() {
        drop(HELD.replace(Some(to_thread(again))));
    }
    for seed in [0, 1] {
        never_ends(seed, again);
    }
    drop(HELD.take());
}

#[test]
fn timers_that_set_themselves_reach_the_limit() {
    fn again() {
        drop(running_loop().call_later(Duration::ZERO, again));
    }
    for seed in [0, 1] {
        never_ends(seed, again);
    }
}

#[test]
fn program_within_the_limit_ends_well() {
    let ended = Simulation::new(0).step_limit(3).run(async || {
        yield_now().await;
        yield_now().await;
        7
    });
    assert_eq!(ended.unwrap(), 7);
}

#[test]
fn stopped_loop_is_a_kind_of_its_own() {
    let stall = Simulation::new(0)
        .run(async || {
            try_running_loop().unwrap().stop();
            pending::<()>().await;
        })
        .unwrap_err();
    assert_eq!(stall.kind(), StallKind::Stopped);
}

#[test]
fn timeout_around_a_deadlock_is_no_deadlock() {
    let waited = Simulation::new(0).run(async || {
        assert!(timeout(Duration::from_secs(60), pending::<()>()).await.is_err());
        now()
    });
    assert_eq!(waited.unwrap(), Instant::from_nanos(60_000_000_000));
}
