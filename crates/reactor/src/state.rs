//! [`State`]: everything a loop's own thread keeps, and its turn.
//!
//! Invariant: no borrow is held while code that is not ours runs (clones, wakes and drops of wakers).
//! Wakers are collected into a batch under the borrow and woken after it.

use crate::clock::LoopClock;
use crate::selector::{Readiness, Selector, Wait};
use crate::shared::{Message, Shared};
use crate::table::SourceTable;
use crate::timer::Wheel;
use asyncio_core::Instant;
use asyncio_core::time::Clock;
use asyncio_core::wake_batch::{WakeBatch, drop_foreign};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// After that many waits that fired a lone timer the timers count as sparse again.
const DENSE_WAITS: u32 = 8;
/// A batch of more wakers than this is not kept for the next turn.
const KEPT_WAKERS: usize = 4096;

/// What a loop's own thread keeps.
pub(crate) struct State {
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: LoopClock,
    pub(crate) timers: RefCell<Wheel<Waker>>,
    pub(crate) sources: RefCell<SourceTable>,
    /// Borrowed while it waits: a hook, which does not come back into the loop's turn. `None` when closed.
    selector: RefCell<Option<Box<dyn Selector>>>,
    is_closed: Cell<bool>,
    next_seq: Cell<u64>,
    /// Buffers of a turn, kept for the next.
    ready: Cell<Vec<Readiness>>,
    batch: Cell<WakeBatch>,
    timer_slack: Duration,
    /// Above zero while waits fire several timers each.
    dense: Cell<u32>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timers = self.timers.try_borrow().map_or(0, |timers| timers.len());
        let sources = self.sources.try_borrow().map_or(0, |sources| sources.len());
        f.debug_struct("Reactor")
            .field("timers", &timers)
            .field("sources", &sources)
            .field("is_closed", &self.is_closed.get())
            .finish_non_exhaustive()
    }
}

impl State {
    pub(crate) fn new(
        shared: Arc<Shared>,
        clock: LoopClock,
        selector: Box<dyn Selector>,
        timer_slack: Duration,
    ) -> Self {
        let now = clock.now().as_nanos();
        Self {
            shared,
            clock,
            timers: RefCell::new(Wheel::new(now)),
            sources: RefCell::new(SourceTable::new()),
            selector: RefCell::new(Some(selector)),
            is_closed: Cell::new(false),
            next_seq: Cell::new(1),
            ready: Cell::default(),
            batch: Cell::default(),
            timer_slack,
            dense: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    #[inline]
    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self.clock, LoopClock::Simulated(_))
    }

    /// A rank among equal deadlines: timers fire in the order in which they asked for it.
    #[inline]
    pub(crate) fn next_seq(&self) -> u64 {
        let seq = self.next_seq.get();
        self.next_seq.set(seq + 1);
        seq
    }

