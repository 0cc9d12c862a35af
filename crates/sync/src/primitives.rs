//! The lock, and what calls code that is not ours.
//!
//! `wakers.rs`, `waiters.rs` and `permits.rs` name only this module and one another, so that the model crate
//! can include them by path with loom's lock in its place. No `cfg` is needed, and the product never
//! mentions loom.

pub(crate) use asyncio_core::wake_batch::{drop_foreign, wake};
pub(crate) use parking_lot::Mutex;
