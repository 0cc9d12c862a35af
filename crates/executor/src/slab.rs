//! All cells of a loop, by slot. A key is (slot, task id): the id is the generation.
//!
//! Made of `Cell`s in segments that never move, for the reason given in [`ready`](crate::ready).

use std::cell::{Cell, OnceCell};

/// A table of `T` with stable slots; freed slots are used again, the last one first.
pub(crate) struct Slab<T> {
    /// Segment `i` has `FIRST << i` slots; slots are numbered through them.
    segments: [OnceCell<Segment<T>>; SEGMENTS],
    /// The head of the chain of free slots.
    free: Cell<u32>,
    /// How many slots were ever used.
    used: Cell<u32>,
}

type Segment<T> = Box<[Cell<Slot<T>>]>;

#[derive(Clone, Copy)]
enum Slot<T> {
    Free { next: u32 },
    Used(T),
}

const FIRST: u32 = 64;
const SEGMENTS: usize = 26;
/// The end of the chain of free slots.
const NONE: u32 = u32::MAX;

impl<T: Copy> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            segments: [const { OnceCell::new() }; SEGMENTS],
            free: Cell::new(NONE),
            used: Cell::new(0),
        }
    }

    /// Stores `value` and gives its slot.
    #[inline]
    pub(crate) fn insert(&self, value: T) -> u32 {
        let slot = self.free.get();
        if slot == NONE {
            return self.insert_new(value);
        }
        let place = self.place(slot);
        if let Slot::Free { next } = place.get() {
            self.free.set(next);
        }
        place.set(Slot::Used(value));
        slot
    }

    #[cold]
    #[inline(never)]
    fn insert_new(&self, value: T) -> u32 {
        let slot = self.used.get();
        let (segment, _) = locate(slot);
        self.segments[segment].get_or_init(|| {
            let slots = (FIRST << segment) as usize;
            std::iter::repeat_with(|| Cell::new(Slot::Free { next: NONE })).take(slots).collect()
        });
        self.used.set(slot + 1);
        self.place(slot).set(Slot::Used(value));
        slot
    }

    #[inline]
    pub(crate) fn remove(&self, slot: u32) {
        self.place(slot).set(Slot::Free { next: self.free.get() });
        self.free.set(slot);
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<T> {
        if slot >= self.used.get() {
            return None;
        }
        match self.place(slot).get() {
            Slot::Used(value) => Some(value),
            Slot::Free { .. } => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        (0..self.used.get()).filter_map(|slot| self.get(slot))
    }

    #[inline]
    fn place(&self, slot: u32) -> &Cell<Slot<T>> {
        let (segment, index) = locate(slot);
        &self.segments[segment].get().expect("segments up to `used` exist")[index]
    }
}

/// The segment of a slot, and its index there.
#[inline]
fn locate(slot: u32) -> (usize, usize) {
    let shifted = slot + FIRST;
    let segment = shifted.ilog2() - FIRST.ilog2();
    (segment as usize, (shifted - (FIRST << segment)) as usize)
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
                prop_assert_eq!(slab.get(at), model.get(&at).copied());
            }
            prop_assert_eq!(slab.iter().collect::<Vec<_>>(), model.into_values().collect::<Vec<_>>());
        }
    }
}