    /// Waits until something may have become ready, for `limit` at most, and wakes whom it concerns.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> ControlFlow<()> {
        // Messages first: a timer that is cancelled already is nothing to wait for.
        self.take_in_messages();
        let wait = self.how_long(limit);
        // A simulated world changes by waiting only, so a due timer is fired without asking it.
        let flow = if wait == Wait::Poll && self.is_simulated() {
            ControlFlow::Continue(0)
        } else {
            self.poll_selector(wait)
        };
        match flow {
            ControlFlow::Break(()) => ControlFlow::Break(()),
            ControlFlow::Continue(_) => {
                let fired = self.fire_due();
                let dense =
                    if fired >= 2 { DENSE_WAITS } else { self.dense.get().saturating_sub(1) };
                self.dense.set(dense);
                ControlFlow::Continue(())
            }
        }
    }

    /// Whether a peak has left memory behind.
    pub(crate) fn is_trim_due(&self) -> bool {
        self.timers.borrow().is_oversized() || self.sources.borrow().is_oversized()
    }

    /// Gives the memory of a peak back.
    pub(crate) fn trim(&self) {
        let mut timers = self.timers.borrow_mut();
        if timers.is_oversized() {
            let _room = timers.trim();
        }
        let mut sources = self.sources.borrow_mut();
        if sources.is_oversized() {
            let _room = sources.trim();
        }
    }

    /// How long the next wait may be: until the next timer, or a little longer while they come thick, and
    /// `limit` at most. A simulated wait has no limit, for its clock moves as far as there is something to do.
    fn how_long(&self, limit: Option<Duration>) -> Wait {
        let next = {
            let mut timers = self.timers.borrow_mut();
            if self.is_simulated() { timers.next_exact() } else { timers.bound() }
        };
        let next = next.map_or(Instant::FAR_FUTURE, Instant::from_nanos);
        let limit = limit.filter(|_| !self.is_simulated());
        if next == Instant::FAR_FUTURE && limit.is_none() {
            return Wait::Forever;
        }
        let now = self.clock.now();
        let next = limit.map_or(next, |limit| next.min(now + limit));
        if next <= now {
            return Wait::Poll;
        }
        let earliest = if self.dense.get() > 0 { now + self.timer_slack } else { now };
        Wait::Until(next.max(earliest))
    }

    /// Asks the selector, takes in messages and marks the sources, waking those who wait for them.
    pub(crate) fn poll_selector(&self, wait: Wait) -> ControlFlow<(), usize> {
        let mut ready = self.ready.take();
        let mut selector = self.selector.try_borrow_mut().unwrap_or_else(|_| {
            panic!("the reactor was asked to wait by its own selector, which is waiting already")
        });
        let flow = match &mut *selector {
            Some(selector) => selector.select(wait, &mut ready),
            None => Ok(ControlFlow::Continue(())),
        };
        drop(selector);
        match flow {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return ControlFlow::Break(()),
            Err(error) => panic!("the event loop cannot wait for the system: {error}"),
        }
        self.take_in_messages();
        let arming = self.shared.registry().is_some_and(|registry| registry.needs_arming());
        let mut batch = self.batch.take();
        if !ready.is_empty() {
            let mut sources = self.sources.borrow_mut();
            ready.drain(..).for_each(|event| sources.mark(event, arming, &mut batch));
        }
        self.ready.set(ready);
        ControlFlow::Continue(self.wake(batch))
    }

    /// Wakes those whose time has come; returns how many. Nothing is fired early: the clock is read
    /// after the wait.
    pub(crate) fn fire_due(&self) -> usize {
        // Nobody to wake, no need to know the time.
        if self.timers.borrow().len() == 0 {
            return 0;
        }
        self.fire(self.clock.now())
    }

    /// Wakes those whose time had come when the clock showed `now`.
    #[cold]
    pub(crate) fn fire_due_at(&self, now: Instant) {
        if self.timers.borrow().len() != 0 {
            self.fire(now);
        }
    }

    fn fire(&self, now: Instant) -> usize {
        let mut batch = self.batch.take();
        self.timers.borrow_mut().pop_due(now.as_nanos(), |waker| batch.push(waker));
        self.wake(batch)
    }

    fn wake(&self, mut batch: WakeBatch) -> usize {
        let count = batch.len();
        batch.wake_all();
        if count <= KEPT_WAKERS {
            self.batch.set(batch);
        }
        count
    }

    /// Does what handles asked for that were dropped elsewhere.
    pub(crate) fn take_in_messages(&self) {
        for message in self.shared.take_messages() {
            match message {
                Message::Cancel(key) => {
                    let waker = self.timers.borrow_mut().cancel(key);
                    drop_foreign(waker);
                }
                Message::Forget(key) => {
                    let mut wakers = Vec::new();
                    self.sources.borrow_mut().remove(key, |waker| wakers.push(waker));
                    wakers.into_iter().for_each(drop_foreign);
                }
            }
        }
    }

    /// Ends the loop: whatever waits is dropped, and using a handle is an error from now on.
    pub(crate) fn close(&self) {
        if self.is_closed.replace(true) {
            return;
        }
        self.shared.close();
        // In the middle of a wait it stays until the loop goes; nothing of ours closes a loop there.
        let selector = self.selector.try_borrow_mut().ok().and_then(|mut selector| selector.take());
        drop_foreign(selector);
        // The iterator owns what it yields, so nothing is borrowed while wakers are dropped.
        let timers = self.timers.borrow_mut().drain();
        timers.for_each(drop_foreign);
        let mut batch = WakeBatch::new();
        self.sources.borrow_mut().remove_all(&mut batch);
        // Woken, not dropped: a task that waits for a source is told so by an error.
        batch.wake_all();
    }
}
