//! [`Executor`]: what runs a function somewhere else.

use super::error::JobError;
use std::future::Future;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// Runs a function somewhere else: on a thread, in a process, on another machine.
///
/// The bounds live on the implementations (threads take captures, processes take serializable
/// arguments), so the call is the same for all: `run_in_executor(&pool, f, args)`. Several arguments
/// are a tuple, none is `()`. It is `concurrent.futures.Executor`.
///
/// What points to an executor is one: a reference, an `Arc`, a `LazyLock` in a static.
pub trait Executor<F, A, R> {
    /// The result to be awaited.
    type Job: Future<Output = Result<R, JobError>>;

    /// Submits the call `f(args)`. It is queued when this returns, awaited or not.
    fn submit(&self, f: F, args: A) -> Self::Job;
}

impl<E: Executor<F, A, R>, F, A, R> Executor<F, A, R> for &E {
    type Job = E::Job;

    fn submit(&self, f: F, args: A) -> Self::Job {
        (*self).submit(f, args)
    }
}

impl<E: Executor<F, A, R>, F, A, R> Executor<F, A, R> for Arc<E> {
    type Job = E::Job;

    fn submit(&self, f: F, args: A) -> Self::Job {
        self.deref().submit(f, args)
    }
}

impl<E: Executor<F, A, R>, F, A, R, I: FnOnce() -> E> Executor<F, A, R> for LazyLock<E, I> {
    type Job = E::Job;

    fn submit(&self, f: F, args: A) -> Self::Job {
        self.deref().submit(f, args)
    }
}
