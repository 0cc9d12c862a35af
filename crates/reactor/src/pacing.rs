//! [`Pacing`]: how often a busy loop looks at the clock, at its timers and at the system.
//!
//! The three cost differently: a clock reading 20 to 40 ns, a look at the timers next to nothing more,
//! a look at the system a call and its events. So a loop that is never idle breathes (reads the clock)
//! every so many units of effort, fires what is due every 50 us, and asks the system every 200 us
//! (`docs/decisions/0005-pacing.md`). The stride between two breaths adapts: it is halved, down to one
//! poll, while strides take longer than 50 us, and doubled while they take less than 10.

use asyncio_core::{Instant, effort};
use std::cell::Cell;
use std::time::Duration;

/// A busy loop fires what is due this often.
const FIRE_EVERY: Duration = Duration::from_micros(50);
/// A busy loop asks the system this often.
const LOOK_EVERY: Duration = Duration::from_micros(200);
/// Strides that take less than this are lengthened.
const SHORT: Duration = Duration::from_micros(10);
/// The longest stride: so many polls may pass when light ones are followed by heavy ones.
const LONGEST: u32 = 64;
/// A simulated loop has no time to go by: every so many breaths it fires what is due.
const BREATHS_PER_SIMULATED_LOOK: u32 = 4;

/// What a breath is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Breath {
    /// It is too early for anything.
    Nothing,
    /// Timers that are due are to be fired.
    Fire,
    /// The system is to be asked, and timers fired.
    Look,
}

/// When the loop last breathed, fired and looked.
#[derive(Debug)]
pub(crate) struct Pacing {
    /// `None` after a wait, whose end nobody measured.
    last: Cell<Option<Last>>,
    stride: Cell<u32>,
    simulated_breaths: Cell<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    breath: Instant,
    fire: Instant,
    look: Instant,
}

impl Pacing {
    pub(crate) const fn new() -> Self {
        Self {
            last: Cell::new(None),
            stride: Cell::new(effort::STRIDE),
            simulated_breaths: Cell::new(0),
        }
    }

    /// The loop has waited, so it has looked.
    pub(crate) fn waited(&self) {
        effort::grant(self.stride.get());
        self.last.set(None);
    }

    /// The loop breathes; says what is to be done.
    pub(crate) fn breathe(&self, now: Instant) -> Breath {
        // The first breath since the last wait: time counts from here.
        let last = self.last.get().unwrap_or(Last { breath: now, fire: now, look: now });
        self.adapt(now - last.breath);
        let breath = if now - last.look >= LOOK_EVERY {
            Breath::Look
        } else if now - last.fire >= FIRE_EVERY {
            Breath::Fire
        } else {
            Breath::Nothing
        };
        self.last.set(Some(Last {
            breath: now,
            fire: if breath == Breath::Nothing { last.fire } else { now },
            look: if breath == Breath::Look { now } else { last.look },
        }));
        breath
    }

    /// A simulated loop breathes; says whether it should fire what is due.
    pub(crate) fn breathe_simulated(&self) -> bool {
        effort::grant(effort::STRIDE);
        let breaths = self.simulated_breaths.get() + 1;
        self.simulated_breaths.set(breaths % BREATHS_PER_SIMULATED_LOOK);
        breaths == BREATHS_PER_SIMULATED_LOOK
    }

    /// Sets how much effort may pass until the next breath.
    #[inline]
    fn adapt(&self, took: Duration) {
        let stride = self.stride.get();
        let next = if took > FIRE_EVERY {
            (stride / 2).max(1)
        } else if took < SHORT {
            (stride * 2).min(LONGEST)
        } else {
            stride
        };
        self.stride.set(next);
        effort::grant(next);
    }
}
