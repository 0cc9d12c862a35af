//! Which loop this thread is in.

use crate::cell::{Home, HomeRef};
use std::cell::Cell;
use std::ptr;

thread_local! {
    static CURRENT: Cell<*const Home> = const { Cell::new(ptr::null()) };
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// The thread is inside a loop until this is dropped; loops nest for the time of a call, not of a run.
pub(crate) struct Entered<'home> {
    former: *const Home,
    _home: &'home HomeRef,
}

/// Makes `home` the loop that [`with`] finds.
pub(crate) fn enter(home: &HomeRef) -> Entered<'_> {
    Entered { former: CURRENT.replace(home.as_ptr()), _home: home }
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
pub(crate) fn with<R>(f: impl FnOnce(&Home) -> R) -> Option<R> {
    let home = CURRENT.get();
    if home.is_null() {
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "the one place that dereferences the current loop: docs/unsafe.md"
    )]
    // SAFETY: `Entered` borrows the loop's reference for as long as CURRENT holds its address.
    let home = unsafe { HomeRef::borrow(home) };
    Some(f(home))
}

/// Whether `home` is the current loop.
#[inline]
pub(crate) fn is(home: &Home) -> bool {
    ptr::eq(CURRENT.get(), home)
}

/// Panics because there is no current loop.
#[cold]
#[track_caller]
pub(crate) fn none() -> ! {
    panic!(
        "no running event loop: call this inside `asyncio::run(async {{ .. }})`, or use a `Handle` from other threads"
    )
}
