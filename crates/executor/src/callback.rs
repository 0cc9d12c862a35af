//! Callbacks: plain functions in the same queue as tasks.

use crate::cell::{self, Call, Kind, OwnedCell, Owner};
use crate::current;
use std::fmt;
use std::future::Future;
use std::panic::Location;

/// A callback that was scheduled. Dropping the handle lets the callback run.
///
/// It is Python's `asyncio.Handle` and `TimerHandle`.
#[doc(alias = "TimerHandle")]
pub struct CallHandle {
    cell: OwnedCell<()>,
}

impl CallHandle {
    /// Keeps the callback from running. `false`: it has run, or was cancelled before.
    ///
    /// The function itself is dropped in the loop's next turn.
    ///
    /// # Panics
    /// On a thread that is not the loop's own.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        if self.cell.is_merged() {
            return false;
        }
        assert!(self.cell.is_here(), "callback handle is attached to a different loop");
        !self.cell.cell().is_asked_to_end() && self.cell.cancel()
    }
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallHandle").finish_non_exhaustive()
    }
}

/// Schedules a future that is no task: not listed, and its panic is reported at once.
pub(crate) fn schedule<F>(
    owner: &Owner,
    future: F,
    spawned_at: &'static Location<'static>,
) -> CallHandle
where
    F: Future<Output = ()> + 'static,
{
    CallHandle { cell: cell::create(owner, future, Kind::Callback, spawned_at) }
}

/// As [`schedule`], but the future is polled at once, so that what it waits for counts from here.
pub(crate) fn schedule_polled<F>(
    owner: &Owner,
    future: F,
    spawned_at: &'static Location<'static>,
) -> CallHandle
where
    F: Future<Output = ()> + 'static,
{
    CallHandle { cell: cell::create_eager(owner, future, Kind::Callback, None, spawned_at) }
}

/// Has `f` called by the running loop in its next turn; see [`EventLoop::call_soon`](crate::EventLoop::call_soon).
///
/// # Panics
/// If no loop is running on this thread.
#[track_caller]
pub fn call_soon(f: impl FnOnce() + 'static) -> CallHandle {
    let at = Location::caller();
    match current::with(|owner| schedule(owner, Call::new(f), at)) {
        Some(handle) => handle,
        None => current::none(),
    }
}
