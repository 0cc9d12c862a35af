//! [`OsClock`]: the one place where the operating system's clock is read.
//!
//! It counts from the system's own monotonic epoch, so the instants of two real loops compare, and a
//! deadline can be handed to the kernel as it is.

use asyncio_core::Instant;
use asyncio_core::time::Clock;
use rustix::time::{ClockId, clock_gettime};
use std::rc::Rc;

/// The operating system's monotonic clock.
///
/// # Examples
/// ```
/// use asyncio_core::time::Clock;
/// use asyncio_reactor::OsClock;
///
/// let before = OsClock.now();
/// assert!(OsClock.now() >= before);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OsClock;

impl Clock for OsClock {
    #[inline]
    fn now(&self) -> Instant {
        let time = clock_gettime(ClockId::Monotonic);
        // The monotonic clock is never negative.
        let nanos = (time.tv_sec as u64).wrapping_mul(1_000_000_000) + time.tv_nsec as u64;
        Instant::from_nanos(nanos)
    }
}

/// The same clock as std tells it, whose instants cannot be taken apart.
#[expect(clippy::disallowed_methods, reason = "this file is where clocks are read")]
pub(crate) fn std_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The clock of a loop. The real one is called directly: a clock is read for every timer.
pub(crate) enum LoopClock {
    /// The operating system's.
    Os,
    /// A clock that somebody else moves.
    Simulated(Rc<dyn Clock>),
}

impl Clock for LoopClock {
    #[inline]
    fn now(&self) -> Instant {
        match self {
            Self::Os => OsClock.now(),
            Self::Simulated(clock) => clock.now(),
        }
    }
}
