//! The readings of the clock in this crate.
//!
//! They serve the keep-alive of real threads, the report of what they still run, and the timing of real
//! processes. A simulated pool has neither and never comes here, so the
//! door that virtual time uses stays the reactor's.

use std::time::{Duration, Instant};

/// The time on the machine's monotonic clock.
#[inline]
#[expect(clippy::disallowed_methods, reason = "real threads only; a simulation never comes here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time on the system's monotonic clock in nanoseconds, the same in all processes of a machine.
#[cfg(feature = "process")]
#[inline]
pub(crate) fn monotonic_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
}

/// The time on that clock when so much is over, from now.
#[cfg(feature = "process")]
pub(crate) fn after(duration: Duration) -> u64 {
    monotonic_nanos().saturating_add(nanos(duration))
}

/// In nanoseconds, and five hundred years at most.
#[cfg(feature = "process")]
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A reading of the clock that is cheap enough for every job: a few nanoseconds, and behind by a tick of
/// the system (1 to 10 ms) at most. A proper one costs a tenth of a short job's whole trip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick(
    #[cfg(target_os = "linux")] rustix::time::Timespec,
    #[cfg(not(target_os = "linux"))] Instant,
);

#[cfg(target_os = "linux")]
impl Tick {
    /// The last tick of the system's clock.
    #[inline]
    pub(crate) fn last() -> Self {
        Self(rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse))
    }

    /// The time since then, at most a tick too long.
    pub(crate) fn elapsed(self) -> Duration {
        // The proper clock is never behind the last tick, so this is not less than the truth.
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        now.checked_sub(self.0).and_then(|span| span.try_into().ok()).unwrap_or_default()
    }
}

#[cfg(not(target_os = "linux"))]
impl Tick {
    /// The time: other systems have no cheaper clock.
    #[inline]
    pub(crate) fn last() -> Self {
        Self(now())
    }

    /// The time since then.
    pub(crate) fn elapsed(self) -> Duration {
        now().saturating_duration_since(self.0)
    }
}
