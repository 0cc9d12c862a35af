//! Jobs of processes in a simulation: they go through the door of all pools, and run in this process.
//!
//! Arguments and results are written and read as ever, so what would not survive the way does not here.

use crate::process::cell::Cell;
use crate::process::drive::Pool;
use crate::process::function::Called;
use crate::thread::door;
use crate::thread::job::{Refusal, Run};
use asyncio_core::JobError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Hands a job through the open door.
#[cold]
pub(crate) fn hand_over(pool: &Pool, cell: Arc<Cell>) {
    if pool.look(|engine| engine.is_ending()) {
        let error = JobError::shut_down(cell.name());
        return cell.finish(Err(error));
    }
    door::hand_over(Arc::new(SimulatedJob { cell }));
}

struct SimulatedJob {
    cell: Arc<Cell>,
}

impl Run for SimulatedJob {
    fn run(&self) {
        if !self.cell.is_wanted() && !self.cell.treatment.detached {
            return;
        }
        let function = self.cell.descriptor;
        let name = function.name();
        // A process of its own would share nothing with us that a panic could leave half done.
        let called = catch_unwind(AssertUnwindSafe(|| function.call(self.cell.arguments.clone())));
        self.cell.finish(match called {
            Ok(Called::Value(bytes)) => Ok(bytes),
            Ok(Called::BadArguments(types, error)) => Err(JobError::decode(name, types, error)),
            Ok(Called::BadResult(types, error)) => Err(JobError::encode(name, types, error)),
            Err(payload) => Err(JobError::panicked(name, payload)),
        });
    }

    fn refuse(&self, why: Refusal) {
        self.cell.finish(Err(why.into_error(self.cell.name())));
    }

    fn name(&self) -> &'static str {
        self.cell.name()
    }
}
