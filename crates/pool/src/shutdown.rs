//! [`Shutdown`]: what becomes of the jobs of an executor that ends.

/// What an executor does with its jobs when it is shut down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Shutdown {
    /// Runs the jobs that wait, then ends. It is Python's `shutdown(wait=True)`.
    Drain,
    /// Cancels the jobs that wait and lets those that run come to their end. It is Python's
    /// `shutdown(wait=True, cancel_futures=True)`.
    CancelPending,
    /// Cancels the jobs that wait and does not wait for those that run. Threads cannot be killed, so
    /// they go on, and their results still arrive; processes are killed with what they run. It is Python's
    /// `kill_workers`.
    Now,
}
