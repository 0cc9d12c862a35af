//! Reports of what would otherwise be lost: a panic nobody awaited, a callback that failed, an error
//! that has no caller.
//!
//! It is Python's `loop.call_exception_handler`. Each loop has a [`Reporter`], which is current on its
//! thread while it runs; without one a report goes to standard error.

use crate::ambient::{Entered, Slot};
use crate::id::TaskId;
use crate::stderr;
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
    /// # use asyncio::ExceptionContext;
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

/// Who is told on behalf of one loop, and how many panics it was told of. A clone is the same reporter.
#[derive(Clone, Default)]
pub struct Reporter {
    inner: Rc<Inner>,
}

#[derive(Default)]
struct Inner {
    handler: RefCell<Option<ExceptionHandler>>,
    lost_panics: Cell<u64>,
}

impl Reporter {
    /// A reporter with this handler; without one it writes to standard error.
    #[must_use]
    pub fn new(handler: Option<ExceptionHandler>) -> Self {
        let reporter = Self::default();
        reporter.set_handler(handler);
        reporter
    }

    /// Sets the handler; `None` writes to standard error.
    pub fn set_handler(&self, handler: Option<ExceptionHandler>) {
        let former = self.inner.handler.replace(handler);
        // After the borrow: dropping a handler may run code that looks at it.
        drop(former);
    }

    /// How many panics it has reported so far. Errors that are no panics do not count.
    #[must_use]
    pub fn lost_panics(&self) -> u64 {
        self.inner.lost_panics.get()
    }

    /// Makes it the one that [`report`] uses on this thread, until the guard is dropped.
    pub fn enter(&self) -> Entered<Self> {
        Slot::enter(&CURRENT, self.clone())
    }

    /// Reports to the handler.
    ///
    /// A handler that panics is reported in its turn, on standard error. Nothing unwinds from here.
    pub fn report(&self, context: &ExceptionContext) {
        if context.error.is_none() {
            self.inner.lost_panics.set(self.inner.lost_panics.get() + 1);
        }
        let handler = self.inner.handler.borrow().clone();
        let Some(handler) = handler else { return stderr::print(&context.to_string()) };
        // The handler may replace itself, and then its last reference is dropped here.
        let told = catch_unwind(AssertUnwindSafe(|| {
            handler(context);
            drop(handler);
        }));
        if let Err(payload) = told {
            let again = ExceptionContext::new("exception handler panicked", &*payload);
            stderr::print(&format!("{context}\n{again}"));
            forget_payload(payload);
        }
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("lost_panics", &self.lost_panics()).finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: Slot<Reporter> = const { Slot::new() };
}

/// Makes `handler` the one that [`report`] calls on this thread, until the guard is dropped.
pub fn enter(handler: Option<ExceptionHandler>) -> Entered<Reporter> {
    Reporter::new(handler).enter()
}

/// Reports to the current loop's handler, or to standard error. Nothing unwinds from here.
pub fn report(context: &ExceptionContext) {
    match Slot::get(&CURRENT) {
        Some(reporter) => reporter.report(context),
        None => stderr::print(&context.to_string()),
    }
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
