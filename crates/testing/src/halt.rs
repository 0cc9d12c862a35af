//! [`Halt`]: what every task was doing when the world stopped.

use crate::stall::{Stall, StallKind};
use asyncio_core::Instant;
use asyncio_executor::{TaskRef, all_tasks};
use std::cell::{Cell, RefCell};

/// Taken down by whoever halts the loop, while every task is still there.
#[derive(Debug, Default)]
pub(crate) struct Halt {
    kind: Cell<Option<StallKind>>,
    tasks: RefCell<Vec<TaskRef>>,
}

impl Halt {
    /// The loop is halted for this reason.
    pub(crate) fn record(&self, kind: StallKind) {
        self.kind.set(Some(kind));
        self.tasks.replace(all_tasks());
    }

    /// The report; without a record the program itself stopped its loop.
    pub(crate) fn report(&self, seed: u64, at: Instant) -> Stall {
        let kind = self.kind.get().unwrap_or(StallKind::Stopped);
        Stall { kind, seed, at, tasks: self.tasks.take() }
    }
}
