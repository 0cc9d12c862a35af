//! A program that panics: its seed is printed, its tasks end in their world, and nothing of it stays.

use crate::child;
use asyncio_executor::create_task;
use asyncio_reactor::sleep;
use asyncio_runtime::try_running_loop;
use asyncio_testing::Simulation;
use std::cell::Cell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

fn panics(seed: u64) {
    let run: Result<(), _> = Simulation::new(seed).run(async || {
        sleep(Duration::from_secs(1)).await;
        panic!("an assertion of the program");
    });
    run.unwrap();
}

#[test]
fn the_seed_is_printed_on_standard_error() {
    let Some(mut child) = child::command("panics::the_seed_is_printed_on_standard_error") else {
        assert!(catch_unwind(|| panics(0)).is_err());
        return panics(7);
    };
    let output = child.output().unwrap();
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> =
        stderr.lines().filter(|line| line.starts_with("asyncio-testing:")).collect();
    let expected = [
        "asyncio-testing: the simulation in the order of the real loop panicked; \
         `Simulation::new(0)` replays it",
        "asyncio-testing: the simulation with seed 7 panicked; `Simulation::new(7)` replays it",
    ];
    assert_eq!(lines, expected, "{stderr}");
}

#[test]
fn a_closed_standard_error_makes_no_other_panic_of_it() {
    let Some(mut child) =
        child::command("panics::a_closed_standard_error_makes_no_other_panic_of_it")
    else {
        std::panic::set_hook(Box::new(|_| {}));
        // The pipe has no reader when this byte has come.
        std::io::Read::read_exact(&mut std::io::stdin(), &mut [0]).unwrap();
        let caught = catch_unwind(|| panics(7)).unwrap_err();
        let message = caught.downcast_ref::<&str>().unwrap();
        std::process::exit(if *message == "an assertion of the program" { 42 } else { 1 });
    };
    let mut child = child.stdin(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"!").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(42));
}

#[test]
fn tasks_of_a_program_that_panics_end_while_its_loop_runs() {
    struct Noted<'a>(&'a Cell<bool>);
    impl Drop for Noted<'_> {
        fn drop(&mut self) {
            self.0.set(try_running_loop().is_some_and(|event_loop| event_loop.is_running()));
        }
    }
    let in_a_run: &'static Cell<bool> = Box::leak(Box::default());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        Simulation::new(0).run(async || {
            let noted = Noted(in_a_run);
            drop(create_task(async move {
                let _noted = noted;
                pending::<()>().await;
            }));
            sleep(Duration::from_secs(1)).await;
            std::panic::resume_unwind(Box::new("the program"))
        })
    }));
    let caught: Result<Result<(), _>, _> = caught;
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"the program"));
    assert!(in_a_run.get());
    assert!(try_running_loop().is_none());
}

#[test]
fn a_simulation_inside_a_simulation_is_refused_and_leaves_the_outer_one_alone() {
    let sum = Simulation::new(3).run(async || {
        let refused = catch_unwind(AssertUnwindSafe(|| Simulation::new(4).run(async || 1)));
        assert!(refused.is_err());
        sleep(Duration::from_secs(1)).await;
        create_task(async { 2 }).await.unwrap()
    });
    assert_eq!(sum.unwrap(), 2);
}
