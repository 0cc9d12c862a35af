//! [`Reactor`]: timers and readiness for one thread, with its builder and its [`Park`].

use crate::clock::{LoopClock, OsClock};
use crate::current::{self, Entered};
use crate::os::{self, OsSelector};
use crate::pacing::{DriverWork, Pacing};
use crate::selector::{Selector, Wait};
use crate::shared::Shared;
use crate::state::State;
use asyncio_core::park::{BRIEFLY, Park, Unpark};
use asyncio_core::time::Clock;
use asyncio_core::{Instant, budget};
use std::fmt;
use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Measured: below the lateness a wake-up has by nature, and a million sleeps cost half as much.
const DEFAULT_TIMER_SLACK: Duration = Duration::from_micros(20);

/// Timers and I/O readiness of one thread.
///
/// An executor drives it through [`Park`]; without one, [`Reactor::block_on`] runs a single future.
/// The futures of this crate find it while it is [entered](Park::enter), whoever polls them.
///
/// Dropping it [closes](Reactor::close) it.
///
/// # Examples
/// ```
/// use asyncio_reactor::{Reactor, sleep};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let reactor = Reactor::new()?;
/// let before = reactor.now();
/// reactor.block_on(sleep(Duration::from_millis(1)));
/// assert!(reactor.now() - before >= Duration::from_millis(1));
/// # Ok(())
/// # }
/// ```
pub struct Reactor {
    state: Rc<State>,
    pacing: Pacing,
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.state, f)
    }
}

impl Reactor {
    /// A reactor over the operating system.
    ///
    /// # Errors
    /// If the system has no descriptors left, for instance.
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// A reactor over the operating system, with settings.
    pub fn builder() -> ReactorBuilder {
        ReactorBuilder::default()
    }

    /// A reactor in a simulated world: `clock` says what time it is, and `selector` moves it.
    ///
    /// Its timers are exact: it never waits for a deadline that was cancelled, and never longer than to
    /// the next. Descriptors of the operating system cannot be used on it.
    #[must_use]
    pub fn with_simulation(clock: Rc<dyn Clock>, selector: Box<dyn Selector>) -> Self {
        let shared = Shared::new(None, selector.unparker());
        Self::from_parts(shared, LoopClock::Simulated(clock), selector, Duration::ZERO)
    }

    fn from_parts(
        shared: Arc<Shared>,
        clock: LoopClock,
        selector: Box<dyn Selector>,
        timer_slack: Duration,
    ) -> Self {
        let state = Rc::new(State::new(shared, clock, selector, timer_slack));
        Self { state, pacing: Pacing::new() }
    }

    /// The time on this reactor's clock.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Instant {
        self.state.clock.now()
    }

    /// How many timers are pending.
    #[must_use]
    pub fn timer_count(&self) -> usize {
        self.state.take_in_messages();
        self.state.timers.borrow().len()
    }

    /// How many I/O sources are registered.
    #[must_use]
    pub fn source_count(&self) -> usize {
        self.state.take_in_messages();
        self.state.sources.borrow().len()
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.is_closed()
    }

    /// Ends the reactor: who waits for a timer is dropped, who waits for a source is woken and finds
    /// an error. Using a handle afterwards panics or fails with a clear message, dropping it does
    /// nothing. Closing twice does nothing either.
    pub fn close(&self) {
        self.state.close();
    }

    /// Runs one future to its end on this thread.
    ///
    /// # Panics
    /// If the future panics, if the reactor is closed, and in a simulated world if the future waits
    /// for something that can never happen.
    ///
    /// # Blocking
    /// Until the future has ended.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.state.shared.assert_own_process();
        let _entered = self.enter();
        let _budget = budget::enter();
        let mut future = pin!(future);
        let root = Arc::new(RootWaker {
            woken: AtomicBool::new(true),
            loop_id: self.state.shared.loop_id,
            notifier: Arc::clone(self.state.shared.notifier()),
        });
        let waker = Waker::from(Arc::clone(&root));
        let mut context = Context::from_waker(&waker);
        loop {
            if root.woken.swap(false, Ordering::AcqRel) {
                budget::begin_poll();
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return output;
                }
                if budget::is_interval_over() {
                    self.poll_driver();
                }
            } else {
                let trim = self.is_trim_due();
                let flow = if trim { self.park_briefly() } else { self.park() };
                assert!(
                    flow.is_continue(),
                    "deadlock: the future waits for something that can never happen"
                );
                if trim && !root.woken.load(Ordering::Acquire) {
                    self.trim();
                }
            }
        }
    }
}

