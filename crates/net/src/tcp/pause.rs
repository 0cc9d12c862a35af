//! [`Pause`]: when a listener that cannot accept tries again.
//!
//! It is the listener's and not its futures', so that a task that gives up and asks again, as under a
//! timeout, cannot turn pauses into spinning. Only the listener's own loop writes here; the atomics make it
//! `Sync` and order nothing.

use asyncio_reactor::{Instant, now};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Until when a listener rests.
#[derive(Default)]
pub(crate) struct Pause {
    /// Nanoseconds on the loop's clock; 0 if nothing is wrong.
    until: AtomicU64,
    /// Length of the last pause, in milliseconds.
    length_ms: AtomicU64,
    /// Connections that failed since the last pause or the last success.
    failed: AtomicU32,
}

impl Pause {
    const FIRST_MS: u64 = 100;
    const LONGEST_MS: u64 = 1000;
    /// After that many failures in a row the cause may be none of the connections'.
    const FAILURES: u32 = 4;

    /// A connection has failed; whether the next is to be tried at once.
    pub(crate) fn may_try_on(&self) -> bool {
        let failed = self.failed.load(Relaxed) + 1;
        self.failed.store(failed % Self::FAILURES, Relaxed);
        failed < Self::FAILURES
    }

    /// Begins a pause twice as long as the last; `true` if there was none since a success.
    #[must_use]
    pub(crate) fn begin(&self) -> bool {
        let last = self.length_ms.load(Relaxed);
        let length = (last * 2).clamp(Self::FIRST_MS, Self::LONGEST_MS);
        self.length_ms.store(length, Relaxed);
        self.until.store((now() + Duration::from_millis(length)).as_nanos(), Relaxed);
        last == 0
    }

    /// Whether there was a pause since the last success.
    #[inline]
    pub(crate) fn is_begun(&self) -> bool {
        self.until.load(Relaxed) != 0
    }

    /// Nothing is wrong any more.
    #[inline]
    pub(crate) fn end(&self) {
        self.failed.store(0, Relaxed);
        if self.is_begun() {
            self.until.store(0, Relaxed);
            self.length_ms.store(0, Relaxed);
        }
    }

    /// When the pause that was begun last is over, if it is not yet.
    #[inline]
    pub(crate) fn over(&self) -> Option<Instant> {
        match self.until.load(Relaxed) {
            0 => None,
            until => Some(Instant::from_nanos(until)).filter(|until| now() < *until),
        }
    }
}
