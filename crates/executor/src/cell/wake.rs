//! Wakes and dropped references, on the owner thread and on others: transitions 2, 10, 11 and 12.

use super::layout::{CellPtr, DONE, Entry, MERGED, ONE, QUEUED};
use crate::inbox::Bell;
use crate::word::Notify;

/// A wake on the owner thread. With `give` the waker's reference is given up in the same store.
#[inline]
pub(super) fn wake(cell: CellPtr, give: bool) {
    let local = cell.local();
    if local & (QUEUED | DONE | MERGED) == 0 {
        cell.set_local((if give { local.wrapping_sub(ONE) } else { local }) | QUEUED);
        cell.owner().ready.push_back(cell);
    } else if local & MERGED == 0 {
        if give {
            cell.set_local(local.wrapping_sub(ONE));
        }
    } else if give {
        drop_merged(cell);
    }
}

/// A wake on another thread. The caller owns a reference, which keeps cell and loop alive.
#[cold]
#[inline(never)]
pub(super) fn wake_remote(cell: CellPtr) {
    match cell.shared().notify() {
        Notify::Done => {}
        Notify::Push => push(cell),
    }
}

/// A request on another thread that the task end. The caller owns a reference.
#[cold]
#[inline(never)]
pub(super) fn cancel_remote(cell: CellPtr) {
    match cell.shared().request_cancel() {
        Notify::Done => {}
        Notify::Push => push(cell),
    }
}

/// A reference is dropped on another thread, or after the merge.
#[cold]
#[inline(never)]
pub(super) fn drop_remote(cell: CellPtr) {
    if cell.shared().decrement() {
        // SAFETY: that was the last reference to a merged cell.
        unsafe { cell.free_remote() }
    }
}

/// A reference is dropped on the owner thread, after the merge.
#[cold]
#[inline(never)]
pub(super) fn drop_merged(cell: CellPtr) {
    drop_remote(cell);
}

/// The task handle is dropped on another thread: the outcome must be dropped on the owner thread.
#[cold]
#[inline(never)]
pub(super) fn detach_remote(cell: CellPtr) {
    match cell.shared().detach() {
        Notify::Done => {}
        Notify::Push => push(cell),
    }
    // The guard that `detach` gave, and that kept cell and loop alive until here.
    drop_remote(cell);
}

/// Pushes an entry whose count is already taken. The caller owns a reference of its own.
fn push(cell: CellPtr) {
    match cell.owner().inbox.push(Entry::Wake(cell.to_sendable())) {
        Ok(Bell::Silent) => {}
        Ok(Bell::Ring) => cell.owner().bell.unpark(),
        Err(_closed) => {
            // The entry's count is given back, and with it a handle that relied on the entry.
            let entry = cell.shared().consume();
            if entry.detach {
                let last = cell.shared().decrement();
                debug_assert!(!last, "the caller still owns a reference");
            }
        }
    }
}
