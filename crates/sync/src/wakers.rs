//! [`Wakers`]: taken under the lock, woken after it.
//!
//! Waking is code that is not ours: it may come back to the same queue, and it may panic.

use crate::primitives::wake;
use std::task::Waker;

/// Wakers to be woken in the order in which they came. One, the usual number, takes no memory.
#[derive(Debug, Default)]
#[must_use = "whoever was granted something must be woken"]
pub(crate) struct Wakers {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakers {
    pub(crate) fn push(&mut self, waker: Waker) {
        match self.first {
            None => self.first = Some(waker),
            Some(_) => self.others.push(waker),
        }
    }

    /// Wakes them all; must not be called under the lock.
    pub(crate) fn wake_all(self) {
        self.first.into_iter().chain(self.others).for_each(wake);
    }
}
