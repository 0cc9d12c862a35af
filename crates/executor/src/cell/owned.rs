//! [`OwnedCell`]: the one handle of a cell, typed by its outcome; and the two ways to make a cell.

use super::body::{self, Outcome};
use super::layout::{AWAITED, CANCEL, CellPtr, DONE, HANDLE, Header, Kind, MERGED, OUTCOME, Owner};
use super::{handle, lifecycle, outcome, wake, waker};
use crate::error::JoinError;
use asyncio_core::wait_note::{WaitKind, pending_on};
use asyncio_core::wake_batch::{self, drop_foreign};
use asyncio_core::{TaskId, budget};
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::{Context, Poll, Waker, ready};

/// The `HANDLE` of a cell whose outcome is an [`Outcome<T>`]. Dropping it detaches the task.
///
/// The `AtomicPtr` is never written: it makes the handle `Send` and `Sync` without an unsafe
/// implementation, and its relaxed load is a plain move.
pub(crate) struct OwnedCell<T> {
    /// INVARIANT: a live cell, whose `HANDLE` this is; its outcome is of type `T`.
    cell: AtomicPtr<Header>,
    outcome: PhantomData<fn() -> T>,
}

/// Whether a future is so large that it is to be boxed before it is passed on.
///
/// Each function on the way to the cell moves it, and without optimisation each move is a copy on the stack.
pub(crate) const fn is_large<F>() -> bool {
    size_of::<F>() > 16 << 10
}

/// Creates a task on `owner` and queues it.
#[inline]
pub(crate) fn create<F: Future + 'static>(
    owner: &Owner,
    future: F,
    kind: Kind,
    spawned_at: &'static Location<'static>,
) -> OwnedCell<F::Output> {
    // SAFETY: nothing that `F` borrows ends.
    unsafe { create_unbounded(owner, future, kind, spawned_at) }
}

/// Creates a task and polls it at once, inside the task or callback that is running.
///
/// Without a running loop a task is queued like any other. A callback is polled in any case: it is a timer
/// that is to be set now.
pub(crate) fn create_eager<F: Future + 'static>(
    owner: &Owner,
    future: F,
    kind: Kind,
    name: Option<Arc<str>>,
    spawned_at: &'static Location<'static>,
) -> OwnedCell<F::Output> {
    // SAFETY: nothing that `F` borrows ends.
    let owned = unsafe { create_listed(owner, future, kind, spawned_at) };
    if let Some(name) = name {
        owned.cell().set_name(name);
    }
    if kind == Kind::Callback || owner.current.get().is_some() {
        lifecycle::run_nested(owner, owned.cell());
    } else {
        owner.ready.push_back(owned.cell());
    }
    owned
}

/// Creates a task that may borrow, calls `run`, and ends the task if `run` did not.
///
/// Returns what `run` returned and the outcome, which is `Cancelled` if the task was ended here.
pub(crate) fn with_scoped<F: Future, R>(
    owner: &Owner,
    future: F,
    spawned_at: &'static Location<'static>,
    run: impl FnOnce(&OwnedCell<F::Output>) -> R,
) -> (R, Outcome<F::Output>) {
    // SAFETY: `End` below ends the task and drops its outcome before this function returns, also when
    // `run` unwinds; handles and wakers that live on reach neither future nor outcome.
    let cell = unsafe { create_unbounded(owner, future, Kind::Task, spawned_at) };
    let end = End { owner, cell };
    let returned = run(&end.cell);
    let cell = end.cell.cell();
    if !cell.is_done() {
        lifecycle::abort(owner, cell);
    }
    let outcome = end.cell.take().unwrap_or_else(|| Err(JoinError::loop_closed()));
    (returned, outcome)
}

/// Ends a scoped task when its scope unwinds, and drops its outcome, which may borrow from that scope.
struct End<'owner, T> {
    owner: &'owner Owner,
    cell: OwnedCell<T>,
}

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        let cell = self.cell.cell();
        if !cell.is_done() {
            lifecycle::abort(self.owner, cell);
        }
        // Now, and not by the handle's drop, which may leave it to a drop that is going on further up.
        if cell.local() & OUTCOME != 0 {
            outcome::drop_outcome(cell);
        }
    }
}

/// # Safety
/// If `F` is not `'static` the caller ends the task, and drops its outcome, before `F`'s borrows end.
#[inline]
unsafe fn create_unbounded<F: Future>(
    owner: &Owner,
    future: F,
    kind: Kind,
    spawned_at: &'static Location<'static>,
) -> OwnedCell<F::Output> {
    // SAFETY: the caller's.
    let owned = unsafe { create_listed(owner, future, kind, spawned_at) };
    owner.ready.push_back(owned.cell());
    owned
}

/// A new cell in the table of its loop, not yet in the queue although its word says so.
///
/// # Safety
/// As for [`create_unbounded`]; and the caller queues the cell, or runs it now.
#[inline]
unsafe fn create_listed<F: Future>(
    owner: &Owner,
    future: F,
    kind: Kind,
    spawned_at: &'static Location<'static>,
) -> OwnedCell<F::Output> {
    if owner.closed.get() {
        refuse(owner, future);
    }
    let parent = owner.current.get().and_then(CellPtr::task_id).map_or(0, TaskId::as_u64);
    // SAFETY: the caller's.
    let cell = unsafe { body::write(owner, future, kind, parent, spawned_at) };
    let slot = owner.cells.insert(cell);
    cell.set_slot(slot);
    OwnedCell { cell: AtomicPtr::new(cell.as_ptr()), outcome: PhantomData }
}

