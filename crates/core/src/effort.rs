//! Two counters that keep a busy loop fair, both in thread-locals without destructor.
//!
//! *Effort* is what a loop may still do before it looks at the clock: a poll costs 1, a read or a write
//! 2. The executor asks [`is_due`] after each poll, and then lets its [`Park`](crate::park::Park)
//! breathe, which grants a new [`stride`](grant). Counting polls alone would let sixteen polls of many
//! reads each hold back a timer for milliseconds.
//!
//! The *budget* limits the I/O operations of one poll, so that one connection that is always ready
//! cannot keep its task from yielding. A leaf that gets `false` from [`spend_io`] wakes its own task
//! and returns `Pending`.

use std::cell::Cell;

/// I/O operations a task may do in one poll before it has to let others run.
pub const IO_PER_POLL: u32 = 32;
/// The stride of a loop that knows nothing yet about how heavy its polls are.
pub const STRIDE: u32 = 16;

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(STRIDE) };
    static BUDGET: Cell<u32> = const { Cell::new(IO_PER_POLL) };
}

/// Refills the I/O budget and counts one poll; an executor calls it before each poll.
#[inline]
pub fn begin_poll() {
    BUDGET.set(IO_PER_POLL);
    LEFT.set(LEFT.get().saturating_sub(1));
}

/// What is left of the I/O budget; for an executor that polls a task inside the poll of another.
#[inline]
#[must_use]
pub fn budget() -> u32 {
    BUDGET.get()
}

/// Gives the outer task its budget back.
#[inline]
pub fn restore_budget(left: u32) {
    BUDGET.set(left);
}

/// Whether the stride is used up, so that the clock should be looked at.
#[inline]
#[must_use]
pub fn is_due() -> bool {
    LEFT.get() == 0
}

/// Grants a new stride, after a breath or a wait.
#[inline]
pub fn grant(stride: u32) {
    LEFT.set(stride);
}

/// Takes one I/O operation from this poll's budget; `false` if none is left.
///
/// A refusal refills the budget: under an executor that never calls [`begin_poll`] the next poll
/// can go on, and under ours the task has to yield before it comes here again.
#[inline]
#[must_use]
pub fn spend_io() -> bool {
    LEFT.set(LEFT.get().saturating_sub(2));
    match BUDGET.get() {
        0 => {
            BUDGET.set(IO_PER_POLL);
            false
        }
        left => {
            BUDGET.set(left - 1);
            true
        }
    }
}
