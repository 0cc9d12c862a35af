//! [`Executor`]: what runs a function somewhere else.

use crate::job::JobError;
use std::future::Future;

/// Runs a function somewhere else: on a thread, in a process, on another machine.
///
/// The bounds live on the implementations (threads take captures, processes take serializable
/// arguments), so the call is the same for all: `run_in_executor(&pool, f, args)`. Several arguments
/// are a tuple, none is `()`. It is `concurrent.futures.Executor`.
pub trait Executor<F, A, R> {
    /// The result to be awaited.
    type Job: Future<Output = Result<R, JobError>>;

    /// Submits the call `f(args)`. It is queued when this returns, awaited or not.
    fn submit(&self, f: F, args: A) -> Self::Job;
}
