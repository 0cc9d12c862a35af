//! [`JobBuilder`]: a call with more to say about it.

use crate::clock::{after, nanos};
use crate::job::JobError;
use crate::process::cell::Priority;
use crate::process::drive::{Attendance, Pool, block_on};
use crate::process::error::Rejected;
use crate::process::job::Job;
use crate::process::map::Map;
use crate::process::order::Order;
use crate::process::run::{Run, try_run};
use crate::simulation;
use futures_util::stream::Iter;
use std::fmt;
use std::time::Duration;

/// A call and how it is to be treated; made by
/// [`ProcessPoolExecutor::job`](crate::process::ProcessPoolExecutor::job).
#[must_use = "a job does nothing before it is run"]
pub struct JobBuilder<A, R> {
    pool: Pool,
    order: Order<A, R>,
    deadline: Option<Duration>,
}

impl<A, R> Clone for JobBuilder<A, R> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), ..*self }
    }
}

impl<A, R> JobBuilder<A, R> {
    pub(crate) fn new(pool: Pool, order: Order<A, R>) -> Self {
        Self { pool, order, deadline: None }
    }

    /// How long the function may run; then its process is killed. The time begins when the function is
    /// called: waiting does not count.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.order.treatment.timeout = Some(nanos(timeout));
        self
    }

    /// How long after its submission the job must be done, waiting included.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Which jobs come before it.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.order.treatment.priority = priority;
        self
    }

    /// How often the job is run again if its process died of it; by default never, for it may have done
    /// half of its work.
    #[doc(alias = "retries")]
    pub fn retry(mut self, times: u32) -> Self {
        self.order.treatment.retries = times;
        self
    }

    /// The job runs on when its future is dropped.
    #[doc(alias = "on_cancel")]
    pub fn detached(mut self) -> Self {
        self.order.treatment.detached = true;
        self
    }

    /// As `ProcessPoolExecutor::run`.
    pub fn run(self, arguments: A) -> Run<A, R> {
        let (pool, order) = self.order();
        Run::new(pool, order, arguments, Attendance::Nobody)
    }

    /// As `ProcessPoolExecutor::try_run`.
    ///
    /// # Errors
    /// Gives the arguments back if the queue is full or the pool is shut down.
    pub fn try_run(self, arguments: A) -> Result<Job<R>, Rejected<A>> {
        let (pool, order) = self.order();
        try_run(&pool, order, arguments)
    }

    /// As `ProcessPoolExecutor::submit`.
    pub fn submit(self, arguments: A) -> Job<R> {
        let (pool, order) = self.order();
        order.submit(&pool, arguments)
    }

    /// As `ProcessPoolExecutor::map`, each item treated like this job. A [`deadline`](Self::deadline) is that of
    /// all items, from this call on.
    ///
    /// # Examples
    /// ```
    /// use futures::StreamExt;
    /// use std::time::Duration;
    ///
    /// fn wait(forever: bool) -> u32 {
    ///     while forever { std::hint::spin_loop() }
    ///     7
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # asyncio::run(async {
    /// let pool = asyncio::ProcessPoolExecutor::new()?;
    /// let each = pool.job(wait).timeout(Duration::from_millis(20));
    /// let results: Vec<_> = each.map([false, true, false]).collect().await;
    /// assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 2);
    /// assert!(results[1].as_ref().is_err_and(|error| error.is_timed_out()));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn map<I: IntoIterator<Item = A>>(self, items: I) -> Map<Iter<I::IntoIter>, A, R> {
        let (pool, order) = self.order();
        Map::over_iterator(pool, order, items.into_iter())
    }

    /// As `ProcessPoolExecutor::run_blocking`.
    ///
    /// # Errors
    /// As for `ProcessPoolExecutor::run`.
    ///
    /// # Blocking
    /// Until the result is there.
    pub fn run_blocking(self, arguments: A) -> Result<R, JobError> {
        let (pool, order) = self.order();
        let name = order.descriptor.name();
        let result = if simulation::is_entered() {
            block_on(&pool, order.run_here(&pool, arguments))
        } else {
            block_on(&pool, Run::new(pool.clone(), order, arguments, Attendance::Elsewhere))
        };
        pool.leave();
        match result {
            Ok(result) => result,
            Err(error) => Err(JobError::not_started(name, error)),
        }
    }

    fn order(self) -> (Pool, Order<A, R>) {
        let mut order = self.order;
        order.treatment.deadline = self.deadline.map(after);
        (self.pool, order)
    }
}

impl<A, R> fmt::Debug for JobBuilder<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobBuilder")
            .field("treatment", &self.order.treatment)
            .finish_non_exhaustive()
    }
}
