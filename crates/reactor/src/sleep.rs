//! [`Sleep`]: the timer that one awaits, a handle of plain integers.
//!
//! It is `Send` and `Sync` without an atomic and without an `Arc`: the timer lives in its loop's queue,
//! and the handle names it by index and number. The deadline is taken from a fresh clock when the
//! sleep is made, never from one that was read earlier in the turn: such a one fires early.

use crate::current::{self, Misuse};
use crate::shared::{Message, Shared};
use crate::timer::TimerKey;
use asyncio_core::Instant;
use asyncio_core::budget::{self, poll_spend};
use asyncio_core::time::Clock;
use asyncio_core::wait_note::{WaitKind, pending_on};
use asyncio_core::wake_batch::drop_foreign;
use futures_core::future::FusedFuture;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// Waits until `duration` has passed. It is Python's `asyncio.sleep`.
///
/// Time counts from this call, not from the first poll; only if it is made outside of any loop, as in
/// `block_on(sleep(duration))`, from the first poll. Sleeps end in the order of their deadlines, and
/// those with equal deadlines in the order in which they were made; never early. A zero duration only
/// lets the others run once. `Duration::MAX` never ends.
///
/// # Panics
/// If the loop is closed.
///
/// # Cancel safety
/// Dropping a sleep takes its timer out of the loop.
///
/// # Examples
/// ```
/// use asyncio::sleep;
/// use std::time::Duration;
///
/// asyncio::run(async {
///     sleep(Duration::from_micros(100)).await;
/// });
/// ```
#[inline]
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    let index = if duration.is_zero() { YIELD } else { UNREGISTERED };
    let made = current::with(|reactor| Sleep {
        deadline: reactor.clock.now() + duration,
        seq: reactor.next_seq(),
        loop_id: reactor.shared.loop_id,
        index,
    });
    match made {
        Ok(sleep) => sleep,
        Err(Misuse::NoLoop) => Sleep::starting_later(duration),
        Err(misuse) => misuse.panic("sleep()"),
    }
}

/// Waits until `deadline`. It may be made anywhere; it belongs to the loop that is current when it is
/// made, or else to the first that polls it.
///
/// # Cancel safety
/// Dropping a sleep takes its timer out of the loop.
///
/// # Examples
/// ```
/// use asyncio::{running_loop, sleep_until};
/// use std::time::Duration;
///
/// asyncio::run(async {
///     let deadline = running_loop().time() + Duration::from_micros(100);
///     sleep_until(deadline).await;
///     assert!(running_loop().time() >= deadline);
/// });
/// ```
#[inline]
pub fn sleep_until(deadline: Instant) -> Sleep {
    let (loop_id, seq) =
        current::with(|reactor| (reactor.shared.loop_id, reactor.next_seq())).unwrap_or((0, 0));
    Sleep { deadline, seq, loop_id, index: UNREGISTERED }
}

/// The timer has no place in the queue yet.
const UNREGISTERED: u32 = u32::MAX;
/// The sleep has ended and said so.
const ENDED: u32 = u32::MAX - 1;
/// A sleep of no length: it gives way once and needs no timer.
const YIELD: u32 = u32::MAX - 2;
/// The sleep has ended, and the next poll that has budget says so.
const DUE: u32 = u32::MAX - 3;
/// Made outside of any loop: `deadline` is a duration until the first poll.
const RELATIVE: u32 = u32::MAX - 4;

/// The future of [`sleep`] and [`sleep_until`].
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep {
    deadline: Instant,
    /// The rank among equal deadlines, and the generation of `index`.
    seq: u64,
    /// Zero until it is attached to a loop.
    loop_id: u32,
    /// Where the timer lies, or one of the states above.
    index: u32,
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep").field("deadline", &self.deadline()).finish_non_exhaustive()
    }
}

impl Sleep {
    #[cold]
    fn starting_later(duration: Duration) -> Self {
        let index = if duration.is_zero() { YIELD } else { RELATIVE };
        Self { deadline: Instant::ZERO + duration, seq: 0, loop_id: 0, index }
    }

