//! [`Wheel`]: 64-ary levels of coarse slots over a slab; exact to the nanosecond, constant time.
//!
//! A *tick* is 2^20 ns (about a millisecond). The *horizon* is the first tick not yet opened.
//!
//! - A timer whose tick lies before the horizon is in `run` (sorted once, when its slot was opened) or
//!   in `late` (a heap, for what was inserted afterwards). Both are merged when timers fire.
//! - Any other lies in the level of the highest group of six bits in which its tick differs from the
//!   horizon, in the slot with that group's value. This stays true while the horizon moves, on one
//!   condition: **when the horizon enters a tick, every slot that begins at that tick moves down at
//!   that very moment** ([`Wheel::enter`]). Cascading later is wrong.
//! - A slot's bit is set if and only if the slot has a living timer.
//! - Cancelling leaves the record where it lies; there are never more than `live + 64` dead ones.
//!
//! Why this and not a heap: inserting and cancelling cost the same beside a million others.

use crate::timer::slab::{Slab, TimerKey};
use crate::timer::slot::{Record, Slot};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Nanoseconds of a tick, as a shift.
const TICK_SHIFT: u32 = 20;
/// Bits of a tick number that one level looks at.
const LEVEL_BITS: u32 = 6;
/// 64 - 20 bits of ticks in groups of six.
const LEVELS: usize = 8;
/// Records a drained buffer may keep room for.
const KEPT_RECORDS: usize = 4096;
/// A slot that held more records than this when it was emptied may have left large buffers elsewhere, too.
const PEAK_RECORDS: usize = 1024;
/// Dead records that are always tolerated.
const GARBAGE_FLOOR: usize = 64;

/// A queue of timers, each with a payload.
#[derive(Debug)]
pub(crate) struct Wheel<W> {
    slab: Slab<W>,
    levels: [Option<Box<[Slot; 64]>>; LEVELS],
    /// For each level, which of its slots have a living timer.
    occupied: [u64; LEVELS],
    /// The first tick that is not opened yet.
    horizon: u64,
    /// Opened records in order of firing; those before `run_next` have fired.
    run: Vec<Record>,
    run_next: usize,
    /// What was inserted behind the horizon.
    late: BinaryHeap<Reverse<Record>>,
    /// Records of cancelled timers, wherever they lie.
    dead: usize,
    /// How many timers lived when a large slot was emptied, the most since the last trim.
    peak: usize,
}

