//! All cells of a loop, by slot. A key is (slot, task id): the id is the generation.

/// A table of `T` with stable slots; freed slots are used again.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T: Copy> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// Stores `value` and gives its slot.
    ///
    /// # Panics
    /// With more than 2^32 cells alive, which no machine has the memory for.
    #[inline]
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(value);
            return slot;
        }
        let slot = u32::try_from(self.slots.len()).expect("at most 2^32 cells");
        self.slots.push(Some(value));
        slot
    }

    #[inline]
    pub(crate) fn remove(&mut self, slot: u32) {
        self.slots[slot as usize] = None;
        self.free.push(slot);
    }

    #[inline]
    pub(crate) fn get(&self, slot: u32) -> Option<T> {
        self.slots.get(slot as usize).copied().flatten()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        self.slots.iter().copied().flatten()
    }
}
