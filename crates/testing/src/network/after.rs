//! [`After`] and [`Waiters`]: wakers kept inside the kernel, woken and dropped outside of it.

use asyncio_core::wake_batch::{WakeBatch, drop_foreign};
use std::collections::BTreeSet;
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
pub(super) struct Waiters {
    /// In the order in which they came.
    wakers: Vec<Waker>,
    /// What tells them apart, so that a task that asks again is kept once. It is only searched.
    known: BTreeSet<(usize, usize)>,
}

impl Waiters {
    pub(super) fn park(&mut self, waker: &mut Option<Waker>) {
        self.wakers.extend(waker.take_if(|waker| self.known.insert(identity(waker))));
    }

    pub(super) fn wake(&mut self, after: &mut After) {
        self.known.clear();
        self.wakers.drain(..).for_each(|waker| after.wake.push(waker));
    }
}

/// Equal for wakers that wake the same task: this is what [`Waker::will_wake`] compares.
fn identity(waker: &Waker) -> (usize, usize) {
    (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::Wake;

    struct Task;

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_task_that_asks_again_is_kept_once() {
        let (mut waiters, mut after) = (Waiters::default(), After::default());
        let wakers = [Waker::from(Arc::new(Task)), Waker::from(Arc::new(Task))];
        for _ in 0..2 {
            for waker in wakers.iter().cycle().take(10) {
                waiters.park(&mut Some(waker.clone()));
            }
            assert_eq!(waiters.wakers.len(), 2);
            waiters.wake(&mut after);
        }
        assert_eq!(after.wake.len(), 4, "woken, a task is a new one");
        after.perform();
    }
}
