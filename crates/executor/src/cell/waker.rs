//! The waker of a task: its four functions, for one vtable that all tasks share.
//!
//! The data pointer is the cell's address; every waker owns one reference, counted where it was made.

use super::layout::{CellPtr, MERGED, ONE};
use super::wake;
use std::mem::ManuallyDrop;
use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// One and not generic, so that [`own_cell`] can tell our wakers by its address.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker that borrows the cell for the time of a poll: it owns no reference and must not be dropped.
#[inline]
pub(super) fn borrowed(cell: CellPtr) -> ManuallyDrop<Waker> {
    let raw = RawWaker::new(cell.as_ptr().cast_const().cast(), &VTABLE);
    // SAFETY: the four functions keep `RawWaker`'s contract for the address of a live cell, and the
    // cell being polled is alive.
    ManuallyDrop::new(unsafe { Waker::from_raw(raw) })
}

/// The cell behind a waker of ours, whose reference the caller still owns.
#[inline]
pub(super) fn own_cell(waker: &Waker) -> Option<CellPtr> {
    if !ptr::eq(waker.vtable(), &raw const VTABLE) {
        return None;
    }
    // SAFETY: only `borrowed` and `clone` make wakers with this vtable, from addresses of live cells.
    Some(unsafe { CellPtr::from_ptr(waker.data()) })
}

/// Whether references are counted in the local word: on the owner thread, before the merge.
#[inline]
fn counts_locally(cell: CellPtr) -> bool {
    cell.owner().is_here() && cell.local() & MERGED == 0
}

/// # Safety
/// `data` is the address of a live cell, like in all four.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller's.
    let cell = unsafe { CellPtr::from_ptr(data) };
    if counts_locally(cell) {
        cell.set_local(cell.local().wrapping_add(ONE));
    } else {
        cell.shared().increment();
    }
    RawWaker::new(data, &VTABLE)
}

/// # Safety
/// As in `clone`; the reference is given up.
unsafe fn wake(data: *const ()) {
    // SAFETY: the caller's.
    let cell = unsafe { CellPtr::from_ptr(data) };
    if cell.owner().is_here() {
        wake::wake(cell, true);
    } else {
        wake::wake_remote(cell);
        wake::drop_remote(cell);
    }
}

/// # Safety
/// As in `clone`.
// Where the compiler knows the vtable, in a yield, a call would be a fifth of the whole.
#[inline(always)]
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the caller's.
    let cell = unsafe { CellPtr::from_ptr(data) };
    if cell.owner().is_here() {
        wake::wake(cell, false);
    } else {
        wake::wake_remote(cell);
    }
}

/// # Safety
/// As in `clone`; the reference is given up.
unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the caller's.
    let cell = unsafe { CellPtr::from_ptr(data) };
    if counts_locally(cell) {
        cell.set_local(cell.local().wrapping_sub(ONE));
    } else {
        wake::drop_remote(cell);
    }
}
