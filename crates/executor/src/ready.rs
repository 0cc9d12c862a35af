//! [`ReadyQueue`]: a ring that grows, indexable for the policies of simulation.
//!
//! It is used through `&self` by code that nests (a poll wakes, a wake pushes), twice a poll, so it is
//! as bare as it can be. Measured on a yield: a `RefCell` around a `VecDeque` 10.8 ns (the stores to its
//! borrow flag are a chain through memory), safe segments of `Cell`s 7.7 ns, and this less again.
//!
//! INVARIANT: `buffer` points to `mask + 1` slots, a power of two, allocated as a boxed slice; the slots
//! from `head` up to `tail`, modulo that number, hold items. No method calls code that is not ours, so
//! none runs inside another.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

/// First in, first out.
pub(crate) struct ReadyQueue<T: Copy> {
    buffer: Cell<NonNull<MaybeUninit<T>>>,
    mask: Cell<usize>,
    /// Counts pops and pushes; the slot is the count modulo the number of slots.
    head: Cell<usize>,
    tail: Cell<usize>,
}

const FIRST: usize = 256;

impl<T: Copy> ReadyQueue<T> {
    pub(crate) fn new() -> Self {
        Self {
            buffer: Cell::new(allocate(FIRST)),
            mask: Cell::new(FIRST - 1),
            head: Cell::new(0),
            tail: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.tail.get().wrapping_sub(self.head.get())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.tail.get() == self.head.get()
    }

    #[inline]
    pub(crate) fn push_back(&self, item: T) {
        if self.len() > self.mask.get() {
            self.grow();
        }
        let tail = self.tail.get();
        self.set(tail, item);
        self.tail.set(tail.wrapping_add(1));
    }

    #[inline]
    pub(crate) fn pop_front(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let head = self.head.get();
        let item = self.get(head);
        self.head.set(head.wrapping_add(1));
        Some(item)
    }

    /// Takes out the item at `index`, counted from the oldest; the others keep their order.
    pub(crate) fn remove(&self, index: usize) -> Option<T> {
        if index >= self.len() {
            return None;
        }
        let head = self.head.get();
        let item = self.get(head.wrapping_add(index));
        for i in (0..index).rev() {
            self.set(head.wrapping_add(i + 1), self.get(head.wrapping_add(i)));
        }
        self.head.set(head.wrapping_add(1));
        Some(item)
    }

    /// The item at `count`, which lies between `head` and `tail`.
    #[inline]
    fn get(&self, count: usize) -> T {
        debug_assert!(count.wrapping_sub(self.head.get()) < self.len());
        // SAFETY: the mask keeps the sum inside of the buffer.
        let slot = unsafe { self.buffer.get().add(count & self.mask.get()) };
        // SAFETY: slots between `head` and `tail` hold items, which are `Copy`.
        unsafe { slot.read().assume_init() }
    }

    /// Writes the slot of `count`; items that are there are `Copy` and need no drop.
    #[inline]
    fn set(&self, count: usize, item: T) {
        // SAFETY: the mask keeps the sum inside of the buffer.
        let slot = unsafe { self.buffer.get().add(count & self.mask.get()) };
        // SAFETY: the slot is part of our buffer, and nobody refers to it.
        unsafe { slot.write(MaybeUninit::new(item)) };
    }

    /// Moves to a buffer of twice the slots.
    #[cold]
    #[inline(never)]
    fn grow(&self) {
        let (head, items) = (self.head.get(), self.len());
        let larger = Self {
            buffer: Cell::new(allocate((self.mask.get() + 1) * 2)),
            mask: Cell::new(self.mask.get() * 2 + 1),
            head: Cell::new(0),
            tail: Cell::new(0),
        };
        for i in 0..items {
            larger.set(i, self.get(head.wrapping_add(i)));
        }
        // The old buffer is freed by the drop of `larger`, which takes it in exchange.
        self.buffer.swap(&larger.buffer);
        self.mask.swap(&larger.mask);
        self.head.set(0);
        self.tail.set(items);
    }
}

impl<T: Copy> Drop for ReadyQueue<T> {
    fn drop(&mut self) {
        let slots = ptr::slice_from_raw_parts_mut(self.buffer.get().as_ptr(), self.mask.get() + 1);
        // SAFETY: by the invariant this is the boxed slice that `allocate` gave.
        drop(unsafe { Box::from_raw(slots) });
    }
}

/// A buffer of this many empty slots.
fn allocate<T>(slots: usize) -> NonNull<MaybeUninit<T>> {
    NonNull::from(Box::leak(Box::<[T]>::new_uninit_slice(slots))).cast()
}

#[cfg(test)]
mod tests {
    use super::ReadyQueue;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        /// Any sequence of pushes, pops and removals does what a `VecDeque` does.
        #[test]
        fn behaves_like_a_deque(operations in prop::collection::vec((0_u8..4, 0_usize..200), 0..600)) {
            let (ring, mut model) = (ReadyQueue::new(), VecDeque::new());
            for (step, (operation, argument)) in operations.into_iter().enumerate() {
                match operation {
                    0 | 1 => for i in 0..argument {
                        ring.push_back((step, i));
                        model.push_back((step, i));
                    },
                    2 => for _ in 0..argument {
                        prop_assert_eq!(ring.pop_front(), model.pop_front());
                    },
                    _ => prop_assert_eq!(ring.remove(argument), model.remove(argument)),
                }
                prop_assert_eq!(ring.len(), model.len());
                prop_assert_eq!(ring.is_empty(), model.is_empty());
            }
            while let Some(item) = model.pop_front() {
                prop_assert_eq!(ring.pop_front(), Some(item));
            }
            prop_assert!(ring.is_empty());
        }
    }
}