    /// When it ends; the far future if that is not known before the first poll.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        if self.index == RELATIVE { Instant::FAR_FUTURE } else { self.deadline }
    }

    /// Whether it has ended and said so.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.index == ENDED
    }

    /// Sets another deadline, whether the sleep has ended or not; it is ranked anew among its equals.
    ///
    /// # Panics
    /// If it waits on a loop that is not current on this thread.
    #[track_caller]
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if let Some(key) = self.key() {
            let moved = current::with_loop(self.loop_id, |reactor| {
                let seq = reactor.next_seq();
                reactor.timers.borrow_mut().rearm(key, deadline.as_nanos(), seq)
            });
            match moved {
                Ok(Some(key)) => {
                    self.seq = key.seq;
                    return;
                }
                Ok(None) | Err(Misuse::Closed) => {}
                Err(misuse) => misuse.panic("this sleep"),
            }
        }
        let ranked = current::with(|reactor| (reactor.shared.loop_id, reactor.next_seq()));
        (self.loop_id, self.seq) = ranked.unwrap_or((0, 0));
        self.index = UNREGISTERED;
    }

    /// The timer's name, while it may be in the queue.
    #[inline]
    fn key(&self) -> Option<TimerKey> {
        (self.index < RELATIVE).then_some(TimerKey { index: self.index, seq: self.seq })
    }

    /// Polls without saying what is waited for; a timeout leaves that to the future inside it.
    #[inline]
    #[track_caller]
    pub(crate) fn poll_quietly(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.index {
            ENDED => poll_spend(cx, budget::STEP),
            DUE => self.end(cx),
            UNREGISTERED | RELATIVE => {
                self.register(cx.waker().clone());
                Poll::Pending
            }
            YIELD => {
                self.index = DUE;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            index => self.poll_registered(TimerKey { index, seq: self.seq }, cx),
        }
    }

    /// Says that it has ended, if the budget allows.
    #[inline]
    #[track_caller]
    fn end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(poll_spend(cx, budget::STEP));
        self.index = ENDED;
        Poll::Ready(())
    }

    /// Puts the timer into the queue. The waker was cloned before and, if it is refused, is dropped after any
    /// borrow.
    #[inline]
    #[track_caller]
    fn register(&mut self, waker: Waker) {
        let (loop_id, seq, deadline) = (self.loop_id, self.seq, self.deadline);
        let is_relative = self.index == RELATIVE;
        let mut waker = Some(waker);
        let registered = current::with(|reactor| {
            let here = reactor.shared.loop_id;
            if loop_id != 0 && loop_id != here {
                return Err(Misuse::OtherLoop);
            }
            let seq = if loop_id == 0 { reactor.next_seq() } else { seq };
            let start = if is_relative { reactor.clock.now() } else { Instant::ZERO };
            let deadline = start + (deadline - Instant::ZERO);
            let mut timers = reactor.timers.borrow_mut();
            let key = waker.take().map(|waker| timers.insert(deadline.as_nanos(), seq, waker));
            Ok((here, deadline, key.expect("it is called once")))
        });
        drop_foreign(waker);
        match registered.and_then(|inner| inner) {
            Ok((here, deadline, key)) => {
                self.deadline = deadline;
                self.loop_id = here;
                self.seq = key.seq;
                self.index = key.index;
            }
            Err(misuse) => misuse.panic("this sleep"),
        }
    }

    #[inline]
    #[track_caller]
    fn poll_registered(&mut self, key: TimerKey, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker();
        // `None`: it has fired. `Some(false)`: somebody else polls it now.
        let waits = current::with_loop(self.loop_id, |reactor| {
            reactor.timers.borrow_mut().get_mut(key).map(|registered| registered.will_wake(waker))
        });
        match waits {
            Ok(None) => {
                self.index = DUE;
                self.end(cx)
            }
            Ok(Some(true)) => Poll::Pending,
            Ok(Some(false)) => {
                let mut waker = waker.clone();
                // The clone may have fired the timer, or closed the loop: then the next poll says so.
                let _gone = current::with_loop(self.loop_id, |reactor| {
                    if let Some(registered) = reactor.timers.borrow_mut().get_mut(key) {
                        std::mem::swap(registered, &mut waker);
                    }
                });
                drop_foreign(waker);
                Poll::Pending
            }
            Err(misuse) => misuse.panic("this sleep"),
        }
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.poll_quietly(cx);
        if polled.is_pending() {
            // One that is over only gives way.
            let is_over = matches!(self.index, DUE | ENDED);
            let kind = if is_over { WaitKind::Yield } else { WaitKind::Timer };
            pending_on(kind, self.deadline.as_nanos());
        }
        polled
    }
}

impl FusedFuture for Sleep {
    fn is_terminated(&self) -> bool {
        self.is_elapsed()
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        let Some(key) = self.key() else { return };
        match current::with_loop(self.loop_id, |reactor| reactor.timers.borrow_mut().cancel(key)) {
            Ok(waker) => drop_foreign(waker),
            Err(_) => cancel_elsewhere(self.loop_id, key),
        }
    }
}

/// Asks a loop that is not current here to forget a timer; there is nothing to ask of a closed one.
#[cold]
fn cancel_elsewhere(loop_id: u32, key: TimerKey) {
    if let Some(shared) = Shared::find(loop_id) {
        shared.send(Message::Cancel(key));
    }
}
