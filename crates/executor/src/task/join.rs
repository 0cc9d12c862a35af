//! [`Task`]: the handle that awaits a task, cancels it, or lets it go.

use crate::cell::OwnedCell;
use crate::current;
use crate::error::JoinError;
use asyncio_core::TaskId;
use futures_core::future::FusedFuture;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A task of an event loop. Awaiting it gives its future's value, or why there is none.
///
/// Dropping the handle detaches the task: it runs on, and a panic in it goes to the loop's exception
/// handler. The handle is `Send` and `Sync` although the task need not be; what touches the task itself
/// works on its own loop's thread and panics elsewhere. Other threads use a
/// [`RemoteTask`](crate::RemoteTask).
///
/// # Cancel safety
/// Dropping a `&mut task` that was polled loses nothing: the outcome stays until it is taken.
///
/// # Panics
/// Awaiting it panics on another loop, in the task itself, and after it has given its outcome.
///
/// # Examples
/// ```
/// use asyncio::create_task;
///
/// # asyncio::run(async {
/// let task = create_task(async { 6 * 7 });
/// assert_eq!(task.await?, 42);
/// # Ok::<(), asyncio::JoinError>(())
/// # }).unwrap();
/// ```
#[doc(alias = "JoinHandle")]
#[must_use = "dropping a task detaches it: write `drop(task)` if that is meant"]
pub struct Task<T> {
    cell: OwnedCell<T>,
}

impl<T> Task<T> {
    pub(crate) fn new(cell: OwnedCell<T>) -> Self {
        Self { cell }
    }

    /// Asks the task to end: its future is dropped before it is polled again, and it ends cancelled.
    ///
    /// Returns `false` if it has ended already, and then changes nothing. Of several calls the first
    /// counts. A task that cancels itself runs on to its next `.await` that is pending.
    ///
    /// On another thread than the task's own the request is sent there; `false` says then that its loop is
    /// closed.
    pub fn cancel(&self) -> bool {
        if self.cell.is_here() {
            !self.cell.is_merged() && self.cell.cancel()
        } else {
            self.cell.cancel_remote()
        }
    }

    /// Whether the task has ended, in whichever way.
    ///
    /// # Panics
    /// On a thread that is not the task's own.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.is_of_closed_loop() || self.cell.cell().is_done()
    }

    /// The name it was given, or `Task-N` with its id.
    ///
    /// # Panics
    /// On a thread that is not the task's own.
    #[must_use]
    #[track_caller]
    #[doc(alias = "get_name")]
    pub fn name(&self) -> String {
        if self.is_of_closed_loop() {
            return format!("Task-{}", self.id());
        }
        self.cell.cell().name()
    }

    /// The task's number on its loop. Works on every thread.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.cell.cell().id()
    }

    pub(crate) fn slot(&self) -> u32 {
        self.cell.cell().slot()
    }

    /// Whether the loop is gone; otherwise this must be the task's own thread.
    #[track_caller]
    fn is_of_closed_loop(&self) -> bool {
        if self.cell.is_here() {
            return self.cell.is_merged();
        }
        if !self.cell.is_merged() {
            wrong_loop();
        }
        true
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !current::is(self.cell.cell().owner()) {
            return foreign(&self.cell);
        }
        self.cell.poll(cx)
    }
}

impl<T> FusedFuture for Task<T> {
    /// Whether it has given its outcome. A task of a closed loop has an error to give.
    fn is_terminated(&self) -> bool {
        self.cell.is_here() && !self.cell.is_merged() && self.cell.is_taken()
    }
}

#[cold]
#[track_caller]
fn foreign<T>(cell: &OwnedCell<T>) -> Poll<Result<T, JoinError>> {
    if cell.is_merged() {
        return Poll::Ready(Err(JoinError::loop_closed()));
    }
    wrong_loop()
}

#[cold]
#[track_caller]
fn wrong_loop() -> ! {
    panic!(
        "task is attached to a different loop: use it on its own loop, or reach it from other \
         threads by `Handle::create_task`"
    )
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("id", &self.id().as_u64()).finish_non_exhaustive()
    }
}
