//! [`JobQueue`]: the thread pool of a simulated world, without threads.

use asyncio_pool::simulation::{PoolJob, Submit};
use std::cell::RefCell;
use std::collections::VecDeque;

/// Jobs of thread pools, waiting until the loop has nothing else to do.
#[derive(Debug, Default)]
pub(crate) struct JobQueue {
    waiting: RefCell<VecDeque<PoolJob>>,
}

impl JobQueue {
    /// Runs the oldest job; `false` if there is none.
    pub(crate) fn run_one(&self) -> bool {
        // The borrow ends before the job runs, for a job may submit another.
        let job = self.waiting.borrow_mut().pop_front();
        job.map(PoolJob::run).is_some()
    }
}

impl Submit for JobQueue {
    fn submit(&self, job: PoolJob) {
        self.waiting.borrow_mut().push_back(job);
    }
}
