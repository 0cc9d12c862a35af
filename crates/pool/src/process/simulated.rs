//! Jobs of processes in a simulation: they go to the hook of all pools, and run in this process.
//!
//! Arguments and results are written and read as ever, so what would not survive the way does not here.
//! Nothing can be killed: timeouts and limits do not hold, and a job whose future is dropped while it runs
//! goes on, like one on a thread.

use crate::job::JobError;
use crate::job::{Refusal, Run};
use crate::process::cell::Cell;
use crate::process::drive::Pool;
use crate::process::function::Called;
use crate::simulation;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Hands a job to the simulation.
#[cold]
pub(crate) fn hand_over(pool: &Pool, cell: Arc<Cell>) {
    let job: Arc<dyn Run> = Arc::new(SimulatedJob::new(cell));
    let is_noted = pool.ask(|engine| {
        let is_open = !engine.is_ending();
        if is_open {
            engine.handed_over.note(&job);
        }
        is_open
    });
    match is_noted {
        true => simulation::hand_over(job),
        false => job.refuse(Refusal::ShutDown),
    }
}

/// Runs a job on this thread, here and now.
#[cold]
pub(crate) fn run_here(pool: &Pool, cell: Arc<Cell>) {
    let job = SimulatedJob::new(cell);
    match pool.look(|engine| engine.is_ending()) {
        true => job.refuse(Refusal::ShutDown),
        false => job.run(),
    }
}

struct SimulatedJob {
    cell: Arc<Cell>,
    /// Whether it was run or refused: the end of its pool may refuse it before, in and after its run.
    is_taken: AtomicBool,
}

impl SimulatedJob {
    fn new(cell: Arc<Cell>) -> Self {
        Self { cell, is_taken: AtomicBool::new(false) }
    }

    /// Whether it is the caller who runs or refuses it; the job itself is under the lock of its cell.
    fn take(&self) -> bool {
        !self.is_taken.swap(true, Relaxed)
    }
}

impl Run for SimulatedJob {
    fn run(&self) {
        if !self.take() {
            return;
        }
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
        if self.take() {
            self.cell.finish(Err(why.into_error(self.cell.name())));
        }
    }

    fn name(&self) -> &'static str {
        self.cell.name()
    }
}

#[cfg(test)]
mod tests {
    use crate::process::ProcessPoolExecutor;
    use crate::shutdown::Shutdown;
    use crate::simulation::{self, PoolJob, Submit};
    use futures::executor::block_on;
    use std::cell::{Cell, RefCell};
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

    impl Later {
        fn run_all(&self) {
            for job in self.0.take() {
                job.run();
            }
        }
    }

    thread_local! {
        static RUNS: Cell<u32> = const { Cell::new(0) };
        static POOL: RefCell<Option<ProcessPoolExecutor>> = const { RefCell::new(None) };
    }

    fn counted(n: u32) -> u32 {
        RUNS.set(RUNS.get() + 1);
        n
    }

    fn pool() -> ProcessPoolExecutor {
        ProcessPoolExecutor::builder().workers(1).build().unwrap()
    }

    fn end(pool: ProcessPoolExecutor, how: Option<Shutdown>) {
        match how {
            Some(how) => drop(pool.shutdown(how)),
            // The last handle goes.
            None => drop(pool),
        }
    }

    #[test]
    fn an_end_that_cancels_what_waits_cancels_what_waits_behind_the_door() {
        for how in [Some(Shutdown::CancelPending), Some(Shutdown::Now), None] {
            let later = Rc::new(Later::default());
            let _entered = simulation::enter(Rc::<Later>::clone(&later));
            let (ending, other) = (pool(), pool());
            let ran = ending.submit(next, 1);
            later.run_all();
            let waits = ending.submit(counted, 1);
            let detached = ending.job(counted).detached().submit(1);
            drop(detached);
            let elsewhere = other.submit(next, 2);
            end(ending, how);
            assert!(waits.is_finished(), "now and not when the simulation gets to it");
            assert!(block_on(waits).unwrap_err().is_shut_down());
            later.run_all();
            assert_eq!(RUNS.get(), 0);
            assert_eq!(block_on(ran).unwrap(), 2, "what had ended was left alone");
            assert_eq!(block_on(elsewhere).unwrap(), 3);
        }
    }

    #[test]
    fn a_drain_cancels_nothing_behind_the_door_and_can_be_turned_into_a_cancel() {
        let later = Rc::new(Later::default());
        let _entered = simulation::enter(Rc::<Later>::clone(&later));
        let pool = pool();
        let first = pool.submit(counted, 1);
        drop(pool.shutdown(Shutdown::Drain));
        later.run_all();
        assert_eq!((block_on(first).unwrap(), RUNS.get()), (1, 1));
        assert!(block_on(pool.submit(counted, 2)).unwrap_err().is_shut_down());

        let pool = self::pool();
        let second = pool.submit(counted, 3);
        drop(pool.shutdown(Shutdown::Drain));
        drop(pool.shutdown(Shutdown::CancelPending));
        assert!(second.is_finished());
        later.run_all();
        assert_eq!(RUNS.get(), 1);
    }

    #[test]
    fn a_job_that_ends_its_own_pool_behind_the_door_still_answers() {
        let later = Rc::new(Later::default());
        let _entered = simulation::enter(Rc::<Later>::clone(&later));
        POOL.set(Some(pool()));
        let ends = |()| {
            POOL.with_borrow(|pool| pool.as_ref().map(|p| p.shutdown(Shutdown::Now)).is_some())
        };
        let job = POOL.with_borrow(|pool| pool.as_ref().unwrap().submit(ends, ()));
        later.run_all();
        assert!(block_on(job).unwrap());
        POOL.set(None);
    }

    #[test]
    fn a_job_behind_the_door_starts_neither_a_process_nor_a_thread() {
        let later = Rc::new(Later::default());
        let _entered = simulation::enter(Rc::<Later>::clone(&later));
        let pool = pool();
        let submitted = pool.submit(next, 1);
        let tried = pool.try_run(next, 2).unwrap();
        let mut called = pool.run(next, 3);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut called).poll(&mut context).is_pending());
        later.run_all();
        assert_eq!(block_on(submitted).unwrap(), 2);
        assert_eq!(block_on(tried).unwrap(), 3);
        assert_eq!(block_on(called).unwrap(), 4);
        assert_eq!(pool.started_workers(), 0);
        assert!(!pool.pool().has_helper());
    }

    #[test]
    fn a_call_that_blocks_does_not_wait_for_whoever_is_behind_the_door() {
        let _entered = simulation::enter(Rc::new(Later::default()));
        let pool = pool();
        assert_eq!(pool.run_blocking(next, 1).unwrap(), 2);
    }
}
