//! [`After`] and [`Waiters`]: wakers kept inside the kernel, woken and dropped outside of it.

use asyncio_core::wake_batch::{WakeBatch, drop_foreign};
use std::task::Waker;

/// What a call leaves to be done when the kernel is no longer borrowed.
#[derive(Debug, Default)]
pub(super) struct After {
    wake: WakeBatch,
    dropped: Vec<Waker>,
}

impl After {
    /// Wakes and drops what was gathered. Nothing of the kernel may be borrowed.
    pub(super) fn perform(mut self) {
        self.wake.wake_all();
        self.dropped.into_iter().for_each(drop_foreign);
    }
}

/// The one task that waits for a direction of a stream; a later one takes its place.
#[derive(Debug, Default)]
pub(super) struct Waiter(Option<Waker>);

impl Waiter {
    pub(super) fn park(&mut self, waker: &mut Option<Waker>, after: &mut After) {
        after.dropped.extend(std::mem::replace(&mut self.0, waker.take()));
    }

    pub(super) fn wake(&mut self, after: &mut After) {
        if let Some(waker) = self.0.take() {
            after.wake.push(waker);
        }
    }
}

/// Any number of tasks that wait for one thing.
///
/// All of them are woken: of those whose future has gone meanwhile nothing is known here.
#[derive(Debug, Default)]
pub(super) struct Waiters(Vec<Waker>);

impl Waiters {
    pub(super) fn park(&mut self, waker: &mut Option<Waker>) {
        let known = |waker: &mut Waker| self.0.iter().any(|other| other.will_wake(waker));
        self.0.extend(waker.take_if(|waker| !known(waker)));
    }

    pub(super) fn wake(&mut self, after: &mut After) {
        self.0.drain(..).for_each(|waker| after.wake.push(waker));
    }
}
