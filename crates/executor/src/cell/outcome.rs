//! Panics of a cell as errors, and the drop of an outcome that nobody took.

use super::layout::{CellPtr, Entry, Kind, Owner};
use crate::error::JoinError;
use crate::inbox::{Bell, Inbox};
use asyncio_core::caught_panic::{CaughtPanic, PanicReceiver};
use asyncio_core::exception::ExceptionContext;
use asyncio_core::park::Unpark;
use std::any::Any;
use std::sync::Arc;

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
    let owner = cell.owner();
    let receiver = OwnLoop { inbox: Arc::clone(&owner.inbox), bell: Arc::clone(&owner.bell) };
    CaughtPanic::new(payload, context).told_to(Arc::new(receiver))
}

/// A cell's loop, for a panic whose error is dropped unseen: it is reported there in one of the next turns, or at
/// the close.
struct OwnLoop {
    inbox: Arc<Inbox<Entry>>,
    bell: Arc<dyn Unpark>,
}

impl PanicReceiver for OwnLoop {
    fn receive(&self, context: ExceptionContext) -> Result<(), ExceptionContext> {
        match self.inbox.push(Entry::Report(Box::new(context))) {
            Ok(Bell::Ring) => self.bell.unpark(),
            Ok(Bell::Silent) => {}
            Err(Entry::Report(context)) => return Err(*context),
            Err(_) => {}
        }
        Ok(())
    }
}

/// Tells the exception handler of this loop.
pub(super) fn report(owner: &Owner, context: &ExceptionContext) {
    let reporter = owner.reporter.borrow().clone();
    reporter.unwrap_or_default().report(context);
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
    report(cell.owner(), panic.context());
}
