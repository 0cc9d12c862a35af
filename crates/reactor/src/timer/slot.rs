//! [`Record`] and [`Slot`]: one bag of the wheel.
//!
//! A slot is unsorted until somebody asks for its exact minimum; then it is made a heap in place and
//! stays one. It may hold records of timers that are gone: only `live` of them count, and the wheel
//! empties a slot as soon as that is none.

/// What travels through the wheel for a timer: 24 bytes, copied, valid while the slab says so.
///
/// The derived order is the order of firing: by deadline, then by sequence number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Record {
    pub(crate) deadline: u64,
    pub(crate) seq: u64,
    pub(crate) index: u32,
}

/// A bag of records.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) records: Vec<Record>,
    /// How many of the records belong to living timers.
    pub(crate) live: u32,
    /// No living record is earlier. Exact unless the earliest timer was cancelled.
    pub(crate) min: u64,
    /// Whether `records` is a binary heap, earliest first.
    heaped: bool,
}

impl Slot {
    pub(crate) const fn new() -> Self {
        Self { records: Vec::new(), live: 0, min: u64::MAX, heaped: false }
    }

    /// Adds the record of a living timer.
    #[inline]
    pub(crate) fn push(&mut self, record: Record) {
        self.records.push(record);
        self.live += 1;
        self.min = self.min.min(record.deadline);
        if self.heaped {
            sift_up(&mut self.records);
        }
    }

    /// Says that the slot is empty again; the caller has taken the records or drops them here.
    #[inline]
    pub(crate) fn reset(&mut self, kept_capacity: usize) {
        self.live = 0;
        self.min = u64::MAX;
        self.heaped = false;
        if self.records.capacity() > kept_capacity {
            self.records = Vec::new();
        } else {
            self.records.clear();
        }
    }

    /// Gives back memory that the records do not need.
    pub(crate) fn trim(&mut self) {
        if self.records.capacity() > 4 * self.records.len() {
            self.records.shrink_to(2 * self.records.len());
        }
    }

    /// Throws out what `is_live` refuses; returns how many that were.
    pub(crate) fn sweep(&mut self, is_live: impl Fn(&Record) -> bool) -> usize {
        let before = self.records.len();
        self.records.retain(is_live);
        self.heaped = false;
        if self.records.capacity() > 4 * self.records.len() + 16 {
            self.records.shrink_to(2 * self.records.len());
        }
        before - self.records.len()
    }

    /// The exact earliest living deadline, and how many dead records it threw out to find it.
    ///
    /// Linear once, logarithmic from then on. The slot must hold a living record.
    pub(crate) fn exact_min(&mut self, is_live: impl Fn(&Record) -> bool) -> (u64, usize) {
        let mut thrown = 0;
        if !self.heaped {
            thrown = self.sweep(&is_live);
            for place in (0..self.records.len() / 2).rev() {
                sift_down(&mut self.records, place);
            }
            self.heaped = true;
        }
        while !is_live(&self.records[0]) {
            self.records.swap_remove(0);
            if !self.records.is_empty() {
                sift_down(&mut self.records, 0);
            }
            thrown += 1;
        }
        self.min = self.records[0].deadline;
        (self.min, thrown)
    }
}

/// Lets the last record rise to its place.
fn sift_up(heap: &mut [Record]) {
    let mut place = heap.len() - 1;
    let record = heap[place];
    while place > 0 {
        let parent = (place - 1) / 2;
        if heap[parent] <= record {
            break;
        }
        heap[place] = heap[parent];
        place = parent;
    }
    heap[place] = record;
}

/// Lets the record at `place` sink to its place.
fn sift_down(heap: &mut [Record], mut place: usize) {
    let record = heap[place];
    loop {
        let mut child = 2 * place + 1;
        if child >= heap.len() {
            break;
        }
        if child + 1 < heap.len() && heap[child + 1] < heap[child] {
            child += 1;
        }
        if record <= heap[child] {
            break;
        }
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = record;
}
