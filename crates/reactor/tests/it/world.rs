//! A virtual clock with a scripted selector, and wakers that count.

use asyncio_core::time::Clock;
use asyncio_reactor::{Instant, Reactor, Readiness, Selector, Unpark, Wait};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub(crate) const MS: Duration = Duration::from_millis(1);

/// A clock that others move.
#[derive(Debug, Default)]
pub(crate) struct VirtualClock(Cell<u64>);

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.get())
    }
}

impl VirtualClock {
    pub(crate) fn set(&self, now: Instant) {
        assert!(now >= self.now(), "time is monotonic");
        self.0.set(now.as_nanos());
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }
}

#[derive(Debug, Default)]
pub(crate) struct CountingNotifier(pub(crate) AtomicUsize);

impl Unpark for CountingNotifier {
    fn unpark(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

type Script = Rc<RefCell<VecDeque<(Instant, Readiness)>>>;

struct Scripted {
    clock: Rc<VirtualClock>,
    script: Script,
    waits: Rc<RefCell<Vec<Wait>>>,
    notifier: Arc<CountingNotifier>,
}

impl Selector for Scripted {
    fn select(&mut self, wait: Wait, ready: &mut Vec<Readiness>) -> io::Result<ControlFlow<()>> {
        self.waits.borrow_mut().push(wait);
        let deadline = match wait {
            Wait::Poll => panic!("a simulated world is never merely looked at"),
            Wait::Until(deadline) => deadline,
            Wait::Forever => Instant::FAR_FUTURE,
        };
        let mut script = self.script.borrow_mut();
        let next = script.front().map_or(Instant::FAR_FUTURE, |event| event.0).min(deadline);
        if next == Instant::FAR_FUTURE {
            let notified = self.notifier.0.swap(0, Ordering::SeqCst) > 0;
            return Ok(if notified { ControlFlow::Continue(()) } else { ControlFlow::Break(()) });
        }
        self.clock.set(next.max(self.clock.now()));
        while script.front().is_some_and(|event| event.0 <= next) {
            ready.extend(script.pop_front().map(|event| event.1));
        }
        Ok(ControlFlow::Continue(()))
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        Arc::<CountingNotifier>::clone(&self.notifier)
    }
}

/// A simulated world and the reactor in it.
pub(crate) struct World {
    pub(crate) reactor: Reactor,
    pub(crate) clock: Rc<VirtualClock>,
    pub(crate) script: Script,
    pub(crate) waits: Rc<RefCell<Vec<Wait>>>,
    pub(crate) notifier: Arc<CountingNotifier>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Rc::new(VirtualClock::default());
        let (script, waits) = (Script::default(), Rc::default());
        let notifier = Arc::new(CountingNotifier::default());
        let selector = Scripted {
            clock: Rc::clone(&clock),
            script: Rc::clone(&script),
            waits: Rc::clone(&waits),
            notifier: Arc::clone(&notifier),
        };
        let reactor = Reactor::with_simulation(
            Rc::<VirtualClock>::clone(&clock) as Rc<dyn Clock>,
            Box::new(selector),
        );
        Self { reactor, clock, script, waits, notifier }
    }
}

/// The instant `nanos` after the beginning of virtual time.
pub(crate) fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

/// Counts its wakes.
#[derive(Debug, Default)]
pub(crate) struct WakeCount(AtomicUsize);

impl WakeCount {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (Arc::clone(&count), Waker::from(count))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls once with this waker.
#[track_caller]
pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls once with a waker that does nothing.
#[track_caller]
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// The message of the panic that `f` ends in.
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    let payload = caught.err().expect("it panics");
    asyncio_core::exception::panic_message(&*payload).to_owned()
}