impl<W> Wheel<W> {
    /// An empty queue whose time stands at `now`.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            slab: Slab::new(),
            levels: [const { None }; LEVELS],
            occupied: [0; LEVELS],
            horizon: (now >> TICK_SHIFT) + 1,
            run: Vec::new(),
            run_next: 0,
            late: BinaryHeap::new(),
            dead: 0,
            peak: 0,
        }
    }

    /// How many timers live.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Records of dead timers; at most `len() + 64`.
    pub(crate) fn garbage(&self) -> usize {
        self.dead
    }

    /// Adds a timer. `seq` ranks it among equal deadlines and must never have been used before;
    /// numbers need not come in order.
    #[inline]
    pub(crate) fn insert(&mut self, deadline: u64, seq: u64, payload: W) -> TimerKey {
        let key = self.slab.insert(deadline, seq, payload);
        self.file(Record { deadline, seq, index: key.index });
        key
    }

    /// What a timer carries, unless it has fired or was cancelled.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut W> {
        self.slab.get_mut(key)
    }

    /// Takes a timer out, unless it has fired or was cancelled before.
    #[inline]
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<W> {
        let deadline = self.slab.deadline(key)?;
        let payload = self.slab.remove(key);
        self.retire(deadline, key.seq);
        self.sweep_if_due();
        payload
    }

    /// Moves a timer to another deadline and number; it keeps its payload.
    #[inline]
    pub(crate) fn rearm(&mut self, key: TimerKey, deadline: u64, seq: u64) -> Option<TimerKey> {
        let old = self.slab.deadline(key)?;
        let moved = self.slab.renumber(key, deadline, seq);
        self.retire(old, key.seq);
        self.file(Record { deadline, seq, index: key.index });
        self.sweep_if_due();
        Some(moved)
    }

    /// A lower bound of the earliest deadline that costs nothing.
    ///
    /// It is exact unless the earliest timer was cancelled; then a real clock waits once in vain.
    #[inline]
    pub(crate) fn bound(&mut self) -> Option<u64> {
        if let Some(record) = self.front() {
            return Some(record.deadline);
        }
        let (level, slot) = self.first_slot()?;
        self.levels[level].as_ref().map(|slots| slots[slot].min)
    }

    /// The exact earliest deadline; a virtual clock must never stop at a cancelled one.
    pub(crate) fn next_exact(&mut self) -> Option<u64> {
        if let Some(record) = self.front() {
            return Some(record.deadline);
        }
        let (level, slot) = self.first_slot()?;
        let slab = &self.slab;
        let slots = self.levels[level].as_mut()?;
        let (min, thrown) = slots[slot].exact_min(|record| slab.is_live(record.index, record.seq));
        self.dead -= thrown;
        Some(min)
    }

    /// Takes out what is due at `now`, in order of firing.
    ///
    /// The far future is never reached: a timer at `u64::MAX` does not fire.
    pub(crate) fn pop_due(&mut self, now: u64, mut fire: impl FnMut(W)) {
        let now = now.min(u64::MAX - 1);
        self.advance(now >> TICK_SHIFT);
        while let Some(record) = self.front() {
            if record.deadline > now {
                break;
            }
            if self.run.get(self.run_next).is_some_and(|head| head.seq == record.seq) {
                self.run_next += 1;
            } else {
                self.late.pop();
            }
            if let Some(payload) =
                self.slab.remove(TimerKey { index: record.index, seq: record.seq })
            {
                fire(payload);
            }
        }
        self.forget_fired();
        self.sweep_if_due();
    }

    /// Whether [`trim`](Self::trim) would give back much. Costs nothing.
    #[inline]
    pub(crate) fn is_oversized(&self) -> bool {
        self.peak > 4 * self.len() + KEPT_RECORDS || self.slab.is_oversized()
    }

    /// Gives back the memory of a peak that is over, in time that is proportional to it; returns for how
    /// many timers and records there is room.
    ///
    /// The next peak pays for growing again about what it pays for its timers anyway.
    pub(crate) fn trim(&mut self) -> usize {
        self.peak = self.len();
        let mut room = self.slab.trim();
        for slots in self.levels.iter_mut().flatten() {
            for slot in slots.iter_mut() {
                slot.trim();
                room += slot.records.capacity();
            }
        }
        self.late.shrink_to(2 * self.late.len());
        self.run.shrink_to(2 * self.run.len());
        room + self.late.capacity() + self.run.capacity()
    }

    /// Takes everything out, in no particular order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = W> + use<W> {
        let payloads = self.slab.drain();
        self.levels = [const { None }; LEVELS];
        self.occupied = [0; LEVELS];
        self.run = Vec::new();
        self.run_next = 0;
        self.late = BinaryHeap::new();
        self.dead = 0;
        payloads
    }

    /// Level and slot of a tick at or after the horizon.
    #[inline]
    fn place(&self, tick: u64) -> (usize, usize) {
        let differing = (tick ^ self.horizon) | 63;
        let level = (63 - differing.leading_zeros()) / LEVEL_BITS;
        (level as usize, ((tick >> (LEVEL_BITS * level)) & 63) as usize)
    }

    /// Puts the record of a living timer where it belongs.
    #[inline]
    fn file(&mut self, record: Record) {
        let tick = record.deadline >> TICK_SHIFT;
        if tick < self.horizon {
            self.late.push(Reverse(record));
            return;
        }
        let (level, slot) = self.place(tick);
        let slots = self.levels[level].get_or_insert_with(|| Box::new([const { Slot::new() }; 64]));
        slots[slot].push(record);
        self.occupied[level] |= 1 << slot;
    }

    /// Accounts for the record of a timer that lives no more.
    #[inline]
    fn retire(&mut self, deadline: u64, seq: u64) {
        self.dead += 1;
        let tick = deadline >> TICK_SHIFT;
        if tick < self.horizon {
            return;
        }
        let (level, slot) = self.place(tick);
        let Some(slots) = &mut self.levels[level] else { return };
        let bag = &mut slots[slot];
        bag.live -= 1;
        if bag.live == 0 {
            if bag.records.len() > PEAK_RECORDS {
                // All of them were timers, and are cancelled now.
                self.peak = self.peak.max(self.slab.len() + bag.records.len());
            }
            self.dead -= bag.records.len();
            bag.reset(KEPT_RECORDS / 4);
            self.occupied[level] &= !(1 << slot);
        } else if bag.records.last().is_some_and(|last| last.seq == seq) {
            // The commonest case of all, made and dropped at once, leaves nothing behind.
            bag.records.pop();
            self.dead -= 1;
        }
    }

    /// The slot that holds the earliest timers at or after the horizon.
    #[inline]
    fn first_slot(&self) -> Option<(usize, usize)> {
        let level = self.occupied.iter().position(|&bits| bits != 0)?;
        Some((level, self.occupied[level].trailing_zeros() as usize))
    }

    /// The first living record behind the horizon.
    #[inline]
    fn front(&mut self) -> Option<Record> {
        while let Some(record) = self.run.get(self.run_next)
            && !self.slab.is_live(record.index, record.seq)
        {
            self.run_next += 1;
            self.dead -= 1;
        }
        while let Some(Reverse(record)) = self.late.peek()
            && !self.slab.is_live(record.index, record.seq)
        {
            self.late.pop();
            self.dead -= 1;
        }
        let opened = self.run.get(self.run_next).copied();
        match (opened, self.late.peek()) {
            (Some(a), Some(&Reverse(b))) => Some(a.min(b)),
            (Some(a), None) => Some(a),
            (None, late) => late.map(|&Reverse(b)| b),
        }
    }

    /// Opens every slot up to and including `tick`.
    fn advance(&mut self, tick: u64) {
        while self.horizon <= tick {
            let Some((level, slot)) = self.first_slot() else { return self.enter(tick + 1) };
            let shift = LEVEL_BITS * level as u32;
            // The slot shares the horizon's higher groups: that is what put it on this level.
            let begins = (((self.horizon >> shift) & !63) | slot as u64) << shift;
            if begins > tick {
                return self.enter(tick + 1);
            }
            if level == 0 {
                self.open(slot);
                self.enter(begins + 1);
            } else {
                self.enter(begins);
            }
        }
    }

    /// Moves the horizon to `tick`, and every higher slot that begins there down to where it now
    /// belongs. Nothing living may lie between the old horizon and the new.
    #[inline]
    fn enter(&mut self, tick: u64) {
        self.horizon = tick;
        // From the top, for a record may have to come down by several levels.
        for level in (1..LEVELS).rev() {
            let shift = LEVEL_BITS * level as u32;
            let slot = ((tick >> shift) & 63) as usize;
            if tick.trailing_zeros() >= shift && self.occupied[level] >> slot & 1 == 1 {
                self.cascade(level, slot);
            }
        }
    }

    fn cascade(&mut self, level: usize, slot: usize) {
        let Some(slots) = &mut self.levels[level] else { return };
        let mut records = std::mem::take(&mut slots[slot].records);
        if records.len() > PEAK_RECORDS {
            self.peak = self.peak.max(self.slab.len());
        }
        slots[slot].reset(0);
        self.occupied[level] &= !(1 << slot);
        for record in records.drain(..) {
            if self.slab.is_live(record.index, record.seq) {
                self.file(record);
            } else {
                self.dead -= 1;
            }
        }
        if records.capacity() <= KEPT_RECORDS
            && let Some(slots) = &mut self.levels[level]
        {
            slots[slot].records = records;
        }
    }

    /// Appends a slot of the lowest level to `run`.
    fn open(&mut self, slot: usize) {
        let Some(slots) = &mut self.levels[0] else { return };
        let bag = &mut slots[slot];
        let added = bag.records.len();
        if added > PEAK_RECORDS {
            self.peak = self.peak.max(self.slab.len());
        }
        if self.run_next == self.run.len() {
            self.run.clear();
            self.run_next = 0;
            std::mem::swap(&mut self.run, &mut bag.records);
        } else {
            self.run.append(&mut bag.records);
        }
        bag.reset(KEPT_RECORDS);
        self.occupied[0] &= !(1 << slot);
        // Only what is new: sorting the rest again made a loop that had been away for long fall
        // behind for ever.
        let first_new = self.run.len() - added;
        self.run[first_new..].sort_unstable();
    }

    /// Lets go of the memory of what has fired.
    fn forget_fired(&mut self) {
        if self.run_next == self.run.len() {
            self.run_next = 0;
            self.run.clear();
            if self.run.capacity() > KEPT_RECORDS {
                self.run = Vec::new();
            }
        } else if self.run_next > KEPT_RECORDS && self.run_next > self.run.len() / 2 {
            self.run.drain(..self.run_next);
            self.run_next = 0;
        }
        if self.late.is_empty() && self.late.capacity() > KEPT_RECORDS {
            self.late = BinaryHeap::new();
        }
    }

    /// Throws out the dead records when they outnumber the living ones.
    #[inline]
    fn sweep_if_due(&mut self) {
        if self.dead > self.slab.len() + GARBAGE_FLOOR {
            self.sweep();
        }
        debug_assert!(self.garbage() <= self.len() + GARBAGE_FLOOR, "dead records are swept");
    }

    #[cold]
    fn sweep(&mut self) {
        let slab = &self.slab;
        let is_live = |record: &Record| slab.is_live(record.index, record.seq);
        for (level, slots) in self.levels.iter_mut().enumerate() {
            let Some(slots) = slots else { continue };
            let mut bits = self.occupied[level];
            while bits != 0 {
                slots[bits.trailing_zeros() as usize].sweep(is_live);
                bits &= bits - 1;
            }
        }
        self.late.retain(|Reverse(record)| is_live(record));
        self.run.drain(..self.run_next);
        self.run_next = 0;
        self.run.retain(is_live);
        self.dead = 0;
    }
}
