//! [`Batch`]: what a turn under a policy has still to run. Any item can be taken out, and the others keep
//! their order, in logarithmic time.
//!
//! A Fenwick tree (Fenwick, "A new data structure for cumulative frequency tables", 1994) counts the items
//! that are left, so that the item at an index is found by a descent.

/// Items in order, with gaps where some were taken out.
pub(crate) struct Batch<T> {
    slots: Vec<Option<T>>,
    /// At `i`, counted from one: how many items are left in the `i & -i` slots up to slot `i`.
    tree: Vec<usize>,
    left: usize,
}

impl<T: Copy> Batch<T> {
    pub(crate) fn new(items: impl Iterator<Item = T>) -> Self {
        let slots: Vec<_> = items.map(Some).collect();
        let lowest_bit = |i: usize| i & i.wrapping_neg();
        // All slots are full, so each node counts as many as it covers.
        let tree = (0..=slots.len()).map(lowest_bit).collect();
        Self { left: slots.len(), slots, tree }
    }

    pub(crate) fn len(&self) -> usize {
        self.left
    }

    /// The item at `index` of those that are left.
    pub(crate) fn get(&self, index: usize) -> Option<T> {
        if index < self.left { self.slots[self.slot(index)] } else { None }
    }

    /// Takes out the item at `index` of those that are left.
    pub(crate) fn remove(&mut self, index: usize) -> Option<T> {
        if index >= self.left {
            return None;
        }
        let slot = self.slot(index);
        self.left -= 1;
        let mut node = slot + 1;
        while node < self.tree.len() {
            self.tree[node] -= 1;
            node += node & node.wrapping_neg();
        }
        self.slots[slot].take()
    }

    /// Those that are left, in order.
    pub(crate) fn into_rest(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().flatten()
    }

    /// The slot of the item at `index`, which is there.
    fn slot(&self, index: usize) -> usize {
        let (mut slot, mut before) = (0, index);
        let mut step = self.slots.len().checked_ilog2().map_or(0, |log| 1 << log);
        while step > 0 {
            if slot + step < self.tree.len() && self.tree[slot + step] <= before {
                slot += step;
                before -= self.tree[slot];
            }
            step /= 2;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::Batch;
    use proptest::prelude::*;

    proptest! {
        /// Any sequence of removals does what a `Vec` does.
        #[test]
        fn behaves_like_a_vector(length in 0_usize..300, indexes in prop::collection::vec(0_usize..300, 0..400)) {
            let (mut batch, mut model) = (Batch::new(0..length), (0..length).collect::<Vec<_>>());
            for index in indexes {
                prop_assert_eq!(batch.get(index), model.get(index).copied());
                let expected = (index < model.len()).then(|| model.remove(index));
                prop_assert_eq!(batch.remove(index), expected);
                prop_assert_eq!(batch.len(), model.len());
            }
            prop_assert_eq!(batch.into_rest().collect::<Vec<_>>(), model);
        }
    }
}
