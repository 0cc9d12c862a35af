//! [`SourceTable`]: what the loop knows of each source, and who waits for it.
//!
//! Pure data: wakers come in cloned and go out to be woken or dropped by the caller, after its borrow.
//!
//! Readiness starts optimistic and is edge-triggered: it stays set until somebody finds out that it is
//! not so (a call that would block). A handle is an index with a generation, so an event that was
//! fetched before a source was dropped never reaches the next one in its place.

use crate::selector::Readiness;
use crate::waiters::{Waiter, Waiters};
use asyncio_core::wake_batch::WakeBatch;
use std::task::Waker;

/// One of the things one can wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    Read,
    Write,
    /// Priority data, as TCP's urgent byte.
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        expect(dead_code, reason = "the portable back end cannot wait for it")
    )]
    Priority,
    /// An error of the descriptor, or something in its error queue.
    Error,
}

const READ: u8 = 1;
const WRITE: u8 = 2;
const PRIORITY: u8 = 4;
const ERROR: u8 = 8;
/// A short read proves nothing until a read would block: the other side has closed, or urgent data cuts
/// reads. Only set by back ends that can tell.
const CUT: u8 = 16;
/// An error that the system reports beside no data was told to a reader, a writer.
const TOLD_READER: u8 = 32;
const TOLD_WRITER: u8 = 64;

impl Direction {
    const fn bit(self) -> u8 {
        match self {
            Self::Read => READ,
            Self::Write => WRITE,
            Self::Priority => PRIORITY,
            Self::Error => ERROR,
        }
    }

    /// Whether an error that was already told makes this direction wait for the next event.
    const fn told_bit(self) -> u8 {
        match self {
            Self::Read => TOLD_READER,
            Self::Write => TOLD_WRITER,
            Self::Priority | Self::Error => 0,
        }
    }
}

/// Names one source for ever; of no use on another loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SourceKey {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl SourceKey {
    /// The key as the system carries it.
    pub(crate) const fn pack(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    const fn unpack(key: u64) -> Self {
        Self { index: key as u32, generation: (key >> 32) as u32 }
    }
}

/// What is known of a source before it is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Snapshot {
    /// The direction asked about may be tried.
    pub(crate) is_ready: bool,
    /// Somebody waits for reading, for writing.
    pub(crate) waiting: (bool, bool),
    /// Counts events; who finds that a call would block may say so only of what it saw.
    epoch: u16,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    next_free: u32,
    occupied: bool,
    ready: u8,
    epoch: u16,
    readers: Waiters,
    writers: Waiters,
    /// Those who wait for priority data or for an error; nearly always nobody.
    others: Option<Box<Others>>,
}

#[derive(Debug, Default)]
struct Others {
    priority: Waiters,
    error: Waiters,
}

impl Slot {
    fn waiters(&mut self, direction: Direction) -> &mut Waiters {
        match direction {
            Direction::Read => &mut self.readers,
            Direction::Write => &mut self.writers,
            Direction::Priority => &mut self.others.get_or_insert_default().priority,
            Direction::Error => &mut self.others.get_or_insert_default().error,
        }
    }
}

/// A table of fewer slots than this is never made smaller.
const KEPT_SLOTS: usize = 1024;
/// Ends the free list.
const NONE: u32 = u32::MAX;
/// The keys above are the selector's own.
const INDEX_MAX: u32 = u32::MAX - 16;

/// The sources of a loop.
#[derive(Debug)]
pub(crate) struct SourceTable {
    slots: Vec<Slot>,
    free: u32,
    live: usize,
    /// The generation of a slot that is made: above those of all that were given back.
    first_generation: u32,
    /// How many lived when memory was last given back; it is tried again at half of that.
    trimmed_at: usize,
    /// The last number that was given to a waiter.
    last_number: u64,
}

impl SourceTable {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NONE,
            live: 0,
            first_generation: 0,
            trimmed_at: usize::MAX,
            last_number: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// Makes room for a source, which is taken for readable and writable.
    pub(crate) fn insert(&mut self) -> SourceKey {
        if self.free == NONE {
            let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
            assert!(index <= INDEX_MAX, "fewer than 2^32 sources on one loop");
            let (readers, writers) = (Waiters::default(), Waiters::default());
            let slot = Slot {
                generation: self.first_generation,
                next_free: NONE,
                occupied: false,
                ready: 0,
                epoch: 0,
                readers,
                writers,
                others: None,
            };
            self.slots.push(slot);
            self.trimmed_at = usize::MAX;
            self.free = index;
        }
        let index = self.free;
        let slot = &mut self.slots[index as usize];
        self.free = slot.next_free;
        slot.occupied = true;
        slot.ready = READ | WRITE;
        self.live += 1;
        SourceKey { index, generation: slot.generation }
    }

