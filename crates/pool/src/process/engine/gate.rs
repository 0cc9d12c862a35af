//! When a worker may be started again after starts have failed.

use crate::process::error::{StartError, StartPhase};

/// So many starts may fail in a row before those who wait are told.
const PATIENCE: u32 = 5;
const SHORTEST: u64 = 10_000_000;
const LONGEST: u64 = 1_000_000_000;

/// Counts failures and spaces out the attempts.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    failures: u32,
    /// The earliest next attempt, on the monotonic clock in nanoseconds.
    opens_at: u64,
    why: Option<StartError>,
}

impl Gate {
    /// Whether an attempt may be made now.
    pub(crate) fn is_open(&self, now: u64) -> bool {
        self.opens_at <= now
    }

    /// When the next attempt may be made.
    pub(crate) fn opens_at(&self) -> u64 {
        self.opens_at
    }

    /// A worker has started.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A worker could not be started.
    pub(crate) fn failed(&mut self, now: u64, why: StartError) {
        // An initializer that panics once does so again, and the rest is the system's or the build's.
        let is_final = matches!(why.phase(), StartPhase::Initializer | StartPhase::Entry);
        self.failures =
            if is_final { self.failures.max(PATIENCE - 1) + 1 } else { self.failures + 1 };
        let pause = SHORTEST << (self.failures - 1).min(16);
        self.opens_at = now + pause.min(LONGEST);
        self.why = Some(why);
    }

    /// Why those who wait for a worker should give up, if they should.
    pub(crate) fn verdict(&self) -> Option<&StartError> {
        self.why.as_ref().filter(|_| self.failures >= PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails() -> StartError {
        StartError::launch(std::io::ErrorKind::OutOfMemory.into())
    }

    #[test]
    fn pauses_grow_up_to_a_second_and_begin_anew_after_a_success() {
        let mut gate = Gate::default();
        for millis in [10, 20, 40, 80, 160, 320, 640, 1000, 1000].into_iter().chain([1000; 100]) {
            gate.failed(7, fails());
            assert_eq!(gate.opens_at(), 7 + millis * 1_000_000);
            assert!(gate.is_open(gate.opens_at()) && !gate.is_open(gate.opens_at() - 1));
        }
        gate.succeeded();
        assert!(gate.is_open(0) && gate.verdict().is_none());
        gate.failed(7, fails());
        assert_eq!(gate.opens_at(), 7 + 10_000_000);
    }

    #[test]
    fn one_who_waits_is_told_after_five_failures_and_after_one_of_an_initializer() {
        let mut gate = Gate::default();
        for _ in 0..4 {
            gate.failed(0, fails());
            assert!(gate.verdict().is_none());
        }
        gate.failed(0, fails());
        assert!(gate.verdict().is_some());
        gate.succeeded();
        for millis in [160, 320, 640] {
            gate.failed(0, StartError::new(StartPhase::Initializer, String::new()));
            assert!(gate.verdict().is_some());
            assert_eq!(gate.opens_at(), millis * 1_000_000, "it is not tried again and again");
        }
    }
}
