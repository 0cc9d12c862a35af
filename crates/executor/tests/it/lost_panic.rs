//! S-29 and S-30: a panic is told once: to whoever looks at the error, or else to the exception handler of its loop.

use crate::support::{OnDrop, new_loop, reports, turns};
use asyncio_executor::{Task, create_task};
use std::future::{Future, pending};
use std::task::Poll;

/// What a loop with a handler has been told after `program`, by message and panic.
fn told(program: impl AsyncFnOnce(&asyncio_executor::Handle)) -> Vec<(String, String)> {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let handle = event_loop.handle();
    event_loop.run_until_complete(program(&handle)).unwrap();
    event_loop.run_until_complete(turns(3)).unwrap();
    event_loop.close();
    log.take().into_iter().map(|report| (report.message, report.panic)).collect()
}

#[test]
fn a_remote_task_dropped_after_its_panic_is_reported_by_its_own_loop() {
    let told = told(async |handle| {
        let remote = handle.create_task(|| async { panic!("remote") }).unwrap();
        turns(5).await;
        std::thread::scope(|scope| {
            scope.spawn(|| drop::<asyncio_executor::RemoteTask<()>>(remote));
        });
        turns(5).await;
    });
    assert_eq!(told, [("task exception was never retrieved".into(), "remote".into())]);
}

#[test]
fn a_finished_task_inside_a_gather_that_is_dropped_is_reported() {
    let told = told(async |_| {
        let task = create_task(async { panic!("gathered") });
        let mut both = Box::pin(asyncio_core::gather((task, pending::<()>())));
        for _ in 0..3 {
            let polled = std::future::poll_fn(|cx| Poll::Ready(both.as_mut().poll(cx)));
            assert!(polled.await.is_pending());
            turns(1).await;
        }
        drop(both);
    });
    assert_eq!(told, [("task exception was never retrieved".into(), "gathered".into())]);
}

#[test]
fn a_panic_in_the_drop_after_a_panic_in_the_poll_is_reported() {
    let told = told(async |_| {
        let drop_panics = OnDrop::new(|| panic!("in the drop"));
        let mut first = true;
        let task = create_task(std::future::poll_fn(move |_| {
            let _kept = &drop_panics;
            assert!(!std::mem::take(&mut first), "in the poll");
            Poll::<()>::Pending
        }));
        assert_eq!(task.await.unwrap_err().to_string(), "task panicked: in the poll");
    });
    assert_eq!(told, [("task exception was never retrieved".into(), "in the drop".into())]);
}

#[test]
fn an_error_that_was_looked_at_is_not_reported() {
    let told = told(async |_| {
        assert!(create_task(async { panic!("1") }).await.is_err_and(|error| error.is_panic()));
        let error = create_task(async { panic!("2") }).await.map(|(): ()| ()).unwrap_err();
        assert_eq!(error.to_string(), "task panicked: 2");
        let _payload =
            create_task(async { panic!("3") }).await.map(|(): ()| ()).unwrap_err().into_panic();
    });
    assert_eq!(told, []);
}

#[test]
fn an_error_that_nobody_looked_at_is_reported_with_the_name_of_the_task() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    event_loop
        .run_until_complete(async {
            let task = Task::builder().name("ignored").spawn(async { panic!("why") });
            drop::<Result<(), _>>(task.await);
            turns(1).await;
        })
        .unwrap();
    let names: Vec<_> = log.take().into_iter().map(|report| report.task_name).collect();
    assert_eq!(names, [Some("ignored".to_owned())]);
    assert_eq!(event_loop.reporter().lost_panics(), 1);
}

#[test]
fn an_error_that_is_dropped_between_runs_or_on_another_thread_is_told_to_its_own_loop() {
    let event_loop = new_loop();
    let (log, handler) = reports();
    event_loop.set_exception_handler(handler);
    let errors = ["between runs", "on a thread"].map(|why| {
        let task = event_loop.create_task(async move { std::panic::panic_any(why) });
        event_loop.run_until_complete(task).unwrap().map(|(): ()| ()).unwrap_err()
    });
    let [here, there] = errors;
    drop(here);
    std::thread::scope(|scope| scope.spawn(|| drop(there)).join().unwrap());
    event_loop.close();
    let told: Vec<_> = log.take().into_iter().map(|report| report.panic).collect();
    assert_eq!(told, ["between runs", "on a thread"]);
    assert_eq!(event_loop.reporter().lost_panics(), 2);
}
