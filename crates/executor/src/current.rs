//! Which loop this thread is in.

use crate::cell::{Owner, OwnerRef};
use std::cell::Cell;
use std::ptr;

thread_local! {
    static CURRENT: Cell<*const Owner> = const { Cell::new(ptr::null()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// The thread is inside a loop until this is dropped; loops nest for the time of a call, not of a run.
pub(crate) struct Entered<'owner> {
    former: *const Owner,
    _owner: &'owner OwnerRef,
}

/// Makes `owner` the loop that [`with`] finds.
pub(crate) fn enter(owner: &OwnerRef) -> Entered<'_> {
    Entered { former: CURRENT.replace(owner.as_ptr()), _owner: owner }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.former);
    }
}

/// The thread is running a loop until this is dropped.
pub(crate) struct Running(());

/// Marks the thread as running a loop.
///
/// # Panics
/// If it is running one already.
#[track_caller]
pub(crate) fn start_running() -> Running {
    assert!(
        !RUNNING.replace(true),
        "cannot run an event loop while another one is running on this thread: \
         `.await` the future instead, or create a task for it"
    );
    Running(())
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}

/// Calls `f` with the current loop.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Owner) -> R) -> Option<R> {
    let owner = CURRENT.get();
    if owner.is_null() {
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "the one place that dereferences the current loop: docs/unsafe.md"
    )]
    // SAFETY: `Entered` borrows the loop's reference for as long as CURRENT holds its address.
    let owner = unsafe { OwnerRef::borrow(owner) };
    Some(f(owner))
}

/// Whether `owner` is the current loop.
#[inline]
pub(crate) fn is(owner: &Owner) -> bool {
    ptr::eq(CURRENT.get(), owner)
}

/// Panics because there is no current loop.
#[cold]
#[track_caller]
pub(crate) fn none() -> ! {
    panic!(
        "no running event loop: call this inside `asyncio::run(async {{ .. }})`, or use a `Handle` from other threads"
    )
}