    #[inline]
    fn get(&mut self, key: SourceKey) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(key.index as usize)?;
        (slot.occupied && slot.generation == key.generation).then_some(slot)
    }

    /// What is known of a source; `None` if it is gone.
    #[inline]
    pub(crate) fn snapshot(&mut self, key: SourceKey, direction: Direction) -> Option<Snapshot> {
        let slot = self.get(key)?;
        Some(Snapshot {
            is_ready: slot.ready & direction.bit() != 0,
            waiting: (!slot.readers.is_empty(), !slot.writers.is_empty()),
            epoch: slot.epoch,
        })
    }

    /// Whether this waiter's next wake would already go to `waker`.
    pub(crate) fn waits(
        &mut self,
        key: SourceKey,
        direction: Direction,
        waiter: Waiter,
        waker: &Waker,
    ) -> bool {
        let place = self.get(key).and_then(|slot| slot.waiters(direction).find(waiter));
        place.is_some_and(|registered| registered.will_wake(waker))
    }

    /// Has `waker` woken at the next event, as `waiter` or, if that waits no more, as a new one.
    pub(crate) fn wait(
        &mut self,
        key: SourceKey,
        direction: Direction,
        waiter: Waiter,
        waker: Waker,
    ) -> (Waiter, Option<Waker>) {
        let number = self.last_number + 1;
        let Some(slot) = self.get(key) else { return (waiter, Some(waker)) };
        let (waiter, replaced) = slot.waiters(direction).put(waiter, waker, number);
        self.last_number = number;
        (waiter, replaced)
    }

    /// Takes the waker of one who waits no more.
    pub(crate) fn leave(
        &mut self,
        key: SourceKey,
        direction: Direction,
        waiter: Waiter,
    ) -> Option<Waker> {
        self.get(key)?.waiters(direction).take(waiter)
    }

    /// A call would have blocked: not ready, unless an event came since `seen`.
    ///
    /// That settles a close too: what was reported as closed and yet blocks was a passing error.
    pub(crate) fn blocked(&mut self, key: SourceKey, direction: Direction, seen: Snapshot) {
        if let Some(slot) = self.get(key).filter(|slot| slot.epoch == seen.epoch) {
            let settled = if direction == Direction::Read { CUT } else { 0 };
            slot.ready &= !(direction.bit() | settled);
        }
    }

    /// A call did less than it was asked to: the next would block, unless reads are cut.
    pub(crate) fn fell_short(&mut self, key: SourceKey, direction: Direction, seen: Snapshot) {
        if let Some(slot) = self.get(key).filter(|slot| slot.epoch == seen.epoch)
            && (direction == Direction::Write || slot.ready & CUT == 0)
        {
            slot.ready &= !direction.bit();
        }
    }

    /// The system reports an error and nothing else. `true` once after each event: who was told and asks
    /// again did not take the error away, and waits for the next event.
    pub(crate) fn tell_error(
        &mut self,
        key: SourceKey,
        direction: Direction,
        seen: Snapshot,
    ) -> bool {
        let told = direction.told_bit();
        let Some(slot) = self.get(key).filter(|slot| slot.epoch == seen.epoch) else { return true };
        let is_first = slot.ready & told == 0;
        slot.ready |= told;
        is_first
    }

    /// Takes in an event and collects whom it concerns. `arming`: the event used the registration up,
    /// so whoever waits for the other direction must come and arm it again.
    pub(crate) fn mark(&mut self, event: Readiness, arming: bool, batch: &mut WakeBatch) {
        let Some(slot) = self.get(SourceKey::unpack(event.key)) else { return };
        slot.epoch = slot.epoch.wrapping_add(1);
        let bit = |is_set: bool, bits: u8| if is_set { bits } else { 0 };
        slot.ready &= !(TOLD_READER | TOLD_WRITER);
        slot.ready |= bit(event.readable, READ)
            | bit(event.writable, WRITE)
            | bit(event.closed, READ | CUT)
            | bit(event.priority, PRIORITY | CUT)
            | bit(event.error, ERROR);
        if event.readable || event.closed || arming {
            slot.readers.take_all(|waker| batch.push(waker));
        }
        if event.writable || arming {
            slot.writers.take_all(|waker| batch.push(waker));
        }
        if let Some(others) = &mut slot.others {
            if event.priority || arming {
                others.priority.take_all(|waker| batch.push(waker));
            }
            if event.error || arming {
                others.error.take_all(|waker| batch.push(waker));
            }
        }
    }

    /// Forgets a source and hands out the wakers of those who waited for it.
    pub(crate) fn remove(&mut self, key: SourceKey, mut out: impl FnMut(Waker)) {
        let free = self.free;
        let Some(slot) = self.get(key) else { return };
        slot.readers.take_all(&mut out);
        slot.writers.take_all(&mut out);
        if let Some(mut others) = slot.others.take() {
            others.priority.take_all(&mut out);
            others.error.take_all(&mut out);
        }
        // A free slot keeps no memory for waiters.
        (slot.readers, slot.writers) = Default::default();
        slot.occupied = false;
        slot.generation = slot.generation.wrapping_add(1);
        slot.next_free = free;
        self.free = key.index;
        self.live -= 1;
    }

    /// Whether most of the memory is of sources that are gone.
    #[inline]
    pub(crate) fn is_oversized(&self) -> bool {
        self.slots.len() > 4 * self.live + KEPT_SLOTS && self.live <= self.trimmed_at / 2
    }

    /// Gives back what lies behind the last living source, and has the first places filled first from now
    /// on. Keys name places, so nothing can be moved. Returns for how many sources there is room.
    pub(crate) fn trim(&mut self) -> usize {
        while let Some(last) = self.slots.pop_if(|last| !last.occupied) {
            // A key of that slot may still be on its way in an event.
            self.first_generation = self.first_generation.max(last.generation);
        }
        self.slots.shrink_to(KEPT_SLOTS);
        self.free = NONE;
        for (index, slot) in self.slots.iter_mut().enumerate().rev() {
            if !slot.occupied {
                slot.next_free = self.free;
                self.free = index as u32;
            }
        }
        self.trimmed_at = self.live;
        self.slots.capacity()
    }

    /// Forgets all of them, for ever: keys would be given out again.
    pub(crate) fn remove_all(&mut self, batch: &mut WakeBatch) {
        for index in 0..self.slots.len() {
            let key = SourceKey { index: index as u32, generation: self.slots[index].generation };
            self.remove(key, |waker| batch.push(waker));
        }
        self.slots = Vec::new();
        self.free = NONE;
    }
}
