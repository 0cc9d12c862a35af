//! [`Slab`]: which timers live, their deadlines and what they carry.
//!
//! A timer's sequence number is its generation, its rank among equal deadlines and its identity all
//! at once. It is unique for ever, so a stale [`TimerKey`] never meets a younger timer, and the slab
//! may forget its free slots whenever it is empty.

/// Set in [`Entry::seq`] of a free entry; the other bits link the free list.
const FREE: u64 = 1 << 63;
/// An empty slab of more entries than this gives its memory back.
const KEPT_ENTRIES: usize = 4096;

/// Names one timer for ever; of no use on another loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimerKey {
    /// Where the entry lies.
    pub(crate) index: u32,
    /// What its sequence number must be for the key to be alive.
    pub(crate) seq: u64,
}

#[derive(Debug)]
struct Entry<W> {
    seq: u64,
    deadline: u64,
    payload: Option<W>,
}

/// The living timers.
#[derive(Debug)]
pub(crate) struct Slab<W> {
    entries: Vec<Entry<W>>,
    /// Index of the first free entry plus one; zero if there is none.
    free: u32,
    live: usize,
    /// How many lived when memory was last given back; it is tried again at half of that.
    trimmed_at: usize,
}

impl<W> Slab<W> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), free: 0, live: 0, trimmed_at: usize::MAX }
    }

    /// How many timers live.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// Adds a timer. `seq` must never have been used before.
    #[inline]
    pub(crate) fn insert(&mut self, deadline: u64, seq: u64, payload: W) -> TimerKey {
        debug_assert!(seq & FREE == 0, "sequence numbers do not reach the free bit");
        self.live += 1;
        let entry = Entry { seq, deadline, payload: Some(payload) };
        if self.free == 0 {
            let index = u32::try_from(self.entries.len()).expect("fewer than 2^32 timers");
            self.entries.push(entry);
            self.trimmed_at = usize::MAX;
            return TimerKey { index, seq };
        }
        let index = self.free - 1;
        let place = &mut self.entries[index as usize];
        self.free = (place.seq & !FREE) as u32;
        *place = entry;
        TimerKey { index, seq }
    }

    /// Whether the timer with this number still lies at this index.
    #[inline]
    pub(crate) fn is_live(&self, index: u32, seq: u64) -> bool {
        self.entries.get(index as usize).is_some_and(|entry| entry.seq == seq)
    }

    /// What a living timer carries.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut W> {
        let entry = self.entries.get_mut(key.index as usize)?;
        if entry.seq == key.seq { entry.payload.as_mut() } else { None }
    }

    /// The deadline of a living timer.
    #[inline]
    pub(crate) fn deadline(&self, key: TimerKey) -> Option<u64> {
        let entry = self.entries.get(key.index as usize)?;
        (entry.seq == key.seq).then_some(entry.deadline)
    }

    /// Gives a living timer another deadline and number; its old key is dead from here on.
    #[inline]
    pub(crate) fn renumber(&mut self, key: TimerKey, deadline: u64, seq: u64) -> TimerKey {
        let entry = &mut self.entries[key.index as usize];
        debug_assert!(entry.seq == key.seq, "only a living timer is given another deadline");
        entry.seq = seq;
        entry.deadline = deadline;
        TimerKey { index: key.index, seq }
    }

    /// Takes a living timer out.
    #[inline]
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<W> {
        let entry = self.entries.get_mut(key.index as usize)?;
        if entry.seq != key.seq {
            return None;
        }
        let payload = entry.payload.take();
        entry.seq = FREE | u64::from(self.free);
        self.free = key.index + 1;
        self.live -= 1;
        if self.live == 0 && self.entries.len() > KEPT_ENTRIES {
            self.entries = Vec::new();
            self.free = 0;
        }
        payload
    }

    /// Whether most of the memory is of timers that are gone.
    #[inline]
    pub(crate) fn is_oversized(&self) -> bool {
        self.entries.len() > 4 * self.live + KEPT_ENTRIES && self.live <= self.trimmed_at / 2
    }

    /// Gives back what lies behind the last living timer, and has the first places filled first from now
    /// on. Keys name places, so nothing can be moved. Returns for how many timers there is room.
    pub(crate) fn trim(&mut self) -> usize {
        while self.entries.pop_if(|last| last.seq & FREE != 0).is_some() {}
        self.entries.shrink_to(KEPT_ENTRIES);
        self.free = 0;
        for (index, entry) in self.entries.iter_mut().enumerate().rev() {
            if entry.seq & FREE != 0 {
                entry.seq = FREE | u64::from(self.free);
                self.free = index as u32 + 1;
            }
        }
        self.trimmed_at = self.live;
        self.entries.capacity()
    }

    /// Takes everything out, in no particular order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = W> + use<W> {
        self.free = 0;
        self.live = 0;
        std::mem::take(&mut self.entries).into_iter().filter_map(|entry| entry.payload)
    }
}
