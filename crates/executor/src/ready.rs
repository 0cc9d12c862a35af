//! [`ReadyQueue`]: first in, first out; indexable for the policies of simulation.

use crate::unshared::Unshared;
use std::collections::VecDeque;

/// The cells that are to run, oldest first. It is used through `&self`: a poll wakes, and a wake pushes.
pub(crate) struct ReadyQueue<T: Copy> {
    items: Unshared<VecDeque<T>>,
}

impl<T: Copy> ReadyQueue<T> {
    pub(crate) fn new() -> Self {
        Self { items: Unshared::new(VecDeque::with_capacity(256)) }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.items.with(|items| items.len())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(crate) fn push_back(&self, item: T) {
        self.items.with(|items| items.push_back(item));
    }

    #[inline]
    pub(crate) fn pop_front(&self) -> Option<T> {
        self.items.with(VecDeque::pop_front)
    }

    /// Takes out the item at `index`, counted from the oldest; the others keep their order.
    pub(crate) fn remove(&self, index: usize) -> Option<T> {
        self.items.with(|items| items.remove(index))
    }
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
