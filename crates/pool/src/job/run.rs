//! A job without its types, as queues and simulations know it.

use super::error::JobError;
use std::sync::Arc;

/// Why a job never ran.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// The pool takes no more jobs, or was told to give up those that wait.
    ShutDown,
    /// Whoever was to run the job threw it away.
    Discarded,
    /// The pool cannot run anything, for this reason.
    Broken(Arc<str>),
}

impl Refusal {
    pub(crate) fn into_error(self, job: &'static str) -> JobError {
        match self {
            Self::ShutDown => JobError::shut_down(job),
            Self::Discarded => JobError::cancelled(job),
            Self::Broken(why) => JobError::not_started(job, &*why),
        }
    }
}

/// What a queue knows of a job. Neither method unwinds.
pub(crate) trait Run: Send + Sync {
    /// Runs the function and hands over its result, unless the job was taken back.
    fn run(&self);

    /// Resolves a job that has not started to an error; any other is left alone.
    fn refuse(&self, why: Refusal);

    /// The path of the function.
    fn name(&self) -> &'static str;
}
