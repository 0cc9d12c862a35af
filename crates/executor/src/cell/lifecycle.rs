//! A cell's life on the owner thread: run, complete, release and merge; transitions 3 to 7 and 9.
//!
//! The rule that most of this file serves: after user code has run, a cell is touched only if a hold
//! that this code cannot take away keeps it alive.

use super::enter::{From, enter};
use super::layout::{
    AWAITED, CANCEL, COLD, CellPtr, DONE, HANDLE, Kind, MERGED, ONE, OUTCOME, Owner, QUEUED,
    WATCHED,
};
use super::outcome::drop_outcome;
use super::{wake, waker};
use crate::error::JoinError;
use asyncio_core::wait_note;
use std::task::Waker;

/// Runs a cell that was picked from the ready queue.
#[inline(always)]
/// `true`: it has ended by that.
pub(crate) fn run(owner: &Owner, cell: CellPtr) -> bool {
    run_from(owner, cell, From::Turn)
}

/// Runs a new cell inside the poll of another.
pub(super) fn run_nested(owner: &Owner, cell: CellPtr) {
    run_from(owner, cell, From::Anywhere);
}

#[inline(always)]
fn run_from(owner: &Owner, cell: CellPtr, from: From) -> bool {
    let local = cell.local();
    cell.set_local(local & !QUEUED);
    if local & (DONE | CANCEL) != 0 {
        return run_rare(owner, cell);
    }
    let ready = enter(owner, cell, from, || {
        let ready = cell.poll();
        if !ready {
            cell.set_wait_note(wait_note::take());
        }
        ready
    });
    if ready {
        complete(owner, cell);
    }
    ready
}

#[cold]
#[inline(never)]
fn run_rare(owner: &Owner, cell: CellPtr) -> bool {
    let has_ended = cell.local() & DONE != 0;
    if has_ended {
        release(owner, cell);
    } else {
        abort(owner, cell);
    }
    !has_ended
}

/// Ends a task that is not being polled: drops its future, with the outcome `Cancelled`.
pub(crate) fn abort(owner: &Owner, cell: CellPtr) {
    enter(owner, cell, From::Anywhere, || cell.cancel(JoinError::cancelled()));
    complete(owner, cell);
}

/// The future is gone and the outcome is in its place.
#[inline]
fn complete(owner: &Owner, cell: CellPtr) {
    let local = cell.local() | DONE | OUTCOME;
    cell.set_local(local & !AWAITED);
    if local & (HANDLE | WATCHED) != HANDLE || cell.kind() == Kind::Callback {
        return complete_rare(owner, cell, local);
    }
    if local & AWAITED == 0 {
        return;
    }
    // Any wake may drop the handle and free the cell, so the awaiter is taken out first and the cell
    // is not touched after the wake.
    if let Some(awaiter) = cell.awaiter().take() {
        wake_awaiter(owner, awaiter);
    }
}

/// Somebody watches, or nobody will read the outcome: it is a callback's, or the handle is gone.
#[cold]
#[inline(never)]
fn complete_rare(owner: &Owner, cell: CellPtr, local: u64) {
    let awaiter = if local & AWAITED != 0 { cell.awaiter().take() } else { None };
    let observers = if local & WATCHED != 0 { cell.take_observers() } else { Vec::new() };
    if local & HANDLE == 0 || cell.kind() == Kind::Callback {
        drop_outcome_and_release(owner, cell);
    }
    // The cell may be gone from here on.
    if let Some(awaiter) = awaiter {
        wake_awaiter(owner, awaiter);
    }
    observers.into_iter().for_each(|observer| wake_awaiter(owner, observer));
}

/// Wakes whoever awaits; a task of the same loop without a detour over the waker's vtable.
#[inline]
fn wake_awaiter(owner: &Owner, awaiter: Waker) {
    match waker::own_cell(&awaiter) {
        Some(cell) if std::ptr::eq(cell.owner_ptr(), owner) => {
            // `wake` takes over the reference that the waker owned.
            let _reference = std::mem::ManuallyDrop::new(awaiter);
            wake::wake(cell, true);
        }
        _ => asyncio_core::wake_batch::wake(awaiter),
    }
}

/// A hold went away: frees or merges the cell if it was the last.
#[inline]
pub(super) fn release(owner: &Owner, cell: CellPtr) {
    let local = cell.local();
    if local & (DONE | HANDLE | QUEUED | MERGED) != DONE {
        return;
    }
    owner.cells.remove(cell.slot());
    if local & COLD != 0 {
        // A name and an empty list: what could run other code went at the end of the task.
        drop(cell.cold().take());
    }
    if local / ONE == 0 && cell.shared().is_zero() {
        // SAFETY: no hold is set and nothing is counted on either side, so nobody can come back.
        return unsafe { cell.free() };
    }
    merge(cell, 0);
}

/// Gives up the owner's hold. `handles`: references that were a hold until now.
#[cold]
#[inline(never)]
pub(super) fn merge(cell: CellPtr, handles: u64) {
    let local = cell.local();
    cell.set_local(local | MERGED);
    // The owner drops what was cloned on another thread too, so its count may be below zero: the shift keeps the sign.
    let counted = (local.cast_signed() >> ONE.trailing_zeros()).cast_unsigned();
    if cell.shared().merge(counted.wrapping_add(handles)) {
        // SAFETY: the merged count is zero.
        unsafe { cell.free() }
    }
}

/// Drops an outcome where the handle may go meanwhile: the drop and the report are user code, and that
/// handle may be the last hold. So `QUEUED` is one for this time, in the queue or not.
pub(super) fn drop_outcome_and_release(owner: &Owner, cell: CellPtr) {
    let was_queued = cell.local() & QUEUED;
    cell.set_local(cell.local() | QUEUED);
    enter(owner, cell, From::Anywhere, || drop_outcome(cell));
    if was_queued == 0 {
        cell.set_local(cell.local() & !QUEUED);
        release(owner, cell);
    }
}
