//! [`Pacing`]: how often a busy loop reads the clock, fires timers and polls the system.
//!
//! The three cost differently: a clock reading 20 to 40 ns, firing timers next to nothing more, a
//! poll of the system a call and its events. So a loop that is never idle reads the clock once in a
//! poll interval, fires what is due every 50 us, and asks the system every 200 us
//! (`docs/decisions/0005-pacing.md`). The interval adapts: it is halved, down to one poll, while
//! intervals take longer than 50 us, and doubled while they take less than 10.

use asyncio_core::{Instant, budget};
use std::cell::Cell;
use std::time::Duration;

/// A busy loop fires what is due this often.
const FIRE_EVERY: Duration = Duration::from_micros(50);
/// A busy loop asks the system this often.
const POLL_EVERY: Duration = Duration::from_micros(200);
/// Intervals that take less than this are lengthened.
const SHORT: Duration = Duration::from_micros(10);
/// The longest interval: so many polls may pass when light ones are followed by heavy ones.
const LONGEST: u32 = 64;
/// A simulated loop has no time to go by: it fires what is due every so many intervals.
const INTERVALS_PER_SIMULATED_POLL: u32 = 4;

/// What is to be done at the end of a poll interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DriverWork {
    /// It is too early for anything.
    Nothing,
    /// Timers that are due are to be fired.
    Fire,
    /// The system is to be asked, and timers fired.
    Poll,
}

/// When the loop last read the clock, fired timers and asked the system.
#[derive(Debug)]
pub(crate) struct Pacing {
    /// `None` after a wait, whose end nobody measured.
    last: Cell<Option<Last>>,
    interval: Cell<u32>,
    simulated_intervals: Cell<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    interval_end: Instant,
    fire: Instant,
    poll: Instant,
}

impl Pacing {
    pub(crate) const fn new() -> Self {
        Self {
            last: Cell::new(None),
            interval: Cell::new(budget::INTERVAL),
            simulated_intervals: Cell::new(0),
        }
    }

    /// The loop has waited, so it has polled.
    pub(crate) fn waited(&self) {
        budget::grant(self.interval.get());
        self.last.set(None);
    }

    /// A poll interval is over; says what is to be done.
    pub(crate) fn poll_driver(&self, now: Instant) -> DriverWork {
        // The first interval since the last wait: time counts from here.
        let last = self.last.get().unwrap_or(Last { interval_end: now, fire: now, poll: now });
        self.adapt(now - last.interval_end);
        let work = if now - last.poll >= POLL_EVERY {
            DriverWork::Poll
        } else if now - last.fire >= FIRE_EVERY {
            DriverWork::Fire
        } else {
            DriverWork::Nothing
        };
        self.last.set(Some(Last {
            interval_end: now,
            fire: if work == DriverWork::Nothing { last.fire } else { now },
            poll: if work == DriverWork::Poll { now } else { last.poll },
        }));
        work
    }

    /// A poll interval of a simulated loop is over; says whether it should fire what is due.
    pub(crate) fn poll_simulated_driver(&self) -> bool {
        budget::grant(budget::INTERVAL);
        let intervals = self.simulated_intervals.get() + 1;
        self.simulated_intervals.set(intervals % INTERVALS_PER_SIMULATED_POLL);
        intervals == INTERVALS_PER_SIMULATED_POLL
    }

    /// Sets the next poll interval.
    #[inline]
    fn adapt(&self, took: Duration) {
        let interval = self.interval.get();
        let next = if took > FIRE_EVERY {
            (interval / 2).max(1)
        } else if took < SHORT {
            (interval * 2).min(LONGEST)
        } else {
            interval
        };
        self.interval.set(next);
        budget::grant(next);
    }
}
