//! Memory goes back to the system when a loop has been idle for a while after it was busy.
//!
//! While the loop is busy nothing is paid but a count of its waits and poll intervals. Only after it has waited in vain for half a
//! second ([`Park::park_briefly`](asyncio_core::park::Park::park_briefly)) is memory given back: the free
//! blocks of tasks, the tables, and by [`Park::trim`](asyncio_core::park::Park::trim) what the parker and the
//! allocator have.

use crate::cell::Owner;
use std::cell::Cell;

/// Steps after which an idle loop gives memory back: waits, new cells, and polls as far as they are counted.
const BUSY: u64 = 1024;
/// Polls that the end of a poll interval stands for.
const POLLS: u64 = 16;

/// How busy the loop was since it last gave memory back.
#[derive(Debug, Default)]
pub(crate) struct Trim {
    steps: Cell<u64>,
    /// Cells that had been made by then.
    created: Cell<u64>,
}

impl Trim {
    /// Counts a wait. `true`: there may be something to give back after it.
    pub(crate) fn count_wait(&self, owner: &Owner) -> bool {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        steps + (owner.created() - self.created.get()) >= BUSY
    }

    /// Counts a poll interval.
    pub(crate) fn count_interval(&self) {
        self.steps.set(self.steps.get() + POLLS);
    }

    /// Gives back what is free.
    pub(crate) fn run(&self, owner: &Owner) {
        self.steps.set(0);
        self.created.set(owner.created());
        owner.memory.trim();
        owner.cells.trim();
        owner.ready.trim();
        owner.inbox.trim();
    }
}
