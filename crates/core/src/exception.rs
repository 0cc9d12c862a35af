//! Reports of what would otherwise be lost: a panic nobody awaited, a callback that failed, an error
//! that has no caller.
//!
//! It is Python's `loop.call_exception_handler`. The loop that runs on this thread installs its
//! handler with [`enter`]; without one a report goes to standard error.

use crate::id::TaskId;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;

/// What an exception handler is told. It is Python's `context` dictionary.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExceptionContext {
    /// What happened, in a sentence without a full stop.
    pub message: String,
    /// The message of the panic; empty if there was none.
    pub panic: String,
    /// The error, if it is one that is reported and not a panic.
    pub error: Option<String>,
    /// The name of the task concerned.
    pub task_name: Option<String>,
    /// The id of the task concerned.
    pub task_id: Option<TaskId>,
    /// Where the task or callback was created.
    pub spawned_at: Option<&'static Location<'static>>,
}

impl ExceptionContext {
    /// A report with this message about this panic payload.
    #[must_use]
    pub fn new(message: impl Into<String>, payload: &(dyn Any + Send)) -> Self {
        Self {
            message: message.into(),
            panic: panic_message(payload).to_owned(),
            error: None,
            task_name: None,
            task_id: None,
            spawned_at: None,
        }
    }

    /// A report with this message about an error that nobody could be given.
    ///
    /// # Examples
    /// ```
    /// # use asyncio_core::exception::ExceptionContext;
    /// let report = ExceptionContext::from_error("accepting pauses", &"too many open files");
    /// assert_eq!(report.to_string(), "accepting pauses\n  error: too many open files");
    /// ```
    #[must_use]
    pub fn from_error(message: impl Into<String>, error: &dyn fmt::Display) -> Self {
        Self {
            message: message.into(),
            panic: String::new(),
            error: Some(error.to_string()),
            task_name: None,
            task_id: None,
            spawned_at: None,
        }
    }
}

impl fmt::Display for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(name) = &self.task_name {
            write!(f, "\n  task: {name}")?;
        }
        if let Some(at) = self.spawned_at {
            write!(f, "\n  created at: {at}")?;
        }
        match &self.error {
            Some(error) => write!(f, "\n  error: {error}"),
            None => write!(f, "\n  panic: {}", self.panic),
        }
    }
}

/// A loop's exception handler.
pub type ExceptionHandler = Rc<dyn Fn(&ExceptionContext)>;

thread_local! {
    static REPORTED: Cell<u64> = const { Cell::new(0) };
    static CURRENT: RefCell<Option<ExceptionHandler>> = const { RefCell::new(None) };
}

/// Restores the handler that was current before; made by [`enter`].
#[must_use = "dropping the guard restores the former handler"]
pub struct Entered {
    former: Option<ExceptionHandler>,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // During the thread's own end the slot may be gone, and with it anyone to report to.
        let replaced = CURRENT.try_with(|slot| slot.replace(self.former.take()));
        drop(replaced);
    }
}

/// Makes `handler` the one that [`report`] calls on this thread, until the guard is dropped.
pub fn enter(handler: Option<ExceptionHandler>) -> Entered {
    Entered { former: CURRENT.with(|slot| slot.replace(handler)) }
}

/// Changes the handler that is current on this thread; the guards around restore their own.
pub fn replace(handler: Option<ExceptionHandler>) {
    let former = CURRENT.with(|slot| slot.replace(handler));
    drop(former);
}

/// Reports to the current loop's handler; the default writes to standard error.
///
/// A handler that panics is reported in its turn, by the default.
pub fn report(context: &ExceptionContext) {
    report_to(CURRENT.try_with(|slot| slot.borrow().clone()).ok().flatten(), context);
}

/// Reports to this handler, whatever loop is current; `None` is the default.
///
/// A handler that panics is reported in its turn, by the default.
pub fn report_to(handler: Option<ExceptionHandler>, context: &ExceptionContext) {
    REPORTED.set(REPORTED.get() + 1);
    let Some(handler) = handler else { return print(context) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| handler(context))) {
        print(context);
        print(&ExceptionContext::new("exception handler panicked", &*payload));
        forget_payload(payload);
    }
}

/// How many reports this thread has made so far, whoever was told.
#[must_use]
pub fn reported() -> u64 {
    REPORTED.get()
}

/// The text of a panic payload, as the standard library's hook prints it.
#[must_use]
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "Box<dyn Any>"
    }
}

/// Drops a panic payload whose own `Drop` may panic too; what that throws is leaked, not dropped.
#[expect(clippy::mem_forget, reason = "a payload thrown by a payload's drop may go on for ever")]
pub fn forget_payload(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

#[expect(clippy::print_stderr, reason = "the default handler of last resort")]
fn print(context: &ExceptionContext) {
    eprintln!("{context}");
}