/// The loop is closed.
#[cold]
#[track_caller]
#[expect(clippy::mem_forget, reason = "dropping it may ask for the next task, for ever")]
fn refuse<F>(owner: &Owner, future: F) -> ! {
    if owner.closing.get() {
        // Tasks are being dropped, and their drops keep creating tasks: dropping this one here would
        // create the next, deeper on the stack.
        std::mem::forget(future);
    }
    panic!("event loop is closed: make a new one, or schedule before `close`")
}

impl<T> OwnedCell<T> {
    #[inline]
    pub(crate) fn cell(&self) -> CellPtr {
        let header = self.cell.load(Ordering::Relaxed);
        // SAFETY: the handle is a hold, so the cell is alive; after the merge it is a count.
        unsafe { CellPtr::from_ptr(header.cast_const().cast()) }
    }

    /// Whether this is the owner thread, and so all of the cell may be touched.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.cell().owner().is_here()
    }

    /// Whether the loop was closed and the cell merged. Any thread.
    pub(crate) fn is_merged(&self) -> bool {
        self.cell().shared().is_merged()
    }

    /// Asks for the end. `false`: it has ended already. Owner thread only.
    pub(crate) fn cancel(&self) -> bool {
        request_cancel(self.cell())
    }

    /// Asks for the end from another thread. `false`: its loop is closed.
    pub(crate) fn cancel_remote(&self) -> bool {
        let asked = !self.is_merged();
        if asked {
            wake::cancel_remote(self.cell());
        }
        asked
    }

    /// Whether the outcome was taken. Owner thread only.
    pub(crate) fn is_taken(&self) -> bool {
        self.cell().local() & (DONE | OUTCOME) == DONE
    }

    /// The outcome, if it is there. Owner thread only.
    #[inline]
    pub(crate) fn take(&self) -> Option<Outcome<T>> {
        let cell = self.cell();
        let local = cell.local();
        if local & OUTCOME == 0 {
            return None;
        }
        cell.set_local(local & !OUTCOME);
        // SAFETY: owner thread; `OUTCOME` was set and is now clear, and `T` is the type by the invariant.
        Some(unsafe { body::take_outcome::<T>(cell) })
    }

    /// The outcome, or a note of who awaits it. Owner thread only, on the running loop.
    #[inline]
    #[track_caller]
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        let cell = self.cell();
        let local = cell.local();
        if local & DONE != 0 {
            ready!(budget::poll_spend(cx, budget::STEP));
            return Poll::Ready(self.take().unwrap_or_else(|| outcome_is_gone(cell)));
        }
        pending_on(WaitKind::Task, cell.id().as_u64());
        if waker::own_cell(cx.waker()) == Some(cell) {
            awaits_itself();
        }
        if local & AWAITED != 0 {
            await_again(cell, cx.waker());
            return Poll::Pending;
        }
        // A clone is foreign code: nothing is borrowed, and what it did to this cell is read anew.
        let former = cell.awaiter().replace(Some(cx.waker().clone()));
        cell.set_local(cell.local() | AWAITED);
        if former.is_some() {
            drop_foreign(former);
        }
        Poll::Pending
    }
}

/// Has `waker` woken when the task ends, besides whoever awaits it; at once if it has ended.
pub(crate) fn watch(cell: CellPtr, waker: Waker) {
    if cell.local() & (DONE | MERGED) == 0 {
        cell.watch(waker);
    } else {
        wake_batch::wake(waker);
    }
}

/// Asks a task to end: it is queued, and its future dropped before it is polled again.
pub(crate) fn request_cancel(cell: CellPtr) -> bool {
    let local = cell.local();
    if local & (DONE | MERGED) != 0 {
        return false;
    }
    cell.set_local(local | CANCEL);
    wake::wake(cell, false);
    true
}

#[cold]
#[inline(never)]
fn await_again(cell: CellPtr, waker: &Waker) {
    let former = cell.awaiter().take();
    if former.as_ref().is_some_and(|former| former.will_wake(waker)) {
        cell.awaiter().set(former);
        return;
    }
    let during = cell.awaiter().replace(Some(waker.clone()));
    cell.set_local(cell.local() | AWAITED);
    drop_foreign((former, during));
}

#[cold]
#[track_caller]
fn outcome_is_gone<T>(cell: CellPtr) -> Outcome<T> {
    // A close drops outcomes before it merges the cells.
    if cell.local() & MERGED != 0 || cell.owner().closing.get() {
        return Err(JoinError::loop_closed());
    }
    panic!("task polled after its outcome was taken")
}

#[cold]
#[track_caller]
fn awaits_itself() -> ! {
    panic!("a task cannot await itself: it would never end")
}

impl<T> Drop for OwnedCell<T> {
    #[inline]
    fn drop(&mut self) {
        let cell = self.cell();
        debug_assert!(!cell.owner().is_here() || cell.local() & (HANDLE | MERGED) != 0);
        if cell.owner().is_here() {
            handle::drop_handle(cell);
        } else {
            wake::detach_remote(cell);
        }
    }
}
