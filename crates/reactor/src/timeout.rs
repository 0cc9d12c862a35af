//! [`timeout`]: a future that must be done in time.

use crate::sleep::{Sleep, sleep, sleep_until};
use asyncio_core::wait_note::{self, WaitKind, pending_on};
use asyncio_core::{Instant, budget};
use futures_core::future::FusedFuture;
use pin_project_lite::pin_project;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Awaits `future`, but no longer than `duration` from this call.
///
/// If both are ready at once, the value wins. When time is up the future is dropped *before* the error
/// is returned, so whatever it held is free again. It is Python's `wait_for` and `timeout`.
/// Made outside of any loop, it counts from its first poll.
///
/// # Panics
/// If the loop is closed.
///
/// # Cancel safety
/// As safe as `future`, which is dropped with it.
///
/// # Examples
/// ```
/// use asyncio::{sleep, timeout};
/// use std::time::Duration;
///
/// asyncio::run(async {
///     let slow = sleep(Duration::from_secs(3600));
///     assert!(timeout(Duration::from_micros(100), slow).await.is_err());
///     assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
/// });
/// ```
#[doc(alias = "wait_for")]
#[inline]
#[track_caller]
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout { future: Some(future), sleep: sleep(duration), limit: Some(duration) }
}

/// Awaits `future`, but no longer than until `deadline`; otherwise as [`timeout`]. It is Python's
/// `timeout_at`.
///
/// # Cancel safety
/// As safe as `future`, which is dropped with it.
///
/// # Examples
/// ```
/// use asyncio::{running_loop, sleep, timeout_at};
/// use std::time::Duration;
///
/// asyncio::run(async {
///     let deadline = running_loop().time() + Duration::from_micros(100);
///     assert!(timeout_at(deadline, sleep(Duration::from_secs(3600))).await.is_err());
/// });
/// ```
#[inline]
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    Timeout { future: Some(future), sleep: sleep_until(deadline), limit: None }
}

/// The time given to [`timeout`] was over before its future was ready.
#[doc(alias = "Elapsed")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeoutError {
    limit: Option<Duration>,
}

impl TimeoutError {
    /// How long it could take; `None` if the end was an instant, of [`timeout_at`] or
    /// [`reschedule`](Timeout::reschedule).
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "timed out after {limit:?}"),
            None => f.write_str("timed out"),
        }
    }
}

impl Error for TimeoutError {}

impl From<TimeoutError> for std::io::Error {
    fn from(error: TimeoutError) -> Self {
        Self::new(std::io::ErrorKind::TimedOut, error)
    }
}

pin_project! {
    /// The future of [`timeout`].
    #[derive(Debug)]
    #[must_use = "a timeout does nothing unless awaited"]
    pub struct Timeout<F> {
        // `None` when it has ended, either way.
        #[pin]
        future: Option<F>,
        sleep: Sleep,
        limit: Option<Duration>,
    }
}

impl<F> Timeout<F> {
    /// When time is up; the far future if that is not known before the first poll.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }

    /// Sets another end, earlier or later. It is Python's `Timeout.reschedule`.
    ///
    /// # Panics
    /// If it waits on a loop that is not current on this thread.
    #[track_caller]
    pub fn reschedule(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        this.sleep.reset(deadline);
        *this.limit = None;
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimeoutError>;

    #[inline]
    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("a timeout was polled after it had ended")
        };
        // What is inside cannot be held back once it is ready.
        ready!(budget::poll_left(cx));
        let others = wait_note::take();
        // Said first, so that what the future inside waits for is what is remembered.
        pending_on(WaitKind::Timer, this.sleep.deadline().as_nanos());
        if let Poll::Ready(output) = future.poll(cx) {
            let _spent = budget::spend(budget::STEP);
            wait_note::restore(others);
            this.future.set(None);
            return Poll::Ready(Ok(output));
        }
        ready!(this.sleep.poll_quietly(cx));
        // Nobody waits for what was inside any more.
        wait_note::restore(others);
        this.future.set(None);
        Poll::Ready(Err(TimeoutError { limit: *this.limit }))
    }
}

impl<F: Future> FusedFuture for Timeout<F> {
    fn is_terminated(&self) -> bool {
        self.future.is_none()
    }
}
