#![doc = include_str!("../README.md")]

// In dependence order: a module uses only what stands above it.
#[cfg(feature = "process")]
mod primitives;
mod clock;
mod job;
pub mod simulation;
mod shutdown;
mod thread;
#[cfg(feature = "process")]
pub mod process;

pub use job::{Executor, JobError, WorkerExit, WorkerExitCause};
#[cfg(feature = "process")]
pub use process::ProcessPoolExecutor;
pub use shutdown::Shutdown;
pub use thread::{
    AbandonedJob, ScopedJob, ThreadJob, ThreadPoolBuilder, ThreadPoolExecutor, ThreadScope,
    current, to_thread,
};
