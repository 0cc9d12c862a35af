//! [`SeededPolicy`]: who runs next, and for how long at most.

use crate::halt::Halt;
use crate::jobs::JobQueue;
use asyncio_core::random::Generator;
use asyncio_executor::policy::{Candidates, Policy};
use std::rc::Rc;

/// Picks the next task by a seed, and halts the loop after a number of steps.
///
/// Seed zero always picks the oldest, as the production loop does, and leaves jobs until nothing else is
/// ready. Another seed may also start a job while tasks are ready.
#[derive(Debug)]
pub(crate) struct SeededPolicy {
    /// `None` is first in, first out.
    schedule: Option<Generator>,
    jobs: Rc<JobQueue>,
    halt: Rc<Halt>,
}

impl SeededPolicy {
    pub(crate) fn new(schedule: Option<Generator>, jobs: Rc<JobQueue>, halt: Rc<Halt>) -> Self {
        Self { schedule, jobs, halt }
    }
}

impl Policy for SeededPolicy {
    fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        if !self.halt.step() {
            return None;
        }
        let Some(schedule) = &mut self.schedule else { return Some(0) };
        // The job becomes one of those that are ready, and is picked like any of them.
        if self.jobs.has_next() && schedule.below(2) == 0 {
            self.jobs.release();
        }
        match candidates.len() {
            1 => Some(0),
            ready => usize::try_from(schedule.below(ready as u64)).ok(),
        }
    }
}
