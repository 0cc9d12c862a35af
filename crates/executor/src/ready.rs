//! [`ReadyQueue`]: first in, first out.
//!
//! A ring whose two ends are counted apart: a push writes only `tail`, a pop only `head`. A `VecDeque`
//! keeps one length that both change, and on the path from a push to the next pop each change waits for
//! the one before it (measured on a round trip between two tasks: `docs/decisions/0001-task-cell.md`).

use crate::unshared::Unshared;
use std::cell::Cell;

/// The cells that are to run, oldest first. It is used through `&self`: a poll wakes, and a wake pushes.
pub(crate) struct ReadyQueue<T: Copy> {
    /// A power of two of slots, or none; those from `head` up to `tail`, modulo that number, hold items.
    slots: Unshared<Vec<T>>,
    head: Cell<usize>,
    tail: Cell<usize>,
}

const FIRST: usize = 256;

impl<T: Copy> ReadyQueue<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Unshared::new(Vec::new()), head: Cell::new(0), tail: Cell::new(0) }
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
        let (length, tail) = (self.len(), self.tail.get());
        self.slots.with(|slots| {
            if length == slots.len() {
                return self.grow(slots, item);
            }
            let at = slot(slots, tail);
            slots[at] = item;
            self.tail.set(tail.wrapping_add(1));
        });
    }

    #[inline]
    pub(crate) fn pop_front(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let head = self.head.get();
        self.head.set(head.wrapping_add(1));
        Some(self.slots.with(|slots| slots[slot(slots, head)]))
    }

    /// Copies of the items from `index` on, counted from the oldest.
    pub(crate) fn since(&self, index: usize) -> Vec<T> {
        let head = self.head.get();
        self.slots.with(|slots| {
            (index..self.len()).map(|i| slots[slot(slots, head.wrapping_add(i))]).collect()
        })
    }

    /// Gives memory back, if it is empty.
    pub(crate) fn trim(&self) {
        if self.is_empty() {
            self.head.set(0);
            self.tail.set(0);
            self.slots.with(|slots| *slots = Vec::new());
        }
    }

    /// Doubles the slots, puts the items in order, and appends `item`.
    #[cold]
    #[inline(never)]
    fn grow(&self, slots: &mut Vec<T>, item: T) {
        let items = slots.len();
        if items > 0 {
            let oldest = slot(slots, self.head.get());
            slots.rotate_left(oldest);
        }
        // What stands in a slot that holds no item is never read: a copy of the new one will do.
        slots.resize((items * 2).max(FIRST), item);
        self.head.set(0);
        self.tail.set(items + 1);
    }
}

/// The slot of a count; `slots` is not empty.
#[inline]
fn slot<T>(slots: &[T], count: usize) -> usize {
    count & (slots.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::ReadyQueue;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        /// Any sequence of pushes, pops and trims does what a `VecDeque` does.
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
                    _ => ring.trim(),
                }
                let since = argument.min(model.len());
                prop_assert_eq!(ring.since(since), model.range(since..).copied().collect::<Vec<_>>());
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
