//! Loom's locks and atomics with the faces that the product's files expect: the stand-in for
//! `asyncio-executor`'s module of the same name.

use loom::sync::MutexGuard;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A lock without poison, like `parking_lot`'s.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("a model that panics has failed already")
    }
}
