//! [`ReadyQueue`]: a ring that grows, indexable for the policies of simulation.
//!
//! It is used through `&self` by code that nests (a poll wakes, a wake pushes). A `RefCell` around a
//! `VecDeque` would do, but the stores to its borrow flag are a chain through memory that every poll
//! waits for: measured at half the time of a yield. So the ring is made of `Cell`s, and growing makes
//! a new buffer beside the old one, which nobody looks at any more.

use std::cell::{Cell, OnceCell};

/// First in, first out; a power of two of slots.
pub(crate) struct ReadyQueue<T> {
    /// Buffer `i` has `FIRST << i` slots; all up to `current` exist.
    buffers: [OnceCell<Buffer<T>>; BUFFERS],
    current: Cell<usize>,
    /// Counts pops and pushes; the slot is the count modulo the buffer's length.
    head: Cell<usize>,
    tail: Cell<usize>,
}

type Buffer<T> = Box<[Cell<Option<T>>]>;

const FIRST: usize = 64;
const BUFFERS: usize = 32;

impl<T: Copy> ReadyQueue<T> {
    pub(crate) fn new() -> Self {
        let queue = Self {
            buffers: [const { OnceCell::new() }; BUFFERS],
            current: Cell::new(0),
            head: Cell::new(0),
            tail: Cell::new(0),
        };
        queue.buffers[0].get_or_init(|| empty(FIRST));
        queue
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
        let mut buffer = self.buffer();
        if self.len() == buffer.len() {
            buffer = self.grow();
        }
        let tail = self.tail.get();
        slot(buffer, tail).set(Some(item));
        self.tail.set(tail.wrapping_add(1));
    }

    #[inline]
    pub(crate) fn pop_front(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let head = self.head.get();
        self.head.set(head.wrapping_add(1));
        slot(self.buffer(), head).get()
    }

    /// Takes out the item at `index`, counted from the oldest; the others keep their order.
    pub(crate) fn remove(&self, index: usize) -> Option<T> {
        if index >= self.len() {
            return None;
        }
        let (buffer, head) = (self.buffer(), self.head.get());
        let item = slot(buffer, head.wrapping_add(index)).get();
        for i in (0..index).rev() {
            let before = slot(buffer, head.wrapping_add(i)).get();
            slot(buffer, head.wrapping_add(i + 1)).set(before);
        }
        self.head.set(head.wrapping_add(1));
        item
    }

    #[inline]
    fn buffer(&self) -> &[Cell<Option<T>>] {
        self.buffers[self.current.get() % BUFFERS]
            .get()
            .expect("buffers up to the current one exist")
    }

    #[cold]
    #[inline(never)]
    fn grow(&self) -> &[Cell<Option<T>>] {
        let old = self.buffer();
        let next = self.current.get() + 1;
        let new = self.buffers[next].get_or_init(|| empty(FIRST << next));
        let head = self.head.get();
        for i in 0..self.len() {
            slot(new, head.wrapping_add(i)).set(slot(old, head.wrapping_add(i)).get());
        }
        self.current.set(next);
        new
    }
}

fn empty<T: Copy>(slots: usize) -> Buffer<T> {
    std::iter::repeat_with(|| Cell::new(None)).take(slots).collect()
}

#[inline]
fn slot<T>(buffer: &[Cell<Option<T>>], count: usize) -> &Cell<Option<T>> {
    &buffer[count & (buffer.len() - 1)]
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
