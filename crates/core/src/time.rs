//! [`Instant`]: a point on a loop's clock, and [`Clock`], the door to whoever keeps it.
//!
//! An `Instant` is a plain number of nanoseconds, so it prints alike in every simulated run, can be
//! made in a test, and cannot be mixed up with a clock that nobody controls.
//! Reading a clock is deliberately not here: the reactor has the only file that does.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point in time on an event loop's monotonic clock, in nanoseconds.
///
/// Real loops count from the operating system's monotonic epoch (`CLOCK_MONOTONIC`), so instants of
/// two real loops can be compared; simulated loops count from zero. It is what Python's `loop.time()`
/// returns. Arithmetic saturates: [`Instant::FAR_FUTURE`] is never reached.
///
/// # Examples
/// ```
/// use asyncio::Instant;
/// use std::time::Duration;
///
/// let start = Instant::from_nanos(5);
/// assert_eq!(start + Duration::from_micros(1), Instant::from_nanos(1_005));
/// assert_eq!(start + Duration::MAX, Instant::FAR_FUTURE);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The first instant of a simulated clock.
    pub const ZERO: Self = Self(0);
    /// Later than any instant a clock will show; a timer set to it never fires.
    pub const FAR_FUTURE: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the clock's epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the clock's epoch, as Python's `loop.time()` gives them.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        Duration::from_nanos(self.0).as_secs_f64()
    }

    /// The time since `earlier`, or zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    /// Saturates at [`Instant::FAR_FUTURE`].
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    /// Saturates at [`Instant::ZERO`].
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(duration)))
    }
}

impl Sub for Instant {
    type Output = Duration;
    /// Zero if the right side is later.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instant({self})")
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// A monotonic clock.
///
/// Implemented by the reactor's operating-system clock and by the virtual clock of the test crate.
pub trait Clock {
    /// What time it is now; never less than what it said before.
    fn now(&self) -> Instant;
}

/// Saturates at `u64::MAX`: 584 years are "for ever".
#[inline]
fn saturating_nanos(duration: Duration) -> u64 {
    const NANOS: u64 = 1_000_000_000;
    duration.as_secs().saturating_mul(NANOS).saturating_add(u64::from(duration.subsec_nanos()))
}
