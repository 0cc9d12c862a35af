//! A cell's life on the owner thread: run, complete, release, handle, delivery and close; transitions 3 to 9, 13, 14.
//!
//! The rule that most of this file serves: after user code has run, a cell is touched only if a hold
//! that this code cannot take away keeps it alive.

use super::layout::{
    AWAITED, CANCEL, COLD, CellPtr, DONE, Entry, HANDLE, Header, Kind, MERGED, ONE, OUTCOME, Owner,
    QUEUED,
};
use super::{wake, waker};
use crate::error::JoinError;
use asyncio_core::exception::{ExceptionContext, forget_payload, report, report_to};
use asyncio_core::wake_batch::drop_foreign;
use asyncio_core::{budget, wait_note};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::Waker;

/// After this many rounds a closing loop refuses new tasks, whatever the drops of the old ones spawn.
const CLOSE_ROUNDS: usize = 1_000;

/// Runs a cell that was picked from the ready queue.
#[inline(always)]
pub(crate) fn run(owner: &Owner, cell: CellPtr) {
    let local = cell.local();
    cell.set_local(local & !QUEUED);
    if local & (DONE | CANCEL) != 0 {
        return run_rare(owner, cell);
    }
    budget::begin_poll();
    wait_note::clear();
    owner.current.set(Some(cell));
    let ready = cell.poll();
    owner.current.set(None);
    if ready {
        complete(owner, cell);
    } else {
        cell.set_wait_note(wait_note::take());
    }
}

/// Runs a new cell inside the poll of another, whose place, I/O budget and wait note are kept.
pub(super) fn run_nested(owner: &Owner, cell: CellPtr) {
    let outer = owner.current.get();
    let note = wait_note::take();
    let budget = budget::enter();
    run(owner, cell);
    owner.current.set(outer);
    drop(budget);
    wait_note::restore(note);
}

#[cold]
#[inline(never)]
fn run_rare(owner: &Owner, cell: CellPtr) {
    if cell.local() & DONE != 0 {
        release(owner, cell);
    } else {
        abort(owner, cell);
    }
}

/// Ends a task that is not being polled: drops its future, with the outcome `Cancelled`.
pub(crate) fn abort(owner: &Owner, cell: CellPtr) {
    let former = owner.current.replace(Some(cell));
    cell.cancel(JoinError::cancelled());
    owner.current.set(former);
    complete(owner, cell);
}

/// The future is gone and the outcome is in its place.
#[inline]
fn complete(owner: &Owner, cell: CellPtr) {
    let local = cell.local() | DONE | OUTCOME;
    cell.set_local(local & !AWAITED);
    if local & HANDLE == 0 || cell.kind() == Kind::Callback {
        return complete_unseen(owner, cell, local);
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

/// Nobody will read the outcome: it is a callback's, or the handle is gone.
#[cold]
#[inline(never)]
fn complete_unseen(owner: &Owner, cell: CellPtr, local: u64) {
    let awaiter = if local & AWAITED != 0 { cell.awaiter().take() } else { None };
    drop_outcome_and_release(owner, cell);
    if let Some(awaiter) = awaiter {
        wake_awaiter(owner, awaiter);
    }
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
fn merge(cell: CellPtr, handles: u64) {
    let local = cell.local();
    cell.set_local(local | MERGED);
    // The owner drops what was cloned on another thread too, so its count may be below zero: the shift keeps the sign.
    let counted = (local.cast_signed() >> ONE.trailing_zeros()).cast_unsigned();
    if cell.shared().merge(counted.wrapping_add(handles)) {
        // SAFETY: the merged count is zero.
        unsafe { cell.free() }
    }
}

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
        return bury(cell);
    }
    cell.set_local(cell.local() & !HANDLE);
    release(cell.owner(), cell);
}

/// Drops an outcome and then its cell's handle. An outcome may own the handle of another finished
/// task, and so on for a million; so whoever is dropping already takes the next one in a loop.
fn bury(cell: CellPtr) {
    if cell.owner().burying.get() {
        cell.owner().graveyard.borrow_mut().push(cell);
        return;
    }
    // An outcome may own the loop and close it: then the cells are merged and their handles are counts.
    // Each cell keeps `owner` alive until its handle is given up, and afterwards the next one does.
    let owner = cell.owner();
    owner.burying.set(true);
    let mut next = Some(cell);
    while let Some(cell) = next {
        if cell.local() & OUTCOME != 0 {
            drop_outcome(cell);
        }
        next = owner.graveyard.borrow_mut().pop();
        if next.is_none() {
            owner.burying.set(false);
        }
        if cell.local() & MERGED != 0 {
            wake::drop_merged(cell);
        } else {
            cell.set_local(cell.local() & !HANDLE);
            release(owner, cell);
        }
    }
}

/// Drops an outcome where the handle may go meanwhile: the drop and the report are user code, and that
/// handle may be the last hold. So `QUEUED` is one for this time, in the queue or not.
fn drop_outcome_and_release(owner: &Owner, cell: CellPtr) {
    let was_queued = cell.local() & QUEUED;
    cell.set_local(cell.local() | QUEUED);
    drop_outcome(cell);
    if was_queued == 0 {
        cell.set_local(cell.local() & !QUEUED);
        release(owner, cell);
    }
}

/// Drops an outcome that nobody took, in a cell that something holds; a panic in it goes to the exception handler.
#[cold]
#[inline(never)]
fn drop_outcome(cell: CellPtr) {
    let Some(payload) = cell.drop_outcome() else { return };
    let message = match cell.kind() {
        Kind::Task => "task exception was never retrieved",
        Kind::Callback => "exception in callback",
    };
    let mut context = ExceptionContext::new(message, &*payload);
    context.spawned_at = Some(cell.spawned_at());
    if cell.kind() == Kind::Task {
        context.task_name = Some(cell.name());
        context.task_id = Some(cell.id());
    }
    // Its own loop's handler: handles are dropped between runs too, and while another loop runs.
    let handler = cell.owner().handler.borrow().clone();
    report_to(handler, &context);
    forget_payload(payload);
}

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
        Entry::Post(run) => {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
                report(&ExceptionContext::new(
                    "exception in callback from another thread",
                    &*payload,
                ));
                forget_payload(payload);
            }
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
    wake::wake(cell, false);
    if entry.detach {
        drop_handle(cell);
    }
}

/// Ends everything. Afterwards no future, outcome, name or awaiter of this loop is left; cells that
/// handles or wakers still point to are merged and wait for those.
pub(crate) fn close(owner: &Owner) {
    owner.closing.set(true);
    // Posts are dropped, not run: their senders learn from a broken promise.
    let (posts, entries): (Vec<_>, Vec<_>) =
        owner.inbox.close().into_iter().partition(|entry| matches!(entry, Entry::Post(_)));
    entries.into_iter().for_each(|entry| deliver(owner, entry));
    posts.into_iter().for_each(drop_foreign);
    let mut rounds = 0;
    while close_round(owner) {
        rounds += 1;
        if rounds == CLOSE_ROUNDS {
            owner.closed.set(true);
        }
    }
    owner.closed.set(true);
    owner.closing.set(false);
    // From here on no user code runs, so what is listed stays as it is.
    while let Some(cell) = pop_ready(owner) {
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

fn pop_ready(owner: &Owner) -> Option<CellPtr> {
    owner.ready.pop_front()
}

/// One look at every cell; `true` if user code ran, so that another is needed.
fn close_round(owner: &Owner) -> bool {
    let mut again = false;
    let mut listed: Vec<CellPtr> = owner.cells.items();
    listed.sort_unstable_by_key(|cell| cell.id());
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
    }
    again
}
