//! How a task can end without a value, and how a loop can refuse.

use asyncio_core::caught_panic::CaughtPanic;
use std::any::Any;
use std::fmt;

/// Why awaiting a [`Task`](crate::Task) gave no value.
///
/// The error of a task that panicked has to be looked at, by any of its methods or by printing it: one that
/// is dropped unseen, as in a `gather` that is dropped halfway, is reported to the loop's exception handler.
///
/// # Examples
/// ```
/// use asyncio::create_task;
///
/// # asyncio::run(async {
/// let task = create_task(std::future::pending::<()>());
/// task.cancel();
/// assert!(task.await.unwrap_err().is_cancelled());
/// # });
/// ```
pub struct JoinError {
    // One thin pointer, so that a `Result<u64, JoinError>` is two words and stays in registers.
    why: Box<Why>,
}

enum Why {
    Cancelled,
    Panicked(Box<CaughtPanic>),
    LoopClosed,
}

impl JoinError {
    pub(crate) fn cancelled() -> Self {
        Self { why: Box::new(Why::Cancelled) }
    }

    pub(crate) fn panicked(panic: CaughtPanic) -> Self {
        Self { why: Box::new(Why::Panicked(Box::new(panic))) }
    }

    pub(crate) fn loop_closed() -> Self {
        Self { why: Box::new(Why::LoopClosed) }
    }

    /// The panic, not yet seen.
    pub(crate) fn into_caught(self) -> Option<Box<CaughtPanic>> {
        match *self.why {
            Why::Panicked(panic) => Some(panic),
            Why::Cancelled | Why::LoopClosed => None,
        }
    }

    /// Why, by somebody who is told of a panic by that.
    fn look(&self) -> &Why {
        if let Why::Panicked(panic) = &*self.why {
            panic.see();
        }
        &self.why
    }

    /// Whether the task was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.look(), Why::Cancelled)
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.look(), Why::Panicked(_))
    }

    /// Whether the task's loop was closed before its result was taken.
    #[must_use]
    pub fn is_loop_closed(&self) -> bool {
        matches!(self.look(), Why::LoopClosed)
    }

    /// The payload of the task's panic, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// If the task did not panic; see [`try_into_panic`](Self::try_into_panic).
    #[must_use]
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("`into_panic` called, but the task did not panic: {error}"),
        }
    }

    /// The payload of the task's panic.
    ///
    /// # Errors
    /// Gives the error back if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match *self.why {
            Why::Panicked(panic) => Ok(panic.into_payload()),
            why => Err(Self { why: Box::new(why) }),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.look() {
            Why::Cancelled => f.write_str("task was cancelled"),
            Why::Panicked(panic) => write!(f, "task panicked: {}", panic.message()),
            Why::LoopClosed => f.write_str("the task's event loop is closed"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

/// The event loop is closed: nothing can be scheduled on it any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoopClosed;

impl fmt::Display for LoopClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("event loop is closed")
    }
}

impl std::error::Error for LoopClosed {}

/// The loop was stopped before the future completed; the future was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("event loop stopped before future completed")
    }
}

impl std::error::Error for Stopped {}
