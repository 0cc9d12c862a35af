//! Jobs: what an executor runs, and why one gave no result.

// In dependence order: a module uses only what stands above it.
mod worker_exit;
mod error;
mod run;
mod executor;

pub use error::JobError;
pub use executor::Executor;
pub(crate) use run::{Refusal, Run};
pub use worker_exit::{WorkerExit, WorkerExitCause};
