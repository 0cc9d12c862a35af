//! [`VirtualSelector`]: waiting until *t* is setting the clock to *t*.

use crate::clock::VirtualClock;
use crate::halt::Halt;
use crate::jobs::JobQueue;
use crate::stall::StallKind;
use asyncio_core::park::Unpark;
use asyncio_reactor::{Readiness, Selector, Wait};
use std::io;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

/// Waits for a simulated world: first for its jobs, then for its clock. Each wait is a step of the run.
#[derive(Debug)]
pub(crate) struct VirtualSelector {
    clock: Rc<VirtualClock>,
    jobs: Rc<JobQueue>,
    halt: Rc<Halt>,
}

impl VirtualSelector {
    pub(crate) fn new(clock: Rc<VirtualClock>, jobs: Rc<JobQueue>, halt: Rc<Halt>) -> Self {
        Self { clock, jobs, halt }
    }
}

impl Selector for VirtualSelector {
    fn select(&mut self, wait: Wait, _ready: &mut Vec<Readiness>) -> io::Result<ControlFlow<()>> {
        if !self.halt.step() {
            return Ok(ControlFlow::Break(()));
        }
        match wait {
            Wait::Poll => {}
            // A job takes no virtual time, so it comes before the next timer.
            _ if self.jobs.release() => {}
            Wait::Until(deadline) => self.clock.advance_to(deadline),
            // No timer, no job, and nothing else exists in this world.
            Wait::Forever => {
                self.halt.record(StallKind::Deadlock);
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        Arc::new(Silent)
    }
}

/// A simulated wait never sleeps, so there is nothing to wake.
#[derive(Debug)]
struct Silent;

impl Unpark for Silent {
    fn unpark(&self) {}
}