impl Reactor {
    #[track_caller]
    fn wait(&self, limit: Option<Duration>) -> ControlFlow<()> {
        assert!(!self.state.is_closed(), "the event loop is closed: it cannot wait any more");
        // In the child of a fork the wait would steal the parent's events.
        self.state.shared.assert_own_process();
        let flow = self.state.wait(limit);
        self.pacing.waited();
        flow
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.close();
    }
}

impl Park for Reactor {
    type Entered = Entered;

    fn enter(&self) -> Entered {
        current::enter(Rc::clone(&self.state))
    }

    #[inline]
    #[track_caller]
    fn poll_driver(&self) {
        // In the child of a fork the parent's events and the expiry of its timer would be taken away.
        self.state.shared.assert_own_process();
        if self.state.is_simulated() {
            if self.pacing.poll_simulated_driver() {
                self.state.take_in_messages();
                self.state.fire_due();
            }
            return;
        }
        let now = self.state.clock.now();
        match self.pacing.poll_driver(now) {
            DriverWork::Nothing => {}
            DriverWork::Fire => self.state.fire_due_at(now),
            DriverWork::Poll => {
                if self.state.poll_selector(Wait::Poll).is_continue() {
                    self.state.fire_due();
                }
            }
        }
    }

    #[track_caller]
    fn poll_now(&self) {
        self.state.shared.assert_own_process();
        if self.state.is_simulated() {
            self.state.take_in_messages();
        } else if self.state.poll_selector(Wait::Poll).is_break() {
            return;
        }
        self.state.fire_due();
        self.pacing.waited();
    }

    #[track_caller]
    fn park(&self) -> ControlFlow<()> {
        self.wait(None)
    }

    #[track_caller]
    fn park_briefly(&self) -> ControlFlow<()> {
        self.wait(Some(BRIEFLY))
    }

    fn is_trim_due(&self) -> bool {
        self.state.is_trim_due()
    }

    fn trim(&self) {
        self.state.trim();
        // A simulated world is one of many in its process.
        if !self.state.is_simulated() {
            os::memory::release();
        }
    }

    fn now(&self) -> Option<Instant> {
        Some(self.state.clock.now())
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        Arc::clone(self.state.shared.notifier())
    }
}

/// Settings of a [`Reactor`]; made by [`Reactor::builder`].
///
/// # Examples
/// ```
/// use asyncio_reactor::Reactor;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let exact = Reactor::builder().timer_slack(Duration::ZERO).build()?;
/// assert_eq!(exact.timer_count(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ReactorBuilder {
    timer_slack: Duration,
}

impl Default for ReactorBuilder {
    fn default() -> Self {
        Self { timer_slack: DEFAULT_TIMER_SLACK }
    }
}

impl ReactorBuilder {
    /// The shortest wait while timers come so thick that each wait fires several: 20 us by default.
    ///
    /// Zero keeps every timer as exact as the system allows, at twice the work with a million of them.
    /// A lone timer is never delayed.
    pub fn timer_slack(mut self, slack: Duration) -> Self {
        self.timer_slack = slack;
        self
    }

    /// Opens the reactor.
    ///
    /// # Errors
    /// If the system has no descriptors left, for instance.
    pub fn build(&self) -> io::Result<Reactor> {
        let selector = OsSelector::new()?;
        debug_assert!(OsClock.now() > Instant::ZERO, "the system's clock has left its epoch");
        let registry = selector.registry();
        let shared = Shared::new(Some(registry), selector.unparker());
        Ok(Reactor::from_parts(shared, LoopClock::Os, Box::new(selector), self.timer_slack))
    }
}

/// Wakes the future of [`Reactor::block_on`].
struct RootWaker {
    woken: AtomicBool,
    loop_id: u32,
    notifier: Arc<dyn Unpark>,
}

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The loop reads the flag before it waits, so on its own thread it need not be notified.
        if !self.woken.swap(true, Ordering::AcqRel)
            && current::with_loop(self.loop_id, |_| ()).is_err()
        {
            self.notifier.unpark();
        }
    }
}

/// Runs one future to its end on this thread, with a reactor made for it.
///
/// # Errors
/// If no reactor can be opened.
///
/// # Panics
/// If the future panics.
///
/// # Blocking
/// Until the future has ended.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// let value = asyncio_reactor::block_on(async { 7 })?;
/// assert_eq!(value, 7);
/// # Ok(())
/// # }
/// ```
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(Reactor::new()?.block_on(future))
}
