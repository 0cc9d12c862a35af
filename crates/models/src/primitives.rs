//! Loom's locks and atomics with the faces that the product's files expect: the stand-in for the modules of
//! the same name in `asyncio-executor` and `asyncio-sync`.

use loom::sync::MutexGuard;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::OnceLock;
use std::task::Waker;

/// A lock without poison, like `parking_lot`'s.
///
/// Loom's own is made at the first use, for it cannot be made in a `const fn`.
#[derive(Debug)]
pub(crate) struct Mutex<T> {
    unused: std::sync::Mutex<Option<T>>,
    lock: OnceLock<loom::sync::Mutex<T>>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { unused: std::sync::Mutex::new(Some(value)), lock: OnceLock::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        let lock = self.lock.get_or_init(|| {
            let value = self.unused.lock().expect("nobody panics with the lock").take();
            loom::sync::Mutex::new(value.expect("it is taken once"))
        });
        lock.lock().expect("a model that panics has failed already")
    }
}

/// The product reports a panic of the waker; a model has none.
pub(crate) fn wake(waker: Waker) {
    waker.wake();
}

pub(crate) fn drop_foreign<T>(value: T) {
    drop(value);
}
