//! [`Pacing`]: how often a busy loop looks at the world.
//!
//! A look costs a clock reading and a system call, so a loop that is never idle asks for one only
//! every so many units of effort, and looks only when 50 us have passed. While single polls are so
//! heavy that the strides between two questions take longer than that, the strides are halved, down
//! to one poll; light ones double them again.

use asyncio_core::{Instant, effort};
use std::cell::Cell;
use std::time::Duration;

/// A busy loop looks at the world this often.
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// A simulated loop has no time to go by: every so many breaths it fires what is due.
const BREATHS_PER_SIMULATED_LOOK: u32 = 4;

/// When the loop last breathed and looked.
#[derive(Debug)]
pub(crate) struct Pacing {
    /// `None` after a wait, whose end nobody measured.
    last_breath: Cell<Option<Instant>>,
    last_look: Cell<Option<Instant>>,
    stride: Cell<u32>,
    simulated_breaths: Cell<u32>,
}

impl Pacing {
    pub(crate) const fn new() -> Self {
        Self {
            last_breath: Cell::new(None),
            last_look: Cell::new(None),
            stride: Cell::new(effort::EFFORT_PER_LOOK),
            simulated_breaths: Cell::new(0),
        }
    }

    /// The loop has waited, so it has looked.
    pub(crate) fn waited(&self) {
        effort::reset();
        self.last_breath.set(None);
        self.last_look.set(None);
    }

    /// The loop breathes; says whether it should look.
    pub(crate) fn breathe(&self, now: Instant) -> bool {
        let took = self.last_breath.replace(Some(now)).map(|before| now - before);
        self.adapt(took);
        match self.last_look.get() {
            Some(before) if now - before < LOOK_EVERY => false,
            // The first breath since the last wait: time counts from here.
            before => {
                self.last_look.set(Some(now));
                before.is_some()
            }
        }
    }

    /// A simulated loop breathes; says whether it should fire what is due.
    pub(crate) fn breathe_simulated(&self) -> bool {
        effort::reset();
        let breaths = self.simulated_breaths.get() + 1;
        self.simulated_breaths.set(breaths % BREATHS_PER_SIMULATED_LOOK);
        breaths == BREATHS_PER_SIMULATED_LOOK
    }

    /// Sets how much effort may pass until the next breath.
    fn adapt(&self, took: Option<Duration>) {
        let stride = match took {
            None => self.stride.get(),
            Some(took) if took > LOOK_EVERY => (self.stride.get() / 2).max(1),
            Some(_) => (self.stride.get() * 2).min(effort::EFFORT_PER_LOOK),
        };
        self.stride.set(stride);
        effort::reset();
        // A shorter stride is effort that has been made already. Between two polls it does no harm
        // that this refills the budget, too.
        (stride..effort::EFFORT_PER_LOOK).for_each(|_| effort::begin_poll());
    }
}
