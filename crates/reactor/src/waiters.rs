//! [`Waiters`]: who waits for one direction of a source, in the order in which they came.
//!
//! Numbers only grow, so the list is sorted by them and a waiter is found by bisection: with thousands
//! of waiters on one socket an event costs about as many steps as there are waiters, not their square.

use std::task::Waker;

/// A list of more places than this is not kept from event to event.
const KEPT_ENTRIES: usize = 64;

/// Names one of several tasks that wait for the same direction of a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waiter {
    /// The one that `poll_` functions share: the last to come is woken.
    Shared,
    /// A future of its own: its number since it last began to wait, zero before.
    Own(u64),
}

impl Waiter {
    /// A future that has not waited yet.
    pub(crate) const NEW: Self = Self::Own(0);
}

/// Who waits for one direction.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    shared: Option<Waker>,
    /// Sorted by number; `None` for one that has left. Allocated when the first comes.
    own: Vec<(u64, Option<Waker>)>,
    /// How many of them have left.
    gone: usize,
}

impl Waiters {
    pub(crate) fn is_empty(&self) -> bool {
        self.shared.is_none() && self.own.len() == self.gone
    }

    /// The place of a waiter's waker, if it waits.
    pub(crate) fn find(&mut self, waiter: Waiter) -> Option<&mut Waker> {
        match waiter {
            Waiter::Shared => self.shared.as_mut(),
            Waiter::Own(number) => self.entry(number)?.as_mut(),
        }
    }

    fn entry(&mut self, number: u64) -> Option<&mut Option<Waker>> {
        let place = self.own.binary_search_by_key(&number, |entry| entry.0).ok()?;
        Some(&mut self.own[place].1)
    }

    /// Sets a waiter's waker and gives back the one it replaces. A waiter that does not wait yet gets
    /// `number`, which must be larger than all before.
    pub(crate) fn put(
        &mut self,
        waiter: Waiter,
        waker: Waker,
        number: u64,
    ) -> (Waiter, Option<Waker>) {
        match (self.find(waiter), waiter) {
            (Some(place), _) => (waiter, Some(std::mem::replace(place, waker))),
            (None, Waiter::Shared) => (waiter, self.shared.replace(waker)),
            (None, Waiter::Own(_)) => {
                self.own.push((number, Some(waker)));
                (Waiter::Own(number), None)
            }
        }
    }

    /// Takes the waker of one that waits no more.
    pub(crate) fn take(&mut self, waiter: Waiter) -> Option<Waker> {
        let Waiter::Own(number) = waiter else { return self.shared.take() };
        let waker = self.entry(number)?.take()?;
        self.gone += 1;
        self.sweep();
        Some(waker)
    }

    /// Takes all wakers, in order.
    pub(crate) fn take_all(&mut self, mut out: impl FnMut(Waker)) {
        self.shared.take().into_iter().for_each(&mut out);
        self.own.drain(..).filter_map(|entry| entry.1).for_each(out);
        self.own.shrink_to(KEPT_ENTRIES);
        self.gone = 0;
    }

    /// Forgets those who have left: at once at the end, where most leave, elsewhere when they are half.
    fn sweep(&mut self) {
        while self.own.pop_if(|last| last.1.is_none()).is_some() {
            self.gone -= 1;
        }
        if self.gone > self.own.len() / 2 {
            self.own.retain(|entry| entry.1.is_some());
            self.gone = 0;
        }
        debug_assert!(2 * self.gone <= self.own.len(), "those who have left are forgotten");
    }
}
