//! The simulated world itself: its clock, its seeds, its pool, and that nothing of it leaks out.

use asyncio_core::{Instant, random, yield_now};
use asyncio_executor::create_task;
use asyncio_pool::{ThreadPoolExecutor, to_thread};
use asyncio_reactor::{interval, now, sleep};
use asyncio_runtime::try_running_loop;
use asyncio_testing::Simulation;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
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

/// What runs first: of two tasks, and of three jobs that wait beside them.
fn jobs_among_tasks(seed: u64) -> Vec<&'static str> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let log = Arc::clone(&log);
        move || log.lock().unwrap().push(name)
    };
    let run = Simulation::new(seed).run(async || {
        let jobs = ["job 1", "job 2", "job 3"].map(|name| to_thread(note(name)));
        let tasks = ["task", "task"].map(|name| {
            let note = note(name);
            create_task(async move {
                for _ in 0..4 {
                    note();
                    yield_now().await;
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        for job in jobs {
            job.await.unwrap();
        }
    });
    run.unwrap();
    log.lock().unwrap().clone()
}

#[test]
fn a_seed_may_start_jobs_while_tasks_are_ready_and_starts_them_in_order() {
    let all: Vec<_> = (0..100).map(jobs_among_tasks).collect();
    assert_eq!(all[0], [&["task"; 8][..], &["job 1", "job 2", "job 3"]].concat());
    for (seed, order) in all.iter().enumerate() {
        assert_eq!(jobs_among_tasks(seed as u64), *order, "seed {seed}");
        let jobs: Vec<_> = order.iter().filter(|name| **name != "task").collect();
        assert_eq!(jobs, [&"job 1", &"job 2", &"job 3"], "seed {seed}");
    }
    let is_early = |order: &&Vec<_>| order.iter().position(|name| *name == "job 1") < Some(7);
    let early = all.iter().filter(is_early).count();
    assert!((10..100).contains(&early), "a job started early in {early} orders of 100");
    let distinct: BTreeSet<_> = all.iter().collect();
    assert!(distinct.len() > 5, "{distinct:?}");
}

/// S-71.
#[test]
fn numbers_that_a_program_draws_do_not_change_its_order() {
    let order = |draws: usize| {
        let run = Simulation::new(9).run(async || {
            let log = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..5)
                .map(|number| {
                    let log = Rc::clone(&log);
                    create_task(async move {
                        for _ in 0..5 {
                            let _drawn: Vec<u64> = (0..draws).map(|_| random::next_u64()).collect();
                            log.borrow_mut().push(number);
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            log.take()
        });
        run.unwrap()
    };
    assert_eq!(order(0), order(3));
}

#[test]
fn numbers_and_order_are_drawn_from_streams_of_their_own() {
    // The first choice of the schedule, and the first number of the program: all four pairs occur.
    let pair = |seed| {
        let run = Simulation::new(seed).run(async || {
            let first = Rc::new(Cell::new(None));
            let tasks = [0, 1].map(|number| {
                let first = Rc::clone(&first);
                create_task(async move { first.set(first.get().or(Some(number))) })
            });
            for task in tasks {
                task.await.unwrap();
            }
            (first.get().unwrap(), random::below(2))
        });
        run.unwrap()
    };
    let pairs: BTreeSet<_> = (1..40).map(pair).collect();
    assert_eq!(pairs.len(), 4, "{pairs:?}");
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

/// S-9.
#[test]
fn ids_and_names_count_from_the_start_in_each_simulation() {
    let names = || {
        let names = Simulation::new(0).run(async || create_task(async {}).name());
        names.unwrap()
    };
    assert_eq!((names(), names()), (String::from("Task-2"), String::from("Task-2")));
}
