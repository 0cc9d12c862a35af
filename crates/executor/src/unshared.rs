//! [`Unshared`]: a collection that is changed through `&self`, without the price of a `RefCell`.
//!
//! The stores to a `RefCell`'s borrow flag are a chain through memory that every poll waits for, twice:
//! around a `VecDeque` they were half the time of a yield (`docs/decisions/0001-task-cell.md`). Debug
//! builds keep the flag and check it.

use std::cell::UnsafeCell;

/// A value of one thread, borrowed for the time of one call that comes back to nobody.
///
/// INVARIANT: what [`with`](Self::with) is given never calls code that could reach this value again: no
/// waker, no drop of a user's value, no allocation hook. All uses are in `ready.rs` and `slab.rs`.
pub(crate) struct Unshared<T> {
    value: UnsafeCell<T>,
    #[cfg(debug_assertions)]
    borrowed: std::cell::Cell<bool>,
}

impl<T> Unshared<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            value: UnsafeCell::new(value),
            #[cfg(debug_assertions)]
            borrowed: std::cell::Cell::new(false),
        }
    }

    /// Calls `f` with the value; see the invariant.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(debug_assertions)]
        assert!(!self.borrowed.replace(true), "an unshared value is used inside of itself");
        // SAFETY: the type is not `Sync`, so this is the only thread; and by the invariant no other call
        // of `with` is on this thread's stack.
        let result = f(unsafe { &mut *self.value.get() });
        #[cfg(debug_assertions)]
        self.borrowed.set(false);
        result
    }
}
