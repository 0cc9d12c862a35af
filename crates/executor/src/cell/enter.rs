//! The one door into a task: what is current while code of a task or a callback runs.
//!
//! Whatever runs such code (a turn, an eager start, the drop of a future that was cancelled) comes through
//! [`enter`], which sets the current cell, the wait note and the budget of the poll together. What a task
//! carries further (context variables, debug timing) is to be set here.

use super::layout::{CellPtr, Owner};
use asyncio_core::{budget, wait_note};

/// From where a cell is entered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// The loop's turn: no other cell is current.
    Turn,
    /// Perhaps inside of another cell, whose note and budget come back afterwards.
    Anywhere,
}

/// Calls `work`, which runs code of `cell` and lets nothing unwind.
#[inline(always)]
pub(super) fn enter<R>(owner: &Owner, cell: CellPtr, from: From, work: impl FnOnce() -> R) -> R {
    if from == From::Anywhere {
        return enter_anywhere(owner, cell, work);
    }
    budget::begin_poll();
    wait_note::clear();
    owner.current.set(Some(cell));
    let result = work();
    owner.current.set(None);
    result
}

#[cold]
fn enter_anywhere<R>(owner: &Owner, cell: CellPtr, work: impl FnOnce() -> R) -> R {
    let outer = owner.current.replace(Some(cell));
    let note = wait_note::take();
    let budget = budget::enter();
    budget::begin_poll();
    let result = work();
    drop(budget);
    wait_note::restore(note);
    owner.current.set(outer);
    result
}
