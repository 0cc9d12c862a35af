//! The simulated world itself: its clock, its seeds, its pool, and that nothing of it leaks out.

use asyncio_core::{Instant, yield_now};
use asyncio_executor::create_task;
use asyncio_pool::{ThreadPoolExecutor, to_thread};
use asyncio_reactor::{interval, now, sleep};
use asyncio_runtime::try_running_loop;
use asyncio_testing::Simulation;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

#[test]
fn hour_of_sleep_is_an_hour_of_virtual_time() {
    let ticks = Simulation::new(0).run(async || {
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(now(), Instant::from_nanos(3_600_000_000_000));
        let mut seconds = interval(Duration::from_secs(1));
        let mut ticks = 0;
        while now() < Instant::from_nanos(2 * 3_600_000_000_000) {
            seconds.tick().await;
            ticks += 1;
        }
        ticks
    });
    assert_eq!(ticks.unwrap(), 3_601);
}

/// The order in which five tasks, each with a few steps, take their turns.
fn order(seed: u64) -> Vec<usize> {
    let run = Simulation::new(seed).run(async || {
        let steps = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let steps = Rc::clone(&steps);
                create_task(async move {
                    for _ in 0..4 {
                        steps.borrow_mut().push(number);
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        steps.take()
    });
    run.unwrap()
}

#[test]
fn seeds_differ_and_each_repeats() {
    let orders: Vec<_> = (1..40).map(order).collect();
    for (seed, first) in (1..40).zip(&orders) {
        assert_eq!(order(seed), *first, "seed {seed}");
    }
    let mut distinct = orders;
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() > 35, "{} orders of 39 seeds", distinct.len());
}

#[test]
fn seed_zero_is_first_in_first_out() {
    let rounds: Vec<usize> = (0..4).flat_map(|_| 0..5).collect();
    assert_eq!(order(0), rounds);
}

#[test]
fn jobs_of_a_pool_run_inline_in_their_order_and_take_no_time() {
    let here = thread::current().id();
    Simulation::new(0)
        .run(async || {
            let first = to_thread(move || thread::current().id());
            let pool = ThreadPoolExecutor::new(4);
            let jobs: Vec<_> = (0..5).map(|number| pool.submit(|n: u32| n * n, number)).collect();
            let timer = create_task(sleep(Duration::from_nanos(1)));
            yield_now().await;
            assert!(!first.is_finished(), "jobs run when nothing else is ready");
            assert_eq!(first.await.unwrap(), here);
            for (number, job) in jobs.into_iter().enumerate() {
                assert_eq!(job.await.unwrap() as usize, number * number);
            }
            assert_eq!(now(), Instant::ZERO, "before the next timer");
            timer.await.unwrap();
        })
        .unwrap();
}

#[test]
fn job_that_panics_tells_its_awaiter_alone() {
    let message = Simulation::new(0).run(async || {
        let failed = to_thread(|| std::panic::resume_unwind(Box::new("in a job")));
        let error: asyncio_pool::JobError = failed.await.map(|(): ()| ()).unwrap_err();
        assert_eq!(to_thread(|| 4).await.unwrap(), 4);
        error.panic_message().unwrap().to_owned()
    });
    assert_eq!(message.unwrap(), "in a job");
}

#[test]
fn panic_of_the_program_goes_on_and_the_next_simulation_is_untouched() {
    let payload = catch_unwind(AssertUnwindSafe(|| {
        Simulation::new(0).run(async || {
            drop(create_task(std::future::pending::<()>()));
            sleep(Duration::from_secs(1)).await;
            std::panic::resume_unwind(Box::new("the program"))
        })
    }))
    .map(|run: Result<(), _>| run.map_err(drop))
    .unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"the program"));
    assert!(try_running_loop().is_none());
    assert_eq!(Simulation::new(0).run(async || now()).unwrap(), Instant::ZERO);
}

#[test]
fn program_may_borrow_and_gives_its_value() {
    let mut text = String::from("a");
    let length = Simulation::new(5).run(async || {
        text.push('b');
        sleep(Duration::from_secs(1)).await;
        text.push('c');
        text.len()
    });
    assert_eq!((length.unwrap(), &*text), (3, "abc"));
}

#[test]
fn ids_and_names_count_from_the_start_in_each_simulation() {
    let names = || {
        let names = Simulation::new(0).run(async || create_task(async {}).name());
        names.unwrap()
    };
    assert_eq!((names(), names()), (String::from("Task-2"), String::from("Task-2")));
}
