//! Memory goes back to the system when a loop has been idle for a while after a peak.
//!
//! Nothing is paid while the loop is busy: before it waits it compares a few numbers, and only after it has
//! waited in vain for half a second ([`Park::park_briefly`](asyncio_core::park::Park::park_briefly)) are the
//! free blocks counted.

use crate::cell::Owner;
use std::cell::Cell;

/// What the loop had made and kept when it last gave memory back.
#[derive(Debug, Default)]
pub(crate) struct Trim {
    last: Cell<(u64, i64)>,
}

impl Trim {
    /// Whether there may be something to give back.
    pub(crate) fn is_due(&self, owner: &Owner) -> bool {
        owner.memory.is_large() && self.last.get() != owner.cell_counts()
    }

    /// Gives back what is free.
    pub(crate) fn run(&self, owner: &Owner) {
        self.last.set(owner.cell_counts());
        owner.memory.trim();
        owner.cells.trim();
        owner.ready.trim();
        owner.inbox.trim();
    }
}
