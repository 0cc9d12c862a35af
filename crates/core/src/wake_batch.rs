//! [`WakeBatch`]: wakers gathered under a borrow or a lock, woken after its end.
//!
//! Waking runs code that is not ours. It may come back to the very table the wakers were taken from,
//! and it may panic; so nothing is borrowed while a batch is woken, and a panic does not keep the
//! others from being woken.

use crate::exception::{ExceptionContext, forget_payload, report};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakers to be woken together, in the order in which they came. Reused, it allocates once.
#[derive(Debug, Default)]
pub struct WakeBatch {
    wakers: Vec<Waker>,
}

impl WakeBatch {
    /// A batch of none.
    #[must_use]
    pub const fn new() -> Self {
        Self { wakers: Vec::new() }
    }

    /// Adds one.
    #[inline]
    pub fn push(&mut self, waker: Waker) {
        self.wakers.push(waker);
    }

    /// How many are waiting to be woken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wakers.len()
    }

    /// Whether there is nobody to wake.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// Wakes them all and leaves the batch empty.
    pub fn wake_all(&mut self) {
        for waker in self.wakers.drain(..) {
            wake(waker);
        }
    }
}

/// Wakes one waker; a panic in it is reported and goes no further.
#[inline]
pub fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        report(&ExceptionContext::new("a waker panicked while it was woken", &*payload));
        forget_payload(payload);
    }
}

/// Drops a value that is not ours; a panic in its drop is reported and goes no further.
#[inline]
pub fn drop_foreign<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        report(&ExceptionContext::new("a value panicked while it was dropped", &*payload));
        forget_payload(payload);
    }
}
