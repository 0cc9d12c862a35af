//! [`Halt`]: when a run has to stop, and what every task was doing then.

use crate::stall::{Stall, StallKind};
use asyncio_core::Instant;
use asyncio_executor::{TaskRef, all_tasks};
use std::cell::{Cell, RefCell};

/// Counts the steps of a run, and keeps the reason if it is halted, taken while every task is still there.
#[derive(Debug, Default)]
pub(crate) struct Halt {
    steps_left: Cell<u64>,
    kind: Cell<Option<StallKind>>,
    tasks: RefCell<Vec<TaskRef>>,
}

impl Halt {
    /// A new run begins, which may take this many steps.
    pub(crate) fn allow(&self, steps: u64) {
        self.steps_left.set(steps);
        self.kind.set(None);
    }

    /// Counts a step; `false` if there are none left, and then the run is halted.
    pub(crate) fn step(&self) -> bool {
        match self.steps_left.get().checked_sub(1) {
            Some(left) => {
                self.steps_left.set(left);
                true
            }
            None => {
                self.record(StallKind::StepLimit);
                false
            }
        }
    }

    /// The loop is halted for this reason.
    pub(crate) fn record(&self, kind: StallKind) {
        self.kind.set(Some(kind));
        self.tasks.replace(all_tasks());
    }

    /// Why the run was halted, if it was.
    pub(crate) fn kind(&self) -> Option<StallKind> {
        self.kind.get()
    }

    /// The report; without a record the program itself stopped its loop.
    pub(crate) fn report(&self, seed: u64, at: Instant) -> Stall {
        let kind = self.kind.get().unwrap_or(StallKind::Stopped);
        Stall { kind, seed, at, tasks: self.tasks.take() }
    }
}
