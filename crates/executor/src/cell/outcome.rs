//! Panics of a cell as errors, and the drop of an outcome that nobody took.

use super::layout::{CellPtr, Kind};
use crate::error::JoinError;
use asyncio_core::caught_panic::CaughtPanic;
use asyncio_core::exception::ExceptionContext;
use std::any::Any;

/// A panic of this cell's code, with what there is to say of it.
#[cold]
#[inline(never)]
pub(super) fn caught(cell: CellPtr, payload: Box<dyn Any + Send>) -> CaughtPanic {
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
    CaughtPanic::new(payload, context)
}

#[cold]
#[inline(never)]
pub(super) fn panicked(cell: CellPtr, payload: Box<dyn Any + Send>) -> JoinError {
    JoinError::panicked(caught(cell, payload))
}

/// Drops an outcome that nobody took, in a cell that something holds. Its panic, or one in its drop, goes to the
/// exception handler of its own loop: handles are dropped between runs, too, and while another loop runs.
///
/// Nothing unwinds from here.
#[cold]
#[inline(never)]
pub(super) fn drop_outcome(cell: CellPtr) {
    let Some(panic) = cell.drop_outcome() else { return };
    panic.see();
    let reporter = cell.owner().reporter.borrow().clone();
    reporter.unwrap_or_default().report(panic.context());
}
