//! S-29 to S-31: a panic is never lost, and never told twice.

use asyncio::{EventLoop, ExceptionContext};
use std::cell::RefCell;
use std::rc::Rc;

type Reports = Rc<RefCell<Vec<ExceptionContext>>>;

/// A loop that keeps its reports.
fn watched() -> (EventLoop, Reports) {
    let event_loop = EventLoop::new().expect("descriptors are left");
    let reports = Reports::default();
    let kept = Rc::clone(&reports);
    event_loop.set_exception_handler(move |context| kept.borrow_mut().push(context.clone()));
    (event_loop, reports)
}

#[test]
fn a_panic_nobody_awaits_is_reported_once_with_name_and_place() {
    let (event_loop, reports) = watched();
    let line = event_loop
        .run_until_complete(async {
            let doomed = asyncio::Task::builder().name("doomed");
            let (task, line) = (doomed.spawn(async { panic!("lost?") }), line!());
            drop(task);
            asyncio::yield_now().await;
            asyncio::yield_now().await;
            line
        })
        .unwrap();
    event_loop.close();
    let reports = reports.borrow();
    let [report] = reports.as_slice() else { panic!("{} reports", reports.len()) };
    assert_eq!(report.task_name.as_deref(), Some("doomed"));
    assert_eq!(report.panic, "lost?");
    let at = report.spawned_at.unwrap();
    assert!(at.file().ends_with("lost_panics.rs"), "{at}");
    assert_eq!(at.line(), line);
}

#[test]
fn a_panic_that_was_awaited_reaches_the_awaiter_only() {
    let (event_loop, reports) = watched();
    let payload = event_loop.run_until_complete(async {
        asyncio::create_task(async { std::panic::panic_any(7_u8) }).await.unwrap_err().into_panic()
    });
    assert_eq!(*payload.unwrap().downcast::<u8>().unwrap(), 7);
    event_loop.close();
    assert!(reports.borrow().is_empty());
}

#[test]
fn a_kept_handle_is_reported_at_the_close() {
    let (event_loop, reports) = watched();
    let task = event_loop.create_task(async { panic!("unread") });
    event_loop.run_until_complete(asyncio::yield_now()).unwrap();
    assert!(reports.borrow().is_empty(), "the handle may still be awaited");
    event_loop.close();
    assert_eq!(reports.borrow().len(), 1);
    drop(task);
    assert_eq!(reports.borrow().len(), 1);
}

#[test]
fn a_panicking_callback_is_reported_and_the_loop_goes_on() {
    let (event_loop, reports) = watched();
    let handle = event_loop.call_soon(|| panic!("soon"));
    drop(event_loop.call_later(std::time::Duration::ZERO, || panic!("later")));
    event_loop.handle().call_soon(|| panic!("from elsewhere")).unwrap();
    event_loop.run_until_complete(asyncio::sleep(std::time::Duration::from_millis(2))).unwrap();
    let mut panics: Vec<String> =
        reports.borrow().iter().map(|report| report.panic.clone()).collect();
    panics.sort();
    assert_eq!(panics, ["from elsewhere", "later", "soon"]);
    drop(handle);
}

#[test]
fn a_panicking_handler_is_reported_by_the_default() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_exception_handler(|_| panic!("the handler itself"));
    drop(event_loop.call_soon(|| panic!("first")));
    event_loop.run_until_complete(asyncio::yield_now()).unwrap();
    assert_eq!(event_loop.run_until_complete(async { 1 }), Ok(1));
}

#[test]
fn the_main_futures_panic_is_runs_panic() {
    let caught = std::panic::catch_unwind(|| asyncio::run(async { panic!("main") }));
    let payload = caught.unwrap_err();
    assert_eq!(asyncio_core::exception::panic_message(&*payload), "main");
}

#[test]
fn the_default_report_names_the_task() {
    const NAME: &str = "lost_panics::the_default_report_names_the_task";
    let Some(output) = crate::child::run(NAME) else {
        return asyncio::run(async {
            drop(asyncio::Task::builder().name("forgotten").spawn(async { panic!("told") }));
            asyncio::yield_now().await;
            asyncio::yield_now().await;
        });
    };
    let stderr = crate::child::stderr(&output);
    assert!(stderr.contains("task exception was never retrieved"), "{stderr}");
    assert!(stderr.contains("task: forgotten"), "{stderr}");
    assert_eq!(stderr.matches("never retrieved").count(), 1, "{stderr}");
    assert!(output.status.success(), "{stderr}");
}

#[test]
fn a_runner_that_is_told_so_fails_after_a_lost_panic() {
    let close_after = |lose: bool| {
        std::panic::catch_unwind(|| {
            let mut runner = asyncio::Runner::builder().fail_on_lost_panic(true).build().unwrap();
            runner.run(async {
                if lose {
                    drop(asyncio::create_task(async { panic!("lost") }));
                    asyncio::yield_now().await;
                }
            });
            runner.close();
        })
    };
    assert!(close_after(false).is_ok());
    assert!(close_after(true).is_err());
}
