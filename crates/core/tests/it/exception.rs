//! Reports reach the handler that is current, and a handler cannot harm whoever reports.

use crate::support::{Bad, WakeCount};
use asyncio_core::exception::{self, ExceptionContext, ExceptionHandler, Reporter, report};
use asyncio_core::wake_batch::{WakeBatch, drop_foreign};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

fn counter() -> (Rc<Cell<usize>>, Option<ExceptionHandler>) {
    let count = Rc::new(Cell::new(0));
    let told = Rc::clone(&count);
    (count, Some(Rc::new(move |_| told.set(told.get() + 1))))
}

fn context() -> ExceptionContext {
    ExceptionContext::new("it failed", &"why")
}

#[test]
fn innermost_handler_is_told_and_the_former_one_comes_back() {
    let ((outer, outer_handler), (inner, inner_handler)) = (counter(), counter());
    let entered = exception::enter(outer_handler);
    report(&context());
    {
        let _entered = exception::enter(inner_handler);
        report(&context());
    }
    report(&context());
    assert_eq!((outer.get(), inner.get()), (2, 1));
    drop(entered);
    report(&context());
    assert_eq!(outer.get(), 2, "without a loop it goes to standard error");
}

#[test]
fn named_handler_is_told_whatever_is_current() {
    let ((current, current_handler), (named, named_handler)) = (counter(), counter());
    let _entered = exception::enter(current_handler);
    Reporter::new(named_handler).report(&context());
    assert_eq!((current.get(), named.get()), (0, 1));
}

#[test]
fn handler_may_replace_itself_and_report_in_its_turn() {
    let (last, last_handler) = counter();
    let slot = RefCell::new(last_handler);
    let reporter = Reporter::default();
    let own = reporter.clone();
    let first: ExceptionHandler = Rc::new(move |_| {
        own.set_handler(slot.take());
        report(&context());
    });
    reporter.set_handler(Some(first));
    let _entered = reporter.enter();
    report(&context());
    report(&context());
    assert_eq!(last.get(), 2);
}

#[test]
fn context_prints_what_is_known() {
    let mut context = context();
    assert_eq!(context.to_string(), "it failed\n  panic: why");
    context.task_name = Some("reader".to_owned());
    context.spawned_at = Some(std::panic::Location::caller());
    let text = context.to_string();
    assert!(text.starts_with("it failed\n  task: reader\n  created at: "), "{text}");
}

#[test]
fn batch_wakes_all_in_order_though_one_panics() {
    let (told, handler) = counter();
    let _entered = exception::enter(handler);
    let (count, waker) = WakeCount::new();
    let mut batch = WakeBatch::new();
    batch.push(waker.clone());
    batch.push(Arc::new(Bad).into());
    batch.push(waker);
    assert_eq!(batch.len(), 3);
    batch.wake_all();
    assert!(batch.is_empty());
    assert_eq!((count.get(), told.get()), (2, 1));
}

#[test]
fn drop_that_panics_goes_no_further() {
    struct Endless;
    impl Drop for Endless {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(Endless));
        }
    }
    let (told, handler) = counter();
    let _entered = exception::enter(handler);
    drop_foreign(Endless);
    assert_eq!(told.get(), 1);
}
