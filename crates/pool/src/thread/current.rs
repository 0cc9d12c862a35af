//! The default executor: the thread pool that belongs to the loop of this thread.
//!
//! The loop enters it; `to_thread` and the resolution of names look here. It is Python's
//! `run_in_executor(None, …)`.

use crate::thread::executor::{ThreadPoolBuilder, ThreadPoolExecutor};
use asyncio_core::ambient::{Entered, Slot};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A thread pool that is built when it is first used.
///
/// A clone is another handle of the same pool. A loop that never uses threads has none.
///
/// # Examples
/// ```
/// use asyncio_pool::current::{self, LazyPool};
///
/// let pool = LazyPool::default();
/// let _entered = current::enter(pool.clone());
/// assert!(pool.started().is_none());
/// let answer = asyncio_pool::to_thread(|| 6 * 7);
/// assert!(pool.started().is_some());
/// assert_eq!(futures::executor::block_on(answer).unwrap(), 42);
/// ```
#[derive(Clone, Default)]
pub struct LazyPool {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    builder: ThreadPoolBuilder,
    pool: OnceLock<ThreadPoolExecutor>,
}

impl LazyPool {
    /// A pool that will be built with this builder.
    #[must_use]
    pub fn new(builder: ThreadPoolBuilder) -> Self {
        Self { inner: Arc::new(Inner { builder, pool: OnceLock::new() }) }
    }

    /// The pool, built now if it was not before.
    #[must_use]
    pub fn get(&self) -> &ThreadPoolExecutor {
        self.inner.pool.get_or_init(|| self.inner.builder.clone().build())
    }

    /// The pool, if it was ever used: only then is there anything to shut down.
    #[must_use]
    pub fn started(&self) -> Option<&ThreadPoolExecutor> {
        self.inner.pool.get()
    }
}

impl From<ThreadPoolExecutor> for LazyPool {
    /// A pool that there is already, made the default: Python's `loop.set_default_executor`.
    fn from(pool: ThreadPoolExecutor) -> Self {
        Self { inner: Arc::new(Inner { builder: ThreadPoolBuilder::default(), pool: pool.into() }) }
    }
}

impl fmt::Debug for LazyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyPool").field(&self.started()).finish()
    }
}

thread_local! {
    static CURRENT: Slot<LazyPool> = const { Slot::new() };
}

/// Makes `pool` the default executor of this thread, until the guard is dropped.
pub fn enter(pool: LazyPool) -> Entered<LazyPool> {
    Slot::enter(&CURRENT, pool)
}

/// The default executor of this thread, if a loop has entered one.
#[must_use]
pub fn current() -> Option<LazyPool> {
    Slot::get(&CURRENT)
}
