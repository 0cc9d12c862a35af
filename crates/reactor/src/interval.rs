//! [`Interval`]: ticks at equal distances, without drift.

use crate::current::now;
use crate::sleep::{Sleep, sleep_until};
use asyncio_core::Instant;
use asyncio_core::budget::{self, poll_spend};
use futures_core::Stream;
use futures_core::future::FusedFuture;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Ticks now, and then every `period`: at `t0`, `t0 + period`, `t0 + 2 * period`, and so on.
///
/// # Panics
/// If `period` is zero, or if no reactor is current on this thread.
///
/// # Examples
/// ```
/// use asyncio::interval;
/// use std::time::Duration;
///
/// asyncio::run(async {
///     let period = Duration::from_micros(200);
///     let mut interval = interval(period);
///     let first = interval.tick().await;
///     assert_eq!(interval.tick().await, first + period);
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert_ticks(period);
    interval_at(now(), period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
/// If `period` is zero.
///
/// # Examples
/// ```
/// use asyncio::{interval_at, running_loop};
/// use std::time::Duration;
///
/// asyncio::run(async {
///     let period = Duration::from_micros(200);
///     let start = running_loop().time() + period;
///     assert_eq!(interval_at(start, period).tick().await, start);
/// });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert_ticks(period);
    Interval { sleep: sleep_until(start), next: start, period, missed_tick: MissedTick::Burst }
}

#[track_caller]
fn assert_ticks(period: Duration) {
    assert!(!period.is_zero(), "an interval of zero would tick for ever at once");
}

/// What an [`Interval`] does when nobody asked for a tick until the next one was due.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MissedTick {
    /// Makes up for every missed tick at once, then goes on as if nothing had happened.
    #[default]
    Burst,
    /// Counts the next period from the late tick.
    Delay,
    /// Leaves the missed ticks out and keeps to the original multiples of the period.
    Skip,
}

/// Ticks at equal distances; made by [`interval()`] and [`interval_at`]. It is an endless stream of its ticks.
#[derive(Debug)]
pub struct Interval {
    /// Stands at `next` once it was polled; kept from tick to tick.
    sleep: Sleep,
    next: Instant,
    period: Duration,
    missed_tick: MissedTick,
}

impl Interval {
    /// Waits for the next tick and says when it was due.
    ///
    /// # Panics
    /// On another loop than the one on which the interval was made.
    ///
    /// # Cancel safety
    /// A tick that is not awaited to its end is not lost.
    pub fn tick(&mut self) -> Tick<'_> {
        Tick { interval: self, is_done: false }
    }

    /// Has the next tick come one period from now, and the others after that.
    ///
    /// # Panics
    /// If no reactor is current on this thread.
    #[track_caller]
    pub fn reset(&mut self) {
        self.reset_at(now() + self.period);
    }

    /// Has the next tick come at `instant`, and the others every period after that. Whoever waits for a tick
    /// already is woken then.
    ///
    /// # Panics
    /// If a task waits for a tick on a loop that is not current on this thread.
    #[track_caller]
    pub fn reset_at(&mut self, instant: Instant) {
        self.next = instant;
        self.sleep.reset(instant);
    }

    /// Polls for the next tick, as [`tick`](Self::tick) does.
    ///
    /// # Panics
    /// On another loop than the one on which the interval was made.
    #[track_caller]
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let mut time = now();
        if time < self.next {
            if self.sleep.deadline() != self.next {
                self.sleep.reset(self.next);
            }
            ready!(Pin::new(&mut self.sleep).poll(cx));
            time = now();
        } else {
            // A late tick waits for nothing, and there may be any number of them.
            ready!(poll_spend(cx, budget::IO));
        }
        let due = self.next;
        self.next = self.after(due, time);
        Poll::Ready(due)
    }

    /// The distance of two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What happens to ticks that nobody asked for in time.
    #[must_use]
    pub fn missed_tick(&self) -> MissedTick {
        self.missed_tick
    }

    /// Sets what happens to ticks that nobody asked for in time; [`MissedTick::Burst`] by default.
    pub fn set_missed_tick(&mut self, missed_tick: MissedTick) {
        self.missed_tick = missed_tick;
    }

    /// The tick that follows the one due at `due` and taken at `time`.
    fn after(&self, due: Instant, time: Instant) -> Instant {
        let regular = due + self.period;
        match self.missed_tick {
            _ if time < regular => regular,
            MissedTick::Burst => regular,
            MissedTick::Delay => time + self.period,
            MissedTick::Skip => {
                let periods = (time - due).as_nanos() / self.period.as_nanos() + 1;
                // Saturates like all sums of instants: such a tick never comes.
                let nanos = periods.saturating_mul(self.period.as_nanos());
                due + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
        }
    }
}

/// The future of [`Interval::tick`].
#[derive(Debug)]
#[must_use = "a tick does nothing unless awaited"]
pub struct Tick<'a> {
    interval: &'a mut Interval,
    is_done: bool,
}

impl Future for Tick<'_> {
    type Output = Instant;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let polled = self.interval.poll_tick(cx);
        self.is_done = polled.is_ready();
        polled
    }
}

impl FusedFuture for Tick<'_> {
    fn is_terminated(&self) -> bool {
        self.is_done
    }
}

impl Stream for Interval {
    type Item = Instant;

    #[track_caller]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}
