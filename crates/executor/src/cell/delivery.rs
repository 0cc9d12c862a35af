//! What other threads sent arrives on the owner thread: transition 13.

use super::call::Call;
use super::handle::drop_handle;
use super::layout::{CellPtr, Entry, Header, Kind, MERGED, Owner};
use super::outcome::report;
use super::owned::{create, request_cancel};
use super::wake;
use std::sync::atomic::{AtomicPtr, Ordering};

/// An entry of the inbox arrives.
pub(crate) fn deliver(owner: &Owner, entry: Entry) {
    match entry {
        Entry::Wake(cell) => deliver_wake(owner, &cell),
        Entry::Dead(cell) => {
            // SAFETY: the last reference sent the cell here; its block is intact until it is freed.
            let cell =
                unsafe { CellPtr::from_ptr(cell.load(Ordering::Relaxed).cast_const().cast()) };
            // SAFETY: the cell is merged and no reference is left.
            unsafe { cell.free() }
        }
        Entry::Report(context) => report(owner, &context),
        // An entry of the ready queue like any other: it waits for its turn, and counts as a poll.
        Entry::Post(function, sent_at) => {
            drop(create(owner, Call::new(function), Kind::Callback, sent_at));
        }
    }
}

fn deliver_wake(owner: &Owner, cell: &AtomicPtr<Header>) {
    // SAFETY: the entry owns one count, so the cell is alive.
    let cell = unsafe { CellPtr::from_ptr(cell.load(Ordering::Relaxed).cast_const().cast()) };
    let merged = cell.local() & MERGED != 0;
    let entry = cell.shared().consume();
    if merged {
        // The entry was on its way when the task ended.
        if entry.last {
            // SAFETY: the merged count is zero.
            unsafe { cell.free() }
        }
        return;
    }
    debug_assert!(std::ptr::eq(cell.owner_ptr(), owner), "an entry comes to its own loop");
    if entry.cancel {
        request_cancel(cell);
    } else {
        wake::wake(cell, false);
    }
    if entry.detach {
        drop_handle(cell);
    }
}

/// Entries on their way. An entry owns a count of its cell, so if a park panics in between the rest is delivered
/// all the same.
pub(crate) struct Delivery<'a> {
    owner: &'a Owner,
    /// The oldest is the last.
    batch: Vec<Entry>,
}

impl<'a> Delivery<'a> {
    pub(crate) fn new(owner: &'a Owner, mut batch: Vec<Entry>) -> Self {
        batch.reverse();
        Self { owner, batch }
    }

    /// Delivers the oldest. `false`: there is none.
    pub(crate) fn deliver_next(&mut self) -> bool {
        let entry = self.batch.pop();
        let is_one = entry.is_some();
        entry.into_iter().for_each(|entry| deliver(self.owner, entry));
        is_one
    }

    /// The vector, to be used again.
    pub(crate) fn into_empty(mut self) -> Vec<Entry> {
        std::mem::take(&mut self.batch)
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        while self.deliver_next() {}
    }
}
