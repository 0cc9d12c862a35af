//! [`OwnedPermit`]: a permit that keeps its semaphore alive, for tasks that outlive whoever made them.

use crate::permits::Closed;
use crate::semaphore::Semaphore;
use crate::wait_queue::Waiter;
use futures_core::future::FusedFuture;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

impl Semaphore {
    /// Takes permits like [`acquire_many`](Self::acquire_many), to be held by a task of its own.
    ///
    /// # Errors
    /// [`Closed`], if the semaphore is closed before they were given.
    ///
    /// # Cancel safety
    /// As with [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// Waiting before the task is made bounds the number of tasks:
    /// ```
    /// use asyncio::Semaphore;
    /// use asyncio::sync::Closed;
    /// use std::sync::Arc;
    ///
    /// # asyncio::run(async {
    /// let limit = Arc::new(Semaphore::new(100));
    /// let permit = limit.acquire_owned(1).await?;
    /// let task = async move {
    ///     // the work
    ///     drop(permit);
    /// };
    /// # task.await;
    /// # Ok::<(), Closed>(())
    /// # })?;
    /// # Ok::<(), Closed>(())
    /// ```
    #[doc(alias = "acquire_arc")]
    pub fn acquire_owned(self: &Arc<Self>, permits: usize) -> AcquireOwned {
        AcquireOwned { semaphore: Arc::clone(self), waiter: Waiter::new(permits) }
    }
}

/// The future of [`Semaphore::acquire_owned`].
///
/// # Panics
/// Polling it again after it has given its result panics.
#[must_use = "it takes its place when it is first polled"]
pub struct AcquireOwned {
    semaphore: Arc<Semaphore>,
    waiter: Waiter,
}

impl Future for AcquireOwned {
    type Output = Result<OwnedPermit, Closed>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let answer = ready!(this.waiter.poll(&this.semaphore.queue, cx));
        let permits = this.waiter.wanted();
        let semaphore = Arc::clone(&this.semaphore);
        Poll::Ready(answer.map(|()| OwnedPermit { semaphore, permits }))
    }
}

impl FusedFuture for AcquireOwned {
    fn is_terminated(&self) -> bool {
        self.waiter.has_ended()
    }
}

impl Drop for AcquireOwned {
    fn drop(&mut self) {
        self.waiter.leave(&self.semaphore.queue);
    }
}

impl fmt::Debug for AcquireOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AcquireOwned");
        shown.field("semaphore", &self.semaphore).field("permits", &self.waiter.wanted()).finish()
    }
}

/// Permits of a [`Semaphore`] that it keeps alive; dropping it gives them back.
#[must_use = "dropping it gives the permit back at once"]
#[derive(Debug)]
pub struct OwnedPermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl OwnedPermit {
    /// How many permits this is.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.permits
    }

    /// Does not give the permits back, like [`Permit::forget`](crate::Permit::forget).
    pub fn forget(mut self) {
        self.permits = 0;
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.release(self.permits);
        }
    }
}
