//! The atomics of the files that are model-checked.
//!
//! `process/wire/slot.rs` names only this module, so that the model crate can include it by path with
//! loom's primitives in its place.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
