#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
pub mod ambient;
pub mod time;
pub mod id;
pub mod wait_note;
pub mod budget;
pub mod random;
pub mod park;
pub mod stderr;
pub mod exception;
pub mod caught_panic;
pub mod wake_batch;
pub mod promise;
pub mod yield_now;
mod try_gather_all;
pub mod gather;

pub use gather::{gather, try_gather};
pub use id::TaskId;
pub use promise::{BrokenPromise, Promise, Resolver, promise};
pub use time::Instant;
pub use try_gather_all::TryGatherAll;
pub use yield_now::yield_now;
