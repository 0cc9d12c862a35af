//! [`JobQueue`]: the thread pools of a simulated world, without threads.

use asyncio_executor::call_soon;
use asyncio_pool::simulation::{PoolJob, Submit};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Jobs of pools that have not started.
///
/// A job runs as a callback of the loop, so it is a step like any other and runs under no borrow. One is
/// released at a time, so that jobs start in the order of their submission in whatever order callbacks run.
#[derive(Debug, Default)]
pub(crate) struct JobQueue {
    waiting: RefCell<VecDeque<PoolJob>>,
    /// The oldest job is among what is ready.
    is_released: Cell<bool>,
}

impl JobQueue {
    /// Whether a job waits that could be released.
    pub(crate) fn has_next(&self) -> bool {
        !self.is_released.get() && !self.waiting.borrow().is_empty()
    }

    /// Schedules the oldest job; `false` if there is none, or one is scheduled. A loop has to be running.
    pub(crate) fn release(self: &Rc<Self>) -> bool {
        let has_next = self.has_next();
        if has_next {
            self.is_released.set(true);
            let jobs = Rc::clone(self);
            drop(call_soon(move || jobs.run_one()));
        }
        has_next
    }

    /// Whether all jobs have run.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    fn run_one(&self) {
        self.is_released.set(false);
        // The borrow ends before the job runs, for a job may submit another.
        let job = self.waiting.borrow_mut().pop_front();
        if let Some(job) = job {
            job.run();
        }
    }
}

impl Submit for JobQueue {
    fn submit(&self, job: PoolJob) {
        self.waiting.borrow_mut().push_back(job);
    }
}
