//! [`Slot`]: what is current on a thread: its loop, its reactor, its network, its exception handler.
//!
//! Every crate keeps its own slot in a thread-local and enters it for the time of a run. A slot has no
//! destructor: it can be read while the thread ends, after the destructors of other thread-locals, and then
//! holds nothing, because the guards that filled it are gone. Guards restore what they found, so slots that
//! are entered one after the other are left in the reverse order, on unwinding, too.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::thread::LocalKey;

/// What is current on this thread, or nothing; to be used in a `const` thread-local.
///
/// # Examples
/// ```
/// use asyncio_core::ambient::Slot;
///
/// thread_local! {
///     static LANGUAGE: Slot<&'static str> = const { Slot::new() };
/// }
/// assert_eq!(Slot::get(&LANGUAGE), None);
/// {
///     let _entered = Slot::enter(&LANGUAGE, "en");
///     assert_eq!(Slot::get(&LANGUAGE), Some("en"));
/// }
/// assert_eq!(Slot::get(&LANGUAGE), None);
/// ```
pub struct Slot<T> {
    // A guard empties the slot; what a forgotten guard leaves behind is never dropped.
    value: RefCell<ManuallyDrop<Option<T>>>,
}

impl<T: 'static> Slot<T> {
    /// A slot that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { value: RefCell::new(ManuallyDrop::new(None)) }
    }

    /// Makes `value` current until the guard is dropped, which restores what was current before.
    pub fn enter(slot: &'static LocalKey<Self>, value: T) -> Entered<T> {
        Entered { slot, former: Self::replace(slot, Some(value)), not_send: PhantomData }
    }

    /// Calls `f` with what is current. `f` must not enter or leave this slot.
    #[inline]
    pub fn with<R>(slot: &'static LocalKey<Self>, f: impl FnOnce(Option<&T>) -> R) -> R {
        slot.with(|slot| f(slot.value.borrow().as_ref()))
    }

    /// A clone of what is current. The clone must not enter or leave this slot.
    #[must_use]
    pub fn get(slot: &'static LocalKey<Self>) -> Option<T>
    where
        T: Clone,
    {
        Self::with(slot, |value| value.cloned())
    }

    fn replace(slot: &'static LocalKey<Self>, value: Option<T>) -> Option<T> {
        let new = ManuallyDrop::new(value);
        ManuallyDrop::into_inner(slot.with(|slot| slot.value.replace(new)))
    }
}

impl<T: 'static> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// Restores what was current before; made by [`Slot::enter`].
#[must_use = "dropping the guard restores what was current before"]
pub struct Entered<T: 'static> {
    slot: &'static LocalKey<Slot<T>>,
    former: Option<T>,
    /// A guard belongs to its thread, whatever it keeps.
    not_send: PhantomData<*const ()>,
}

impl<T> Drop for Entered<T> {
    fn drop(&mut self) {
        let left = Slot::replace(self.slot, self.former.take());
        // After the borrow: this may run code that looks at the slot.
        drop(left);
    }
}

impl<T> fmt::Debug for Entered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}
