//! [`SeededPolicy`]: who runs next, and for how long at most.

use crate::halt::Halt;
use crate::stall::StallKind;
use asyncio_core::random::Generator;
use asyncio_executor::policy::{Candidates, Policy};
use std::rc::Rc;

/// Picks the next task by a seed, and halts the loop after a number of steps.
///
/// Seed zero always picks the oldest, as the production loop does.
#[derive(Debug)]
pub(crate) struct SeededPolicy {
    /// `None` is first in, first out.
    random: Option<Generator>,
    steps_left: u64,
    halt: Rc<Halt>,
}

impl SeededPolicy {
    pub(crate) fn new(seed: u64, step_limit: u64, halt: Rc<Halt>) -> Self {
        Self { random: (seed != 0).then(|| Generator::new(seed)), steps_left: step_limit, halt }
    }
}

impl Policy for SeededPolicy {
    fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        let ready = candidates.len();
        if self.steps_left == 0 {
            self.halt.record(StallKind::StepLimit);
            return None;
        }
        self.steps_left -= 1;
        match &mut self.random {
            Some(random) if ready > 1 => usize::try_from(random.below(ready as u64)).ok(),
            _ => Some(0),
        }
    }
}
