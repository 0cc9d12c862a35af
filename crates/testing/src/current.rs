//! The simulated loop that is current on this thread: how the facade's `running_loop` finds it.

use asyncio_executor::EventLoop;
use asyncio_reactor::Reactor;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// The event loop of a simulation.
pub type CurrentLoop = Rc<EventLoop<Reactor>>;

thread_local! {
    static CURRENT: RefCell<Option<CurrentLoop>> = const { RefCell::new(None) };
}

/// The loop of the simulation that runs on this thread, if one does.
#[must_use]
pub fn current_loop() -> Option<CurrentLoop> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Restores what was current before.
pub(crate) struct Entered {
    former: Option<CurrentLoop>,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

pub(crate) fn enter(event_loop: CurrentLoop) -> Entered {
    Entered { former: CURRENT.with(|current| current.replace(Some(event_loop))) }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let left = CURRENT.with(|current| current.replace(self.former.take()));
        drop(left);
    }
}
