//! [`Park`]: where an executor and whoever waits for the world meet.
//!
//! *Whether* to wait is the executor's business, for it has the ready queue; *how long* is the
//! parker's, for it has the timers. So no duration crosses this trait.

use crate::time::Instant;
use parking_lot::{Condvar, Mutex};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// How long a brief wait may be: [`Park::park_briefly`].
pub const BRIEFLY: Duration = Duration::from_millis(500);

/// Waits for the world on behalf of an event loop.
///
/// Implemented by the reactor (real and simulated) and by [`ThreadPark`].
pub trait Park {
    /// What keeps this thread inside the parker; dropping it leaves again.
    type Entered;

    /// Makes the parker current on this thread, so that its futures find it.
    fn enter(&self) -> Self::Entered;

    /// Called by a busy loop at the end of a [poll interval](crate::budget): the parker may read the clock,
    /// fire timers and ask the system.
    ///
    /// It must not block. It decides itself whether enough time has passed, and grants the next interval.
    fn poll_driver(&self);

    /// Asks the system once, without waiting, and fires the timers that are due, whatever was done just
    /// before: for a loop that is to make one turn and has nothing ready.
    fn poll_now(&self) {
        self.poll_driver();
    }

    /// Waits until something may have become ready: an event, a timer, an unpark.
    ///
    /// `Break` says that nothing can ever become ready again; only a simulated world knows that.
    fn park(&self) -> ControlFlow<()>;

    /// Waits as [`park`](Park::park) does, but for half a second at most.
    ///
    /// An executor asks for it when it could give memory back, and does so if nothing happens meanwhile.
    fn park_briefly(&self) -> ControlFlow<()> {
        self.park()
    }

    /// Whether the parker itself has memory to give back after a peak.
    fn is_trim_due(&self) -> bool {
        false
    }

    /// Gives memory back to the system.
    fn trim(&self) {}

    /// The time on the parker's clock; `None` if it has none.
    fn now(&self) -> Option<Instant> {
        None
    }

    /// The bell that ends a [`park`](Park::park) from another thread.
    fn unparker(&self) -> Arc<dyn Unpark>;
}

/// The bell of a parked loop.
pub trait Unpark: Send + Sync + fmt::Debug {
    /// Ends the current or the next wait.
    fn unpark(&self);
}

/// Parks the thread itself: for an executor that has neither timers nor I/O.
#[derive(Debug, Default)]
pub struct ThreadPark {
    bell: Arc<Bell>,
}

impl ThreadPark {
    /// A parker whose only way to wake is its [`unparker`](Park::unparker).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Park for ThreadPark {
    type Entered = ();

    fn enter(&self) {}

    fn poll_driver(&self) {}

    fn park(&self) -> ControlFlow<()> {
        let mut rung = self.bell.rung.lock();
        while !*rung {
            self.bell.changed.wait(&mut rung);
        }
        *rung = false;
        ControlFlow::Continue(())
    }

    fn park_briefly(&self) -> ControlFlow<()> {
        let mut rung = self.bell.rung.lock();
        if !*rung {
            let _timed_out = self.bell.changed.wait_for(&mut rung, BRIEFLY);
        }
        *rung = false;
        ControlFlow::Continue(())
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        Arc::<Bell>::clone(&self.bell)
    }
}

#[derive(Debug, Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Unpark for Bell {
    fn unpark(&self) {
        *self.rung.lock() = true;
        self.changed.notify_one();
    }
}
