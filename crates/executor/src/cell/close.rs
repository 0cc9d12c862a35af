//! The end of a loop: transition 14.

use super::delivery::deliver;
use super::layout::{AWAITED, CellPtr, DONE, Entry, HANDLE, OUTCOME, Owner, QUEUED};
use super::lifecycle::{abort, drop_outcome_and_release, merge, release};
use asyncio_core::wake_batch::drop_foreign;

/// Cells that the drops of others may create before a closing loop refuses further ones: as many as there
/// were, and at least so many.
const ADMITTED: u64 = 1_000;

/// Ends everything. Afterwards no future, outcome, name or awaiter of this loop is left; cells that
/// handles or wakers still point to are merged and wait for those.
pub(crate) fn close(owner: &Owner) {
    owner.closing.set(true);
    // Posts are dropped, not run: their senders learn from a broken promise.
    let (posts, entries): (Vec<_>, Vec<_>) =
        owner.inbox.close().into_iter().partition(|entry| matches!(entry, Entry::Post(..)));
    entries.into_iter().for_each(|entry| deliver(owner, entry));
    posts.into_iter().for_each(drop_foreign);
    let limit = owner.created() + owner.cells.len() as u64 + ADMITTED;
    while close_round(owner, limit) {}
    owner.closed.set(true);
    owner.closing.set(false);
    // From here on no user code runs, so what is listed stays as it is.
    while let Some(cell) = owner.ready.pop_front() {
        cell.set_local(cell.local() & !QUEUED);
        release(owner, cell);
    }
    let left: Vec<CellPtr> = owner.cells.items();
    for cell in left {
        debug_assert_eq!(
            cell.local() & (DONE | HANDLE | QUEUED | OUTCOME | AWAITED),
            DONE | HANDLE
        );
        owner.cells.remove(cell.slot());
        drop(cell.cold().take());
        merge(cell, 1);
    }
}

/// One look at every cell; `true` if user code ran, so that another is needed.
fn close_round(owner: &Owner, limit: u64) -> bool {
    let mut again = false;
    let mut listed: Vec<CellPtr> = owner.cells.items();
    listed.sort_unstable_by_key(|cell| cell.order());
    let slots: Vec<(u32, CellPtr)> = listed.into_iter().map(|cell| (cell.slot(), cell)).collect();
    for (slot, cell) in slots {
        // User code of an earlier cell may have freed this one.
        if owner.cells.get(slot) != Some(cell) {
            continue;
        }
        if cell.local() & DONE == 0 {
            again = true;
            abort(owner, cell);
        } else if cell.local() & OUTCOME != 0 {
            again = true;
            drop_outcome_and_release(owner, cell);
        }
        if owner.created() >= limit {
            owner.closed.set(true);
        }
    }
    again
}
