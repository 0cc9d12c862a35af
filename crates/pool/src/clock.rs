//! The one reading of the clock in this crate.
//!
//! It serves the keep-alive of real threads and the report of what they still run, and nothing that a
//! program could observe otherwise. A simulated pool has no threads and never comes here, so the
//! door that virtual time uses stays the reactor's.

use std::time::Instant;

/// The time on the machine's monotonic clock.
#[inline]
#[expect(clippy::disallowed_methods, reason = "real threads only; a simulation never comes here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
