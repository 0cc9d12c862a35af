//! Jobs of processes in a simulation: they go through the door of all pools, and run in this process.
//!
//! Arguments and results are written and read as ever, so what would not survive the way does not here.
//! Nothing can be killed: timeouts and limits do not hold, and a job whose future is dropped while it runs
//! goes on, like one on a thread.

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
    if let Some(cell) = unless_ending(pool, cell) {
        door::hand_over(Arc::new(SimulatedJob { cell }));
    }
}

/// Runs a job on this thread, here and now.
#[cold]
pub(crate) fn run_here(pool: &Pool, cell: Arc<Cell>) {
    if let Some(cell) = unless_ending(pool, cell) {
        SimulatedJob { cell }.run();
    }
}

fn unless_ending(pool: &Pool, cell: Arc<Cell>) -> Option<Arc<Cell>> {
    if !pool.look(|engine| engine.is_ending()) {
        return Some(cell);
    }
    cell.finish(Err(JobError::shut_down(cell.name())));
    None
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
            Ok(Called::BadArguments(error)) => {
                Err(JobError::decode(name, function.argument(), error))
            }
            Ok(Called::BadResult(error)) => Err(JobError::encode(name, function.result(), error)),
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

#[cfg(test)]
mod tests {
    use crate::process::ProcessPoolExecutor;
    use crate::thread::door::{self, PoolJob, Submit};
    use futures::executor::block_on;
    use std::cell::RefCell;
    use std::future::Future;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::task::{Context, Waker};

    #[derive(Debug, Default)]
    struct Later(RefCell<Vec<PoolJob>>);

    impl Submit for Later {
        fn submit(&self, job: PoolJob) {
            self.0.borrow_mut().push(job);
        }
    }

    fn next(n: u32) -> u32 {
        n + 1
    }

    #[test]
    fn a_job_behind_the_door_starts_neither_a_process_nor_a_thread() {
        let later = Rc::new(Later::default());
        let _entered = door::enter(Rc::<Later>::clone(&later));
        let pool = ProcessPoolExecutor::builder().workers(1).build().unwrap();
        let submitted = pool.submit(next, 1);
        let tried = pool.try_run(next, 2).unwrap();
        let mut called = pool.run(next, 3);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut called).poll(&mut context).is_pending());
        for job in later.0.take() {
            job.run();
        }
        assert_eq!(block_on(submitted).unwrap(), 2);
        assert_eq!(block_on(tried).unwrap(), 3);
        assert_eq!(block_on(called).unwrap(), 4);
        assert_eq!(pool.started_workers(), 0);
        assert!(!pool.pool().has_helper());
    }

    #[test]
    fn a_call_that_blocks_does_not_wait_for_whoever_is_behind_the_door() {
        let _entered = door::enter(Rc::new(Later::default()));
        let pool = ProcessPoolExecutor::builder().workers(1).build().unwrap();
        assert_eq!(pool.run_blocking(next, 1).unwrap(), 2);
    }
}
