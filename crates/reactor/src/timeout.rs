//! [`timeout`]: a future that must be done in time.

use crate::sleep::{Sleep, sleep};
use asyncio_core::Instant;
use asyncio_core::wait_note::{WaitKind, clear, pending_on};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use thiserror::Error;

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
/// use asyncio_reactor::{sleep, timeout};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// asyncio_reactor::block_on(async {
///     let slow = sleep(Duration::from_secs(3600));
///     assert!(timeout(Duration::from_micros(100), slow).await.is_err());
///     assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
/// })
/// # }
/// ```
#[doc(alias = "wait_for")]
#[inline]
#[track_caller]
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout { future: Some(future), sleep: sleep(duration) }
}

/// The time given to [`timeout`] was over before its future was ready.
#[doc(alias = "Elapsed")]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("timed out")]
#[non_exhaustive]
pub struct TimeoutError;

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
        self.project().sleep.reset(deadline);
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
        // Said first, so that what the future inside waits for is what is remembered.
        pending_on(WaitKind::Timer, this.sleep.deadline().as_nanos());
        if let Poll::Ready(output) = future.poll(cx) {
            clear();
            this.future.set(None);
            return Poll::Ready(Ok(output));
        }
        if this.sleep.poll_quietly(cx.waker()).is_pending() {
            return Poll::Pending;
        }
        this.future.set(None);
        Poll::Ready(Err(TimeoutError))
    }
}
