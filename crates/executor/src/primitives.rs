//! The locks and atomics of the files that are model-checked.
//!
//! `word.rs` and `inbox.rs` name only this module, so that the model crate can include them by path
//! with loom's primitives in its place. No `cfg` is needed, and the product never mentions loom.

pub(crate) use parking_lot::Mutex;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
