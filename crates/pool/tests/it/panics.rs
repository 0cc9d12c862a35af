//! Panics of jobs, payloads, wakers and initializers: none is lost, none costs a worker.

use crate::support::{Bomb, Drops, Stepwise, block_on, hold};
use asyncio_core::exception::{self, ExceptionContext};
use asyncio_pool::JobError;
use asyncio_pool::{Shutdown, ThreadJob, ThreadPoolExecutor, simulation};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};

fn explodes(n: u32) -> u32 {
    panic!("number {n} is unlucky")
}

#[test]
fn a_panic_comes_back_with_its_message_its_job_and_its_payload() {
    let pool = ThreadPoolExecutor::new(1);
    let error = block_on(pool.submit(explodes, 13)).unwrap_err();
    assert!(error.is_panicked());
    assert_eq!(error.panic_message(), Some("number 13 is unlucky"));
    assert!(error.job_name().ends_with("panics::explodes"));
    let payload = block_on(pool.submit(|()| panic_any(7_u8), ())).unwrap_err().into_panic();
    assert_eq!(payload.unwrap().downcast_ref(), Some(&7_u8));
    assert_eq!(pool.workers(), 1, "the worker goes on");
}

#[test]
fn a_panic_can_be_thrown_on_at_the_awaiter() {
    let pool = ThreadPoolExecutor::new(1);
    let payload = block_on(pool.submit(explodes, 4)).unwrap_err().into_panic().unwrap();
    let thrown = catch_unwind(AssertUnwindSafe(|| resume_unwind(payload)));
    assert!(thrown.is_err_and(|payload| payload.downcast_ref::<String>().unwrap().contains("4")));
}

#[test]
fn a_payload_that_panics_in_its_drop_costs_no_worker() {
    let pool = ThreadPoolExecutor::new(1);
    let drops = Drops::default();
    let held = hold(&pool);
    let job = pool.submit(|drops| panic_any(Bomb(drops)), drops.clone());
    drop(held.go);
    while !job.is_finished() {
        std::thread::yield_now();
    }
    // Nobody awaited it: it is reported here, and the bomb goes off under a catch.
    drop(job);
    assert_eq!(drops.count(), 1);
    assert_eq!(block_on(pool.submit(|()| "alive", ())).unwrap(), "alive");
}

#[test]
fn a_panic_that_nobody_awaits_reaches_the_exception_handler() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hearing = Rc::clone(&heard);
    let _entered = exception::enter(Some(Rc::new(move |context: &ExceptionContext| {
        hearing.borrow_mut().push((context.message.clone(), context.panic.clone()));
    })));
    let pool = ThreadPoolExecutor::new(1);
    let job = pool.submit(explodes, 3);
    pool.shutdown(Shutdown::Drain);
    drop(job);
    let heard = heard.borrow();
    let [(message, panic)] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(
        message.contains("panics::explodes") && message.contains("nobody awaited"),
        "{message}"
    );
    assert_eq!(panic, "number 3 is unlucky");
}

#[test]
fn a_panic_of_a_job_whose_future_went_while_it_ran_reaches_the_exception_handler() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hearing = Rc::clone(&heard);
    let _entered = exception::enter(Some(Rc::new(move |context: &ExceptionContext| {
        hearing.borrow_mut().push(context.panic.clone());
    })));
    // Behind the door it runs on the thread of that handler.
    let simulation = Rc::new(Stepwise::default());
    let _door = simulation::enter(Rc::<Stepwise>::clone(&simulation));
    let future = Arc::new(Mutex::new(None::<ThreadJob<u32>>));
    let own = Arc::clone(&future);
    let job = ThreadPoolExecutor::new(1).submit(
        move |n| {
            let job = own.lock().unwrap().take();
            drop(job);
            explodes(n)
        },
        5,
    );
    *future.lock().unwrap() = Some(job);
    simulation.step();
    assert_eq!(*heard.borrow(), ["number 5 is unlucky"]);
}

#[test]
fn a_job_that_its_pool_has_cancelled_and_that_nobody_awaits_is_no_news() {
    let heard = Rc::new(Cell::new(0));
    let hearing = Rc::clone(&heard);
    let _entered = exception::enter(Some(Rc::new(move |_| hearing.set(hearing.get() + 1))));
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let job = pool.submit(explodes, 6);
    pool.shutdown(Shutdown::Now);
    drop(job);
    drop(held.go);
    assert_eq!(heard.get(), 0);
}

