//! [`Permits`]: the protocol of the wait queue, and its lock. Safe code; model-checked by path inclusion.
//!
//! Permits are counted, not told apart. Whoever changes anything does so under the lock and leaves the
//! queue *settled*: nobody waits, or the first one wants more than there is. So there is nothing to check
//! again after a wake, and nobody can take what the first one waits for.
//!
//! 1. [`poll`](Permits::poll) takes permits if nobody waits and there are enough; else it enters the
//!    list, with a waker that was cloned before.
//! 2. [`release`](Permits::release) adds permits and grants to the first ones while there are enough: they
//!    leave the list, and the permits are theirs, though they have not run yet.
//! 3. A woken waiter finds its answer by [`poll`](Permits::poll).
//! 4. A waiter that goes before that, by [`leave`](Permits::leave), gives back what it was granted; one that
//!    was not answered may have stood in the way of those behind it. Either way the queue is settled again.
//! 5. [`close`](Permits::close) answers all that wait, and whoever comes later. What was granted stays so.
//!
//! Clones, wakes and drops of wakers happen outside of the lock.

use crate::primitives::{Mutex, drop_foreign};
use crate::waiters::{Key, Stage, Waiters};
use crate::wakers::Wakers;
use std::fmt;
use std::mem::replace;
use std::task::{Poll, Waker};

/// The answer to whoever waits for permits that will not be given any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed: no more permits are given")
    }
}

impl std::error::Error for Closed {}

/// A number of permits, and who waits for some.
#[derive(Debug)]
pub(crate) struct Permits {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    available: usize,
    /// Whether permits that nobody waits for are kept.
    keeps: bool,
    closed: bool,
    waiters: Waiters,
}

impl Permits {
    pub(crate) const fn new(available: usize, keeps: bool) -> Self {
        let state = State { available, keeps, closed: false, waiters: Waiters::new() };
        Self { state: Mutex::new(state) }
    }

    /// Takes permits without waiting: `Pending` if somebody waits or there are not enough.
    pub(crate) fn try_take(&self, wanted: usize) -> Poll<Result<(), Closed>> {
        self.state.lock().try_take(wanted)
    }

    /// Takes permits or waits for them. `key` is `None` before the first call and after the last.
    pub(crate) fn poll(
        &self,
        wanted: usize,
        key: &mut Option<Key>,
        waker: &Waker,
    ) -> Poll<Result<(), Closed>> {
        // Declared before the lock is taken, so dropped after it was released.
        let mut spare = None;
        loop {
            let mut state = self.state.lock();
            if let Some(polled) = state.poll(wanted, key, waker, &mut spare) {
                return polled;
            }
            drop(state);
            spare = Some(waker.clone());
        }
    }

    /// A waiter goes without a last poll.
    pub(crate) fn leave(&self, wanted: usize, key: Key) {
        let mut state = self.state.lock();
        let stage = state.waiters.remove(key);
        if matches!(stage, Stage::Granted) {
            state.add(wanted);
        }
        let wakers = state.settle();
        drop(state);
        wakers.wake_all();
        drop_foreign(stage);
    }

    /// Adds permits and gives them to those who wait.
    pub(crate) fn release(&self, permits: usize) {
        let mut state = self.state.lock();
        state.add(permits);
        let wakers = state.settle();
        drop(state);
        wakers.wake_all();
    }

    /// Refuses all that wait and all that come.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let mut wakers = Wakers::default();
        while let Some(waker) = state.waiters.answer_first(Stage::Refused) {
            wakers.push(waker);
        }
        state.lose_surplus();
        drop(state);
        wakers.wake_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// How many permits nobody has, and how many waiters there are.
    pub(crate) fn count(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.available, state.waiters.len())
    }
}

impl State {
    fn try_take(&mut self, wanted: usize) -> Poll<Result<(), Closed>> {
        if self.closed {
            return Poll::Ready(Err(Closed));
        }
        if !self.waiters.is_empty() || self.available < wanted {
            return Poll::Pending;
        }
        self.available -= wanted;
        Poll::Ready(Ok(()))
    }

    /// `None`: a clone of the waker is needed in `spare`. What is left in `spare` is dropped by the caller.
    fn poll(
        &mut self,
        wanted: usize,
        key: &mut Option<Key>,
        waker: &Waker,
        spare: &mut Option<Waker>,
    ) -> Option<Poll<Result<(), Closed>>> {
        let Some(entered) = *key else {
            let taken = self.try_take(wanted);
            if taken.is_pending() {
                *key = Some(self.waiters.push(wanted, spare.take()?));
            }
            return Some(taken);
        };
        if let Stage::Waiting(registered) = self.waiters.stage(entered) {
            if !registered.will_wake(waker) {
                let former = replace(registered, spare.take()?);
                *spare = Some(former);
            }
            return Some(Poll::Pending);
        }
        *key = None;
        let is_granted = matches!(self.waiters.remove(entered), Stage::Granted);
        Some(Poll::Ready(if is_granted { Ok(()) } else { Err(Closed) }))
    }

    fn add(&mut self, permits: usize) {
        self.available = self.available.saturating_add(permits);
    }

    /// Grants to the first ones while there are enough permits.
    fn settle(&mut self) -> Wakers {
        let mut wakers = Wakers::default();
        while let Some(wanted) = self.waiters.first_wanted()
            && wanted <= self.available
            && let Some(waker) = self.waiters.answer_first(Stage::Granted)
        {
            self.available -= wanted;
            wakers.push(waker);
        }
        self.lose_surplus();
        wakers
    }

    /// A queue without memory keeps nothing that nobody waits for.
    fn lose_surplus(&mut self) {
        if !self.keeps && self.waiters.is_empty() {
            self.available = 0;
        }
    }
}
