//! [`VirtualClock`]: time that stands still until it is moved.

use asyncio_core::Instant;
use asyncio_core::time::Clock;
use std::cell::Cell;

/// A clock that shows what it was last set to, from [`Instant::ZERO`] on.
#[derive(Debug, Default)]
pub(crate) struct VirtualClock {
    now: Cell<Instant>,
}

impl VirtualClock {
    /// A clock at zero.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Moves the clock to `instant`, never backwards.
    pub(crate) fn advance_to(&self, instant: Instant) {
        self.now.set(self.now.get().max(instant));
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        self.now.get()
    }
}
