//! [`CaughtPanic`]: a panic on its way to whoever awaits it, which is reported if nobody looks.

use crate::exception::{ExceptionContext, forget_payload, report};
use parking_lot::Mutex;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A panic that was caught on behalf of somebody else, with what there is to say of it.
///
/// Errors that carry a panic hold one of these. If it is dropped before anybody has [seen](Self::see) it, as
/// in a `gather` that is dropped halfway, it is reported by the loop that it belongs to. So a panic is
/// told once: to whoever looks at the error, or else to the handler.
///
/// # Examples
/// ```
/// use asyncio_core::caught_panic::CaughtPanic;
/// use asyncio_core::exception::{self, ExceptionContext};
/// use std::{cell::Cell, rc::Rc};
///
/// let count = Rc::new(Cell::new(0));
/// let counter = Rc::clone(&count);
/// let _entered = exception::enter(Some(Rc::new(move |_| counter.set(counter.get() + 1))));
/// let caught = || CaughtPanic::new(Box::new("why"), ExceptionContext::new("it failed", &"why"));
///
/// assert_eq!(caught().into_payload().downcast_ref(), Some(&"why"));
/// assert_eq!(count.get(), 0);
/// drop(caught());
/// assert_eq!(count.get(), 1);
/// ```
pub struct CaughtPanic {
    /// `None` once it was taken. The lock only makes it `Sync`; nobody contends for it.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
    context: ExceptionContext,
    /// Whom to tell; `None` is the loop that is current where it is dropped.
    receiver: Option<Arc<dyn PanicReceiver>>,
    seen: AtomicBool,
}

/// The loop that a panic belongs to, reached from wherever its error is dropped.
pub trait PanicReceiver: Send + Sync {
    /// Has the loop report it.
    ///
    /// # Errors
    /// The loop is closed; the report comes back.
    fn receive(&self, context: ExceptionContext) -> Result<(), ExceptionContext>;
}

impl CaughtPanic {
    /// A panic with this payload; `context` is what will be reported if nobody sees it.
    #[must_use]
    pub fn new(payload: Box<dyn Any + Send>, context: ExceptionContext) -> Self {
        let payload = Mutex::new(Some(payload));
        Self { payload, context, receiver: None, seen: AtomicBool::new(false) }
    }

    /// The same, told to this loop if nobody sees it.
    #[must_use]
    pub fn told_to(mut self, receiver: Arc<dyn PanicReceiver>) -> Self {
        self.receiver = Some(receiver);
        self
    }

    /// The message of the panic. It counts as seen.
    #[must_use]
    pub fn message(&self) -> &str {
        self.see();
        &self.context.panic
    }

    /// Somebody knows of it now: it is not reported any more.
    pub fn see(&self) {
        // Relaxed: whoever drops it has got it from whoever saw it, by something that orders the two.
        self.seen.store(true, Ordering::Relaxed);
    }

    /// Whether somebody knows of it.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// What is to be reported. It does not count as seen.
    #[must_use]
    pub fn context(&self) -> &ExceptionContext {
        &self.context
    }

    /// The payload, for [`std::panic::resume_unwind`]. It counts as seen.
    #[must_use]
    pub fn into_payload(mut self) -> Box<dyn Any + Send> {
        self.see();
        // It is taken only here and in the drop, after which nobody comes here.
        self.payload.get_mut().take().unwrap_or_else(|| Box::new(self.context.panic.clone()))
    }
}

impl Drop for CaughtPanic {
    fn drop(&mut self) {
        if !*self.seen.get_mut() {
            let context = self.context.clone();
            let told = match self.receiver.take() {
                Some(receiver) => receiver.receive(context),
                None => Err(context),
            };
            if let Err(context) = told {
                report(&context);
            }
        }
        if let Some(payload) = self.payload.get_mut().take() {
            forget_payload(payload);
        }
    }
}

impl fmt::Debug for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaughtPanic").field("context", &self.context).finish_non_exhaustive()
    }
}
