//! All cells of a loop, by slot. A key is (slot, task id): the id is the generation.

use crate::unshared::Unshared;

/// A table of `T` with stable slots; freed slots are used again, the last one first.
pub(crate) struct Slab<T> {
    table: Unshared<Table<T>>,
}

struct Table<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T: Copy> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { table: Unshared::new(Table { slots: Vec::new(), free: Vec::new() }) }
    }

    /// Stores `value` and gives its slot.
    #[inline]
    pub(crate) fn insert(&self, value: T) -> u32 {
        self.table.with(|table| match table.free.pop() {
            Some(slot) => {
                table.slots[slot as usize] = Some(value);
                slot
            }
            None => {
                let slot = u32::try_from(table.slots.len()).expect("at most 2^32 cells are alive");
                table.slots.push(Some(value));
                slot
            }
        })
    }

    #[inline]
    pub(crate) fn remove(&self, slot: u32) {
        self.table.with(|table| {
            table.slots[slot as usize] = None;
            table.free.push(slot);
        });
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<T> {
        self.table.with(|table| table.slots.get(slot as usize).copied().flatten())
    }

    /// How many values are stored.
    pub(crate) fn len(&self) -> usize {
        self.table.with(|table| table.slots.len() - table.free.len())
    }

    /// Gives memory back: empty slots at the end go, and lower ones will be used first.
    pub(crate) fn trim(&self) {
        self.table.with(|table| {
            let used = table.slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
            table.slots.truncate(used);
            table.slots.shrink_to_fit();
            table.free.retain(|slot| (*slot as usize) < used);
            table.free.sort_unstable_by(|a, b| b.cmp(a));
            table.free.shrink_to_fit();
        });
    }

    /// What is stored, in the order of slots.
    pub(crate) fn items(&self) -> Vec<T> {
        self.table.with(|table| table.slots.iter().copied().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn behaves_like_a_map(operations in prop::collection::vec((any::<bool>(), 0_u32..400), 0..1_000)) {
            let (slab, mut model) = (Slab::new(), BTreeMap::new());
            for (step, (insert, at)) in operations.into_iter().enumerate() {
                if insert {
                    let slot = slab.insert(step);
                    prop_assert!(model.insert(slot, step).is_none(), "a used slot was given out");
                } else if model.remove(&at).is_some() {
                    slab.remove(at);
                }
                if step % 97 == 0 {
                    slab.trim();
                }
                prop_assert_eq!(slab.len(), model.len());
                prop_assert_eq!(slab.get(at), model.get(&at).copied());
            }
            prop_assert_eq!(slab.items(), model.into_values().collect::<Vec<_>>());
        }
    }
}
