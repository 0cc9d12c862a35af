//! [`OwnedTask`]: a task that ends with its handle.

use super::join::Task;
use crate::error::JoinError;
use asyncio_core::TaskId;
use futures_core::future::FusedFuture;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A task that is cancelled when its handle is dropped; made by [`Task::into_owned`].
///
/// So `timeout(limit, task)` and a lost race end the task itself, and not the wait for it alone.
///
/// # Cancel safety
/// Dropping it cancels the task. Dropping a `&mut task` that was polled loses nothing.
///
/// # Panics
/// As [`Task`]; dropping it never does, on whatever thread.
///
/// # Examples
/// ```
/// use asyncio::create_task;
///
/// # asyncio::run(async {
/// let (promise, resolver) = asyncio::promise::<()>();
/// let task = create_task(promise).into_owned();
/// asyncio::yield_now().await;
/// drop(task);
/// asyncio::yield_now().await;
/// assert!(resolver.is_abandoned());
/// # });
/// ```
#[doc(alias = "AbortOnDropHandle")]
#[must_use = "dropping an owned task cancels it"]
pub struct OwnedTask<T> {
    /// `None` only after `detach`.
    task: Option<Task<T>>,
}

impl<T> Task<T> {
    /// The task as one that is cancelled when its handle is dropped.
    pub fn into_owned(self) -> OwnedTask<T> {
        OwnedTask { task: Some(self) }
    }
}

impl<T> OwnedTask<T> {
    /// Gives the task back: from now on dropping its handle lets it run on.
    #[expect(clippy::missing_panics_doc, reason = "detach consumes what it empties")]
    pub fn detach(mut self) -> Task<T> {
        self.task.take().expect("only detach takes it, and self with it")
    }

    fn task(&self) -> &Task<T> {
        self.task.as_ref().expect("only detach takes it, and self with it")
    }

    /// Asks the task to end; see [`Task::cancel`].
    pub fn cancel(&self) -> bool {
        self.task().cancel()
    }

    /// Whether the task has ended, in whichever way.
    ///
    /// # Panics
    /// On a thread that is not the task's own.
    #[must_use]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.task().is_finished()
    }

    /// The name it was given, or `Task-N` with its id.
    ///
    /// # Panics
    /// On a thread that is not the task's own.
    #[must_use]
    #[track_caller]
    pub fn name(&self) -> String {
        self.task().name()
    }

    /// The task's number on its loop. Works on every thread.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.task().id()
    }
}

impl<T> Future for OwnedTask<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.task.as_mut().expect("only detach takes it, and self with it");
        Pin::new(task).poll(cx)
    }
}

impl<T> FusedFuture for OwnedTask<T> {
    fn is_terminated(&self) -> bool {
        self.task().is_terminated()
    }
}

impl<T> Drop for OwnedTask<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            // A task that has ended, or whose loop is closed, needs no request.
            let _asked = task.cancel();
        }
    }
}

impl<T> fmt::Debug for OwnedTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedTask").field("id", &self.id().as_u64()).finish_non_exhaustive()
    }
}
