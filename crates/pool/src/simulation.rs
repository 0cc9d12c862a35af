//! The hook by which a simulation takes the place of the threads and processes of all pools.
//!
//! While a [`Submit`] is entered on a thread, every job that this thread submits to a pool goes to it, and
//! neither thread nor process is started. It decides when each job runs, and where. A thread without one
//! pays a single predicted branch a job.
//!
//! A shutdown that cancels what waits cancels the jobs that the hook has taken, too. One that drains does not
//! wait for them, as nothing but the simulation could make them run.

use crate::job::{Refusal, Run};
use asyncio_core::ambient::{Entered, Slot};
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Weak};

/// Takes the jobs of thread pools in place of their threads.
///
/// # Examples
/// A pool that runs nothing before it is told to:
/// ```
/// use asyncio_pool::ThreadPoolExecutor;
/// use asyncio_pool::simulation::{self, PoolJob, Submit};
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// #[derive(Debug, Default)]
/// struct Later(RefCell<Vec<PoolJob>>);
///
/// impl Submit for Later {
///     fn submit(&self, job: PoolJob) {
///         self.0.borrow_mut().push(job);
///     }
/// }
///
/// let later = Rc::new(Later::default());
/// let _entered = simulation::enter(later.clone());
/// let job = ThreadPoolExecutor::new(1).submit(|n| n + 1, 6);
/// assert!(!job.is_finished());
/// for job in later.0.take() {
///     job.run();
/// }
/// assert_eq!(futures::executor::block_on(job).unwrap(), 7);
/// ```
pub trait Submit: fmt::Debug {
    /// Takes a job, to run it later or never.
    ///
    /// It is called inside the submission: a job that is run here has run before the submitter goes on.
    fn submit(&self, job: PoolJob);
}

/// A job of a thread pool, stripped of its types.
///
/// Dropped without being run, it resolves its future to [`JobError::is_cancelled`].
///
/// [`JobError::is_cancelled`]: crate::JobError::is_cancelled
#[must_use = "a job that is dropped does not run"]
pub struct PoolJob {
    /// `None` once it has run.
    job: Option<Arc<dyn Run>>,
}

impl PoolJob {
    /// Runs the job on this thread, unless its future was dropped; its panic goes to its future.
    ///
    /// # Blocking
    /// As long as the job does.
    pub fn run(mut self) {
        if let Some(job) = self.job.take() {
            job.run();
        }
    }

    /// The name of the job: the path of its function.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.job.as_ref().map_or("", |job| job.name())
    }
}

impl Drop for PoolJob {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            job.refuse(Refusal::Discarded);
        }
    }
}

impl fmt::Debug for PoolJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolJob").field(&self.name()).finish()
    }
}

thread_local! {
    static CURRENT: Slot<Rc<dyn Submit>> = const { Slot::new() };
}

/// Hands the jobs that this thread submits to `submit`, until the guard is dropped.
pub fn enter(submit: Rc<dyn Submit>) -> Entered<Rc<dyn Submit>> {
    Slot::enter(&CURRENT, submit)
}

/// Whether the jobs of this thread are simulated.
#[inline]
pub(crate) fn is_entered() -> bool {
    Slot::with(&CURRENT, |submit| submit.is_some())
}

/// Hands a job to the simulation.
#[cold]
pub(crate) fn hand_over(job: Arc<dyn Run>) {
    let job = PoolJob { job: Some(job) };
    match Slot::get(&CURRENT) {
        Some(submit) => submit.submit(job),
        // Dropping the job resolves its future; whoever comes here has asked before.
        None => drop(job),
    }
}

/// The jobs of one pool that a simulation has taken: its end may have to cancel them.
///
/// Both kinds of pools have it among what their lock guards, so a job is noted before the pool's end, which
/// sees it then, or refused after it.
#[derive(Default, Debug)]
pub(crate) struct HandedOver {
    /// Some of them are gone.
    jobs: Vec<Weak<dyn Run>>,
}

impl HandedOver {
    /// Notes a job that is about to be handed over.
    pub(crate) fn note(&mut self, job: &Arc<dyn Run>) {
        if self.jobs.len() == self.jobs.capacity() {
            self.jobs.retain(|job| job.strong_count() > 0);
            // So that the next look at all of them is not before there are twice as many.
            self.jobs.reserve(self.jobs.len());
        }
        self.jobs.push(Arc::downgrade(job));
    }

    /// Cancels those that wait; the lock of their pool is released.
    pub(crate) fn cancel(self) {
        for job in self.jobs.iter().filter_map(Weak::upgrade) {
            // One that runs or has run is left alone by its refusal.
            job.refuse(Refusal::ShutDown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::job::job;

    #[test]
    fn jobs_that_are_gone_are_not_kept_in_mind() {
        let mut handed_over = HandedOver::default();
        let (waits, _future) = job::<(), _, _, _>(|()| (), ());
        handed_over.note(&waits);
        for _ in 0..1000 {
            handed_over.note(&job::<(), _, _, _>(|()| (), ()).0);
        }
        let kept = handed_over.jobs.iter().filter(|job| job.strong_count() > 0).count();
        assert!(kept == 1 && handed_over.jobs.len() < 100, "{}", handed_over.jobs.len());
    }
}
