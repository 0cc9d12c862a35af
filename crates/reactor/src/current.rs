//! The reactor that is current on this thread, and what leaf futures ask of it.
//!
//! The slot has no destructor, so every access is a plain load, and a handle that is dropped while the thread
//! ends finds it still there.

use crate::clock::{OsClock, std_now};
use crate::state::State;
use asyncio_core::Instant;
use asyncio_core::ambient::{self, Slot};
use asyncio_core::time::Clock;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

thread_local! {
    static CURRENT: Slot<Rc<State>> = const { Slot::new() };
}

/// Why a handle cannot be used here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Misuse {
    NoLoop,
    OtherLoop,
    Closed,
}

impl Misuse {
    /// Tells the programmer. `what` names the thing: "this sleep".
    #[cold]
    #[track_caller]
    pub(crate) fn panic(self, what: &str) -> ! {
        match self {
            Self::NoLoop => panic!(
                "no running event loop: {what} needs one on this thread; \
                 write asyncio::run(async {{ .. }}), or Reactor::block_on without the facade"
            ),
            Self::OtherLoop => panic!(
                "{what} is attached to a different loop: \
                 a handle can be used only on the event loop on which it was made"
            ),
            Self::Closed => panic!("the event loop is closed: {what} cannot be used any more"),
        }
    }
}

/// Calls `f` with the current reactor. `f` must not run code that is not ours.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&State) -> R) -> Result<R, Misuse> {
    Slot::with(&CURRENT, |current| match current {
        None => Err(Misuse::NoLoop),
        Some(state) if state.is_closed() => Err(Misuse::Closed),
        Some(state) => Ok(f(state)),
    })
}

/// Calls `f` with the current reactor if it is the one with this number.
#[inline]
pub(crate) fn with_loop<R>(loop_id: u32, f: impl FnOnce(&State) -> R) -> Result<R, Misuse> {
    Slot::with(&CURRENT, |current| match current {
        None => Err(Misuse::NoLoop),
        Some(state) if state.shared.loop_id != loop_id => Err(Misuse::OtherLoop),
        Some(state) if state.is_closed() => Err(Misuse::Closed),
        Some(state) => Ok(f(state)),
    })
}

/// Tells the reactors of a process apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ReactorId(u32);

/// Which open reactor is current on this thread, if one is.
///
/// # Examples
/// ```
/// assert_eq!(asyncio_reactor::current_id(), None);
/// asyncio_reactor::block_on(async {
///     assert!(asyncio_reactor::current_id().is_some());
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[inline]
#[must_use]
pub fn current_id() -> Option<ReactorId> {
    with(|state| ReactorId(state.shared.loop_id)).ok()
}

/// Keeps a reactor current on this thread; made by [`Park::enter`](asyncio_core::park::Park::enter).
///
/// Dropping it makes the reactor current again that was so before. Guards are dropped in the reverse
/// order in which they were made.
#[must_use = "dropping the guard leaves the reactor"]
pub struct Entered {
    _slot: ambient::Entered<Rc<State>>,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

/// Makes `state` current until the guard is dropped.
pub(crate) fn enter(state: Rc<State>) -> Entered {
    Entered { _slot: Slot::enter(&CURRENT, state) }
}

/// The time on the current loop's clock.
///
/// # Panics
/// If no reactor is current on this thread; see [`try_now`].
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// asyncio_reactor::block_on(async {
///     let before = asyncio_reactor::now();
///     assert!(asyncio_reactor::now() >= before);
/// })
/// # }
/// ```
#[inline]
#[track_caller]
#[must_use]
pub fn now() -> Instant {
    match with(|state| state.clock.now()) {
        Ok(now) => now,
        Err(misuse) => misuse.panic("now()"),
    }
}

/// The time on the current loop's clock, or `None` if no open reactor is current on this thread.
///
/// # Examples
/// ```
/// assert_eq!(asyncio_reactor::try_now(), None);
/// ```
#[inline]
#[must_use]
pub fn try_now() -> Option<Instant> {
    with(|state| state.clock.now()).ok()
}

/// The instant that is as far from now on the current loop's clock as `instant` is on std's; never earlier,
/// and later by the time between two readings of a clock. Without a loop the system's clock counts.
///
/// For libraries that deal in std's instants. In a simulation only the distance from now means anything.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// asyncio::run(async {
///     let deadline = Instant::now() + Duration::from_micros(100);
///     asyncio::sleep_until(asyncio::instant_from_std(deadline)).await;
///     assert!(Instant::now() >= deadline);
/// });
/// ```
#[must_use]
pub fn instant_from_std(instant: std::time::Instant) -> Instant {
    let there = std_now();
    let here = now_anywhere();
    here + instant.saturating_duration_since(there) - there.saturating_duration_since(instant)
}

/// The instant of std's that is as far from now as `instant` is on the current loop's clock; the opposite of
/// [`instant_from_std`]. What lies too far away for std is a year away.
///
/// # Examples
/// ```
/// use asyncio::{instant_from_std, instant_to_std};
/// use std::time::{Duration, Instant};
///
/// let now = Instant::now();
/// let there_and_back = instant_to_std(instant_from_std(now));
/// assert!(there_and_back >= now && there_and_back - now < Duration::from_secs(1));
/// ```
#[must_use]
pub fn instant_to_std(instant: Instant) -> std::time::Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    let here = now_anywhere();
    let there = std_now();
    let (after, before) = (instant - here, here - instant);
    let later = there.checked_add(after).unwrap_or_else(|| there + YEAR);
    later.checked_sub(before).unwrap_or(there)
}

fn now_anywhere() -> Instant {
    try_now().unwrap_or_else(|| OsClock.now())
}
