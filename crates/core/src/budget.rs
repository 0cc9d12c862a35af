//! Two counters that keep a busy loop fair, both in thread-locals without destructor.
//!
//! The *poll interval* is what a loop may still do before it polls its driver: a poll of a task or a
//! callback costs 1, a read or a write 2 more. The executor asks [`is_interval_over`] after each poll, and
//! then calls [`Park::poll_driver`](crate::park::Park::poll_driver), which grants a [new interval](grant).
//! Counting polls alone would let sixteen polls of many reads each hold back a timer for milliseconds.
//!
//! The *budget* limits what one poll of a task may finish, so that a task whose futures are always ready
//! still lets others run. Every leaf future of this project calls [`poll_spend`] on the path on which it is
//! ready: an I/O operation or a tick costs [`IO`], all else [`STEP`]. Only a loop refills the budget, before each
//! poll; so all branches of a `gather` share one. Outside of a loop nothing is limited.

use crate::wait_note::{WaitKind, pending_on};
use std::cell::Cell;
use std::task::{Context, Poll};

/// What a task may spend in one poll.
pub const PER_POLL: u32 = 128;
/// The cost of an I/O operation, and of a tick, which says that time goes by: 32 fit into one poll.
pub const IO: u32 = 4;
/// The cost of any other step of a leaf future: a value, the end of a task.
pub const STEP: u32 = 1;
/// The poll interval of a loop that knows nothing yet about how heavy its polls are.
pub const INTERVAL: u32 = 16;
/// After this many refusals in one poll the budget is refilled.
///
/// A blocking executor inside of a poll (`futures::executor::block_on`) polls again and again what was
/// refused, and no loop comes by to refill. It goes on after some microseconds.
pub const REFUSALS: u32 = 4096;

/// Outside of a loop: nothing is limited.
const UNLIMITED: i32 = i32::MAX;

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(INTERVAL) };
    /// What is left of the budget; below one, how many steps were refused, negated.
    static BUDGET: Cell<i32> = const { Cell::new(UNLIMITED) };
}

/// Refills the budget and counts one poll; a loop calls it before each poll.
#[inline]
pub fn begin_poll() {
    BUDGET.set(PER_POLL.cast_signed());
    LEFT.set(LEFT.get().saturating_sub(1));
}

/// Counts a step of a loop that is no poll, such as taking in a message.
#[inline]
pub fn count_step() {
    LEFT.set(LEFT.get().saturating_sub(1));
}

/// Restores the budget that was there before; made by [`enter`].
#[derive(Debug)]
#[must_use = "dropping the guard restores the former budget"]
pub struct Entered {
    former: i32,
}

/// Keeps the budget of the surrounding poll until the guard is dropped.
///
/// For a loop around its run, so that nothing is limited after it, and for an executor that polls a task
/// inside the poll of another.
#[inline]
pub fn enter() -> Entered {
    Entered { former: BUDGET.get() }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        BUDGET.set(self.former);
    }
}

/// Whether the poll interval is used up, so that the driver should be polled.
#[inline]
#[must_use]
pub fn is_interval_over() -> bool {
    LEFT.get() == 0
}

/// Grants a new poll interval, after the driver was polled or the loop has waited.
#[inline]
pub fn grant(interval: u32) {
    LEFT.set(interval);
}

/// Takes `cost` from the budget of this poll; `false` if nothing is left.
#[inline]
#[must_use]
pub fn spend(cost: u32) -> bool {
    LEFT.set(LEFT.get().saturating_sub(cost / 2));
    let left = BUDGET.get();
    if left == UNLIMITED {
        return true;
    }
    BUDGET.set(left.wrapping_sub_unsigned(if left > 0 { cost } else { 1 }));
    left > 0 || refuse(left)
}

/// Gives way if nothing is left, and takes nothing if something is.
///
/// For a future that cannot be held back once it is ready, since its result is not its own: it asks here
/// before it polls what is inside, and takes its cost by [`spend`] afterwards.
#[inline]
#[track_caller]
pub fn poll_left(cx: &mut Context<'_>) -> Poll<()> {
    if BUDGET.get() > 0 { Poll::Ready(()) } else { poll_spend(cx, STEP) }
}

/// What was left before a future that may be somebody else's was polled; made by [`poll_foreign`].
#[derive(Debug)]
#[must_use = "call `was_ready` if the future was"]
pub struct Foreign {
    left: i32,
}

/// Gives way if nothing is left, before a future is polled that may be somebody else's.
///
/// For a combinator over any futures: those that are ready at once and spend nothing cost it a step each, so
/// that thousands of them, again and again, do not hold back everything else.
#[inline]
#[track_caller]
pub fn poll_foreign(cx: &mut Context<'_>) -> Poll<Foreign> {
    poll_left(cx).map(|()| Foreign { left: BUDGET.get() })
}

impl Foreign {
    /// The future was ready. If it spent nothing it costs a step.
    #[inline]
    pub fn was_ready(&self) {
        if BUDGET.get() == self.left {
            let _is_left = spend(STEP);
        }
    }
}

/// What the other branches of a combinator may spend; made by [`share`].
#[derive(Debug)]
#[must_use = "dropping the guard ends the branch's share"]
pub struct Share {
    others: i32,
}

/// Limits one of `branches` that are still to be polled to its part of what is left, until the guard is
/// dropped. What it leaves is there for the next.
///
/// For a combinator that polls its branches in a fixed order: without it the first, if it is always ready,
/// would use up the budget of each poll, and the others would be refused for ever.
#[inline]
pub fn share(branches: usize) -> Share {
    let left = BUDGET.get();
    if branches <= 1 || left <= 0 || left == UNLIMITED {
        return Share { others: 0 };
    }
    let part = (left / i32::try_from(branches).unwrap_or(left)).max(1);
    BUDGET.set(part);
    Share { others: left - part }
}

impl Drop for Share {
    #[inline]
    fn drop(&mut self) {
        if self.others > 0 {
            // The last step may have cost more than was left. How much is not known if others were refused
            // after it, so then it is taken for the most.
            let left = BUDGET.get().max(1 - IO.cast_signed());
            BUDGET.set(self.others + left);
        }
    }
}

/// Nothing is left. `true`: so much was refused that nobody else can be refilling.
#[cold]
fn refuse(left: i32) -> bool {
    // So full a poll may have taken as long as some others, whatever stood between its steps.
    LEFT.set(LEFT.get().saturating_sub(INTERVAL));
    let stuck = left.unsigned_abs() >= REFUSALS;
    if stuck {
        BUDGET.set(PER_POLL.cast_signed());
    }
    stuck
}

/// Takes `cost` from the budget of this poll, or wakes the task and gives way to the others.
///
/// # Examples
/// ```
/// use asyncio_core::budget;
/// use std::task::{Context, Poll, Waker};
///
/// fn poll_ready_made(cx: &mut Context<'_>) -> Poll<u8> {
///     std::task::ready!(budget::poll_spend(cx, budget::STEP));
///     Poll::Ready(7)
/// }
/// assert_eq!(poll_ready_made(&mut Context::from_waker(Waker::noop())), Poll::Ready(7));
/// ```
#[inline]
#[track_caller]
pub fn poll_spend(cx: &mut Context<'_>, cost: u32) -> Poll<()> {
    if spend(cost) {
        return Poll::Ready(());
    }
    cx.waker().wake_by_ref();
    pending_on(WaitKind::Yield, 0);
    Poll::Pending
}
