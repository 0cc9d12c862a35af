//! Threads as an executor.

// In dependence order: a module uses only what stands above it.
pub(crate) mod job;
mod queue;
mod worker;
mod shutdown;
mod executor;
mod scope;
pub mod current;
mod to_thread;

pub use executor::{ThreadPoolBuilder, ThreadPoolExecutor};
pub use job::ThreadJob;
pub use scope::{ScopedJob, ThreadScope};
pub use shutdown::AbandonedJob;
pub use to_thread::to_thread;
