//! A task handle is dropped on the owner thread: transition 8.
//!
//! An outcome may own the handle of another finished task, and so on for a million. So whoever drops one
//! already takes up the next ones in a loop, instead of recursing.

use super::layout::{AWAITED, CellPtr, HANDLE, MERGED, OUTCOME};
use super::lifecycle::release;
use super::outcome::drop_outcome;
use super::wake;
use asyncio_core::wake_batch::drop_foreign;

/// The task handle is dropped on the owner thread.
#[inline]
pub(super) fn drop_handle(cell: CellPtr) {
    let local = cell.local();
    if local & (MERGED | OUTCOME | AWAITED) != 0 {
        return drop_handle_rare(cell);
    }
    cell.set_local(local & !HANDLE);
    release(cell.owner(), cell);
}

#[cold]
#[inline(never)]
fn drop_handle_rare(cell: CellPtr) {
    let local = cell.local();
    if local & MERGED != 0 {
        return wake::drop_merged(cell);
    }
    if local & AWAITED != 0 {
        cell.set_local(local & !AWAITED);
        // The handle is still a hold while the waker's drop, which may be foreign code, runs.
        drop_foreign(cell.awaiter().take());
    }
    // That code may have closed the loop.
    if cell.local() & MERGED != 0 {
        return wake::drop_merged(cell);
    }
    if cell.local() & OUTCOME != 0 {
        return drop_in_turn(cell);
    }
    cell.set_local(cell.local() & !HANDLE);
    release(cell.owner(), cell);
}

/// Drops an outcome and then its cell's handle, or leaves that to the drop that is going on.
fn drop_in_turn(cell: CellPtr) {
    let deferred = &cell.owner().deferred;
    if deferred.is_dropping.replace(true) {
        deferred.queued.borrow_mut().push(cell);
        return;
    }
    // Nothing below unwinds: user code is caught, and reports do not panic. Each cell keeps `owner` alive
    // until its handle is given up, and afterwards the next one does.
    let owner = cell.owner();
    let mut next = Some(cell);
    while let Some(cell) = next {
        if cell.local() & OUTCOME != 0 {
            drop_outcome(cell);
        }
        next = owner.deferred.queued.borrow_mut().pop();
        if next.is_none() {
            owner.deferred.is_dropping.set(false);
        }
        // The outcome may have owned the loop and closed it: then the handle is a count.
        if cell.local() & MERGED != 0 {
            wake::drop_merged(cell);
        } else {
            cell.set_local(cell.local() & !HANDLE);
            release(owner, cell);
        }
    }
}
