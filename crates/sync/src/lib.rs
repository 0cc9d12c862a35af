#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
mod primitives;
mod wakers;
mod waiters;
mod permits;
mod wait_queue;
mod semaphore;
mod owned_permit;

pub use owned_permit::{AcquireOwned, OwnedPermit};
pub use permits::Closed;
pub use semaphore::{Acquire, Permit, Semaphore, TryAcquireError};
pub use wait_queue::{Wait, WaitQueue};
