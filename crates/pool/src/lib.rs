#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
mod clock;
mod job;
pub mod door;
mod queue;
mod worker;
mod shutdown;
mod thread_pool;
pub mod current;
mod to_thread;

pub use job::ThreadJob;
pub use shutdown::{AbandonedJob, Shutdown};
pub use thread_pool::{ThreadPoolBuilder, ThreadPoolExecutor};
pub use to_thread::to_thread;
