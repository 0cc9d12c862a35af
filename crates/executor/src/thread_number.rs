//! A number for each thread that makes a loop: how a cell knows whether it is on its owner's thread.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether this is the thread with this number.
#[inline]
pub(crate) fn is(thread: u64) -> bool {
    THREAD.get() == thread
}

thread_local! {
    static THREAD: Cell<u64> = const { Cell::new(0) };
}

/// A number for this thread that no other thread ever has (addresses of thread-locals are used
/// again). A thread that never made a loop has the number zero, which is no loop's.
pub(crate) fn own() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    if THREAD.get() == 0 {
        THREAD.set(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    THREAD.get()
}
