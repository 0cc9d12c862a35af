//! [`Semaphore`]: a [`WaitQueue`] whose permits are given back by destructors.

use crate::permits::Closed;
use crate::wait_queue::{Wait, WaitQueue};
use futures_core::future::FusedFuture;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Limits how many do something at the same time.
///
/// It holds a number of permits. [`acquire`](Self::acquire) takes one and waits if there is none; dropping
/// the [`Permit`] gives it back. Permits are given first come, first served: a new arrival waits behind
/// those who wait, also for fewer permits than they do.
///
/// It belongs to no loop and may be shared by threads. A permit borrows it; that of a `static` semaphore may
/// go anywhere, and so may one from [`acquire_owned`](Self::acquire_owned).
///
/// # Examples
/// ```
/// use asyncio::Semaphore;
/// use asyncio::sync::Closed;
///
/// static CONNECTIONS: Semaphore = Semaphore::new(100);
///
/// async fn serve() -> Result<(), Closed> {
///     let _permit = CONNECTIONS.acquire().await?;
///     // at most a hundred at a time come here
///     Ok(())
/// }
/// # asyncio::run(serve())?;
/// # Ok::<(), Closed>(())
/// ```
#[doc(alias = "BoundedSemaphore")]
#[doc(alias = "CapacityLimiter")]
pub struct Semaphore {
    pub(crate) queue: WaitQueue,
}

/// Why [`Semaphore::try_acquire`] gives nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// There are not enough permits, or somebody waits for some.
    NoPermits,
    /// The semaphore is closed.
    Closed(Closed),
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPermits => f.write_str("not enough permits are available"),
            Self::Closed(closed) => fmt::Display::fmt(closed, f),
        }
    }
}

impl std::error::Error for TryAcquireError {}

impl From<Closed> for TryAcquireError {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

impl Semaphore {
    /// A semaphore with so many permits.
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        Self { queue: WaitQueue::new(permits) }
    }

    /// Takes a permit, and waits until there is one and all who came before have theirs.
    ///
    /// It takes its place when it is first polled.
    ///
    /// # Errors
    /// [`Closed`], if the semaphore is closed before it was given.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place; a permit that was on its way to it goes to the next.
    ///
    /// # Examples
    /// ```
    /// use asyncio::Semaphore;
    /// use asyncio::sync::Closed;
    ///
    /// # asyncio::run(async {
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.acquire().await?;
    /// assert!(semaphore.is_locked());
    /// drop(permit);
    /// assert!(!semaphore.is_locked());
    /// # Ok::<(), Closed>(())
    /// # })?;
    /// # Ok::<(), Closed>(())
    /// ```
    pub const fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Takes several permits at once, and waits until there are so many.
    ///
    /// Nobody who comes later is given any before. If there never are so many, it waits for ever.
    ///
    /// # Errors
    /// [`Closed`], if the semaphore is closed before they were given.
    ///
    /// # Cancel safety
    /// As with [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// ```
    /// use asyncio::Semaphore;
    /// use asyncio::sync::Closed;
    ///
    /// # asyncio::run(async {
    /// let memory = Semaphore::new(64);
    /// let large = memory.acquire_many(48).await?;
    /// assert_eq!(memory.available_permits(), 16);
    /// # drop(large);
    /// # Ok::<(), Closed>(())
    /// # })?;
    /// # Ok::<(), Closed>(())
    /// ```
    pub const fn acquire_many(&self, permits: usize) -> Acquire<'_> {
        Acquire { semaphore: self, permits, wait: self.queue.wait(permits) }
    }

    /// Takes a permit if there is one and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] if not, [`TryAcquireError::Closed`] if the semaphore is closed.
    ///
    /// # Examples
    /// ```
    /// use asyncio::Semaphore;
    /// use asyncio::sync::TryAcquireError;
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire()?;
    /// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    /// # drop(permit);
    /// # Ok::<(), TryAcquireError>(())
    /// ```
    pub fn try_acquire(&self) -> Result<Permit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes several permits if there are so many and nobody waits.
    ///
    /// # Errors
    /// As with [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_many(&self, permits: usize) -> Result<Permit<'_>, TryAcquireError> {
        if self.queue.try_take(permits)? {
            Ok(Permit { semaphore: self, permits })
        } else {
            Err(TryAcquireError::NoPermits)
        }
    }

    /// Adds permits, for those that were [forgotten](Permit::forget) or beyond the number at the beginning.
    ///
    /// # Examples
    /// ```
    /// let gate = asyncio::Semaphore::new(0);
    /// gate.release(3);
    /// assert_eq!(gate.available_permits(), 3);
    /// ```
    #[doc(alias = "add_permits")]
    pub fn release(&self, permits: usize) {
        self.queue.release(permits);
    }

    /// Refuses all who wait and all who come. Permits that were given stay valid.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// How many permits nobody has. There may be some although somebody waits, who wants more.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.queue.available()
    }

    /// Whether [`acquire`](Self::acquire) would have to wait: no permit is left, or somebody waits.
    #[doc(alias = "locked")]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.queue.available() == 0 || self.queue.waiting() > 0
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Semaphore");
        shown.field("available_permits", &self.queue.available());
        shown.field("waiting", &self.queue.waiting());
        shown.field("is_closed", &self.is_closed()).finish()
    }
}

/// The future of [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
///
/// # Panics
/// Polling it again after it has given its result panics.
#[must_use = "it takes its place when it is first polled"]
#[derive(Debug)]
pub struct Acquire<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
    wait: Wait<'a>,
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<Permit<'a>, Closed>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.wait).poll(cx));
        Poll::Ready(answer.map(|()| Permit { semaphore: self.semaphore, permits: self.permits }))
    }
}

impl FusedFuture for Acquire<'_> {
    fn is_terminated(&self) -> bool {
        self.wait.is_terminated()
    }
}

/// One or several permits of a [`Semaphore`]; dropping it gives them back.
#[must_use = "dropping it gives the permit back at once"]
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

impl Permit<'_> {
    /// How many permits this is.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.permits
    }

    /// Does not give the permits back.
    ///
    /// They are gone, or come back by [`Semaphore::release`], for instance at the end of a task that was
    /// handed over to somebody else.
    pub fn forget(mut self) {
        self.permits = 0;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.release(self.permits);
        }
    }
}