#[test]
fn a_job_that_could_not_start_and_that_nobody_awaits_reaches_the_exception_handler() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hearing = Rc::clone(&heard);
    let _entered = exception::enter(Some(Rc::new(move |context: &ExceptionContext| {
        hearing.borrow_mut().push(context.message.clone());
    })));
    let pool =
        ThreadPoolExecutor::builder().max_workers(1).initializer(|| panic!("no model")).build();
    let job = pool.submit(explodes, 3);
    pool.shutdown(Shutdown::Drain);
    drop(job);
    let heard = heard.borrow();
    let [message] = heard.as_slice() else { panic!("{heard:?}") };
    assert!(
        message.contains("panics::explodes") && message.contains("could not start"),
        "{message}"
    );
}

#[test]
fn a_waker_that_panics_costs_no_worker_and_no_result() {
    struct Grenade;
    impl Wake for Grenade {
        fn wake(self: Arc<Self>) {
            panic!("the waker panicked");
        }
    }
    let pool = ThreadPoolExecutor::new(1);
    let mut held = hold(&pool);
    let waker = Waker::from(Arc::new(Grenade));
    assert!(Pin::new(&mut held.job).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(held.go);
    assert_eq!(block_on(held.job).unwrap(), "held");
    assert_eq!(block_on(pool.submit(|()| "alive", ())).unwrap(), "alive");
    assert_eq!(pool.workers(), 1);
}

#[test]
fn the_initializer_runs_once_a_thread_before_its_jobs() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let pool = ThreadPoolExecutor::builder()
        .max_workers(2)
        .initializer(move || {
            counter.fetch_add(1, SeqCst);
        })
        .build();
    let (one, two) = (hold(&pool), hold(&pool));
    drop((one.go, two.go));
    for _ in 0..100 {
        block_on(pool.submit(|()| (), ())).unwrap();
    }
    assert_eq!(runs.load(SeqCst), 2);
}

#[test]
fn an_initializer_that_panics_breaks_the_pool_for_what_waits_and_for_what_comes() {
    let pool =
        ThreadPoolExecutor::builder().max_workers(2).initializer(|| panic!("no model")).build();
    let jobs: Vec<_> = (0..3).map(|_| pool.submit(|()| (), ())).collect();
    for job in jobs {
        let error = block_on(job).unwrap_err();
        assert!(error.is_not_started());
        let message = error.to_string();
        assert!(message.ends_with("the thread pool's initializer panicked: no model"), "{message}");
    }
    assert!(block_on(pool.submit(|()| (), ())).unwrap_err().is_not_started());
    assert!(pool.is_shut_down());
    pool.shutdown(Shutdown::Drain);
    assert_eq!(pool.workers(), 0);
}

#[test]
fn an_initializer_that_panics_ends_the_threads_that_have_nothing_to_do() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(Some(gate));
    let first = AtomicBool::new(true);
    let initializer = move || {
        if !first.swap(false, SeqCst) {
            let gate = gate.lock().unwrap().take().unwrap();
            let _ = gate.recv();
            panic!("no model");
        }
    };
    let pool = ThreadPoolExecutor::builder().max_workers(2).initializer(initializer).build();
    let held = hold(&pool);
    // Another thread is started for this job, but the first does it and sits down.
    let job = pool.submit(|()| "ran", ());
    drop(held.go);
    assert_eq!(block_on(job).unwrap(), "ran");
    while pool.idle_workers() == 0 {
        std::thread::yield_now();
    }
    drop(go);
    while !pool.is_shut_down() {
        std::thread::yield_now();
    }
    pool.shutdown(Shutdown::Drain);
    assert_eq!(pool.workers(), 0);
    assert!(block_on(pool.submit(|()| (), ())).unwrap_err().is_not_started(), "it is broken still");
}

#[test]
fn a_panic_that_is_joined_as_soon_as_it_is_there_is_not_thrown_by_the_scope() {
    let pool = ThreadPoolExecutor::new(1);
    for _ in 0..500 {
        pool.scope(|scope| {
            // It says nothing on standard error.
            let job = scope.submit(|()| resume_unwind(Box::new("on purpose")), ());
            while !job.is_finished() {
                std::thread::yield_now();
            }
            assert!(job.join().is_err_and(|error: JobError| error.is_panicked()));
        });
    }
}

#[test]
fn a_scope_throws_the_first_of_the_panics_that_nobody_has_joined() {
    let pool = ThreadPoolExecutor::new(1);
    // Without a thread for them the jobs run at the scope's end, in their order.
    let held = hold(&pool);
    let thrown = catch_unwind(AssertUnwindSafe(|| {
        pool.scope(|scope| {
            for n in 0..3 {
                scope.submit(explodes, n);
            }
        });
    }));
    let payload = thrown.unwrap_err();
    let said = exception::panic_message(&*payload);
    assert!(said.starts_with("3 jobs of the scope") && said.contains("number 0"), "{said}");
    drop(held.go);
}
