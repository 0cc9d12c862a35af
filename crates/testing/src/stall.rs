//! [`Stall`]: the report of a program that is stuck.

use asyncio_core::Instant;
use asyncio_executor::TaskRef;
use std::fmt;

/// Why a simulated program did not end, and what its tasks were doing.
#[derive(Clone, Debug)]
pub struct Stall {
    pub(crate) kind: StallKind,
    pub(crate) seed: u64,
    pub(crate) at: Instant,
    pub(crate) tasks: Vec<TaskRef>,
}

/// How a program was stuck.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StallKind {
    /// Nothing was ready, no timer was set, and nothing could ever happen.
    Deadlock,
    /// The limit of steps was reached: the program spins, or is longer than it was allowed to be.
    StepLimit,
    /// The loop was stopped, or the main task cancelled, before the main function had ended.
    Stopped,
}

impl Stall {
    /// How the program was stuck.
    #[must_use]
    pub fn kind(&self) -> StallKind {
        self.kind
    }

    /// The seed of the run, with which it happens again.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// When it was noticed, on the virtual clock.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.at
    }

    /// Every task that had not ended, in the order of creation.
    #[must_use]
    pub fn tasks(&self) -> &[TaskRef] {
        &self.tasks
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            StallKind::Deadlock => "deadlock: every task is blocked and no timer is set",
            StallKind::StepLimit => "step limit reached: a task spins, or the program is too long",
            StallKind::Stopped => "the loop stopped before the program had ended",
        };
        write!(f, "{what}, at {}", self.at)?;
        // Seed zero makes no choice, so there is nothing to say of it.
        if self.seed != 0 {
            write!(f, " with seed {}", self.seed)?;
        }
        for task in &self.tasks {
            write!(f, "\n  {task}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Stall {}
