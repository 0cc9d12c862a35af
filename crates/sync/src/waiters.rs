//! [`Waiters`]: those who wait, in the order in which they came.
//!
//! A doubly linked list through the slots of one vector, so a waiter leaves from anywhere in constant time.
//! A slot belongs to its waiter until that waiter takes it back by [`remove`](Waiters::remove); one that was
//! answered is no longer in the list, but its answer stays in its slot. A key holds the number of its
//! waiter, and so is never mistaken for the next one in the same slot. No waker is cloned, woken or dropped
//! here: they go in and come out.

use std::mem::replace;
use std::task::Waker;

/// No slot.
const NONE: u32 = u32::MAX;
/// A vector of more slots than this is given back when the last waiter has gone.
const KEPT_SLOTS: usize = 64;

/// Names one waiter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    slot: u32,
    number: u64,
}

/// How it stands with a waiter.
#[derive(Debug)]
pub(crate) enum Stage {
    /// It waits, and is woken by this.
    Waiting(Waker),
    /// It was given what it waits for.
    Granted,
    /// It will never be given anything.
    Refused,
}

#[derive(Debug)]
struct Slot {
    /// Whose slot this is; the stage is `Refused` and the number 0 if it is nobody's.
    number: u64,
    stage: Stage,
    /// How many permits it waits for.
    wanted: usize,
    /// The neighbours in the list of those who wait; `next` is the next free slot if this is nobody's.
    previous: u32,
    next: u32,
}

/// Those who wait, and those who were answered and have not looked yet.
#[derive(Debug)]
pub(crate) struct Waiters {
    slots: Vec<Slot>,
    free: u32,
    first: u32,
    last: u32,
    /// How many slots are somebody's.
    taken: usize,
    /// How many are in the list.
    waiting: usize,
    numbers: u64,
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NONE,
            first: NONE,
            last: NONE,
            taken: 0,
            waiting: 0,
            numbers: 0,
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// How many permits the first one waits for, if anybody waits.
    pub(crate) fn first_wanted(&self) -> Option<usize> {
        self.slots.get(self.first as usize).map(|slot| slot.wanted)
    }

    /// Somebody begins to wait, behind all others.
    pub(crate) fn push(&mut self, wanted: usize, waker: Waker) -> Key {
        self.numbers += 1;
        let number = self.numbers;
        let stage = Stage::Waiting(waker);
        let slot = Slot { number, stage, wanted, previous: self.last, next: NONE };
        let index = self.free;
        let index = match self.slots.get_mut(index as usize) {
            Some(free) => {
                self.free = replace(free, slot).next;
                index
            }
            None => {
                let index = u32::try_from(self.slots.len()).ok().filter(|index| *index != NONE);
                self.slots.push(slot);
                index.expect("fewer than 2^32 wait at a time")
            }
        };
        self.set_next(self.last, index);
        self.last = index;
        self.taken += 1;
        self.waiting += 1;
        Key { slot: index, number }
    }

    /// How it stands with a waiter that has not left.
    pub(crate) fn stage(&mut self, key: Key) -> &mut Stage {
        let slot = &mut self.slots[key.slot as usize];
        debug_assert_eq!(slot.number, key.number, "a waiter leaves once");
        &mut slot.stage
    }

    /// Answers the first one and gives its waker.
    pub(crate) fn answer_first(&mut self, answer: Stage) -> Option<Waker> {
        let index = self.first;
        self.slots.get(index as usize)?;
        self.unlink(index);
        match replace(&mut self.slots[index as usize].stage, answer) {
            Stage::Waiting(waker) => Some(waker),
            Stage::Granted | Stage::Refused => None,
        }
    }

    /// A waiter leaves for good; gives how it stood with it.
    pub(crate) fn remove(&mut self, key: Key) -> Stage {
        if matches!(self.stage(key), Stage::Waiting(_)) {
            self.unlink(key.slot);
        }
        let slot = &mut self.slots[key.slot as usize];
        slot.number = 0;
        slot.next = replace(&mut self.free, key.slot);
        let stage = replace(&mut slot.stage, Stage::Refused);
        self.taken -= 1;
        if self.taken == 0 && self.slots.capacity() > KEPT_SLOTS {
            self.slots = Vec::new();
            self.free = NONE;
        }
        stage
    }

    /// Takes a slot out of the list.
    fn unlink(&mut self, index: u32) {
        let Slot { previous, next, .. } = self.slots[index as usize];
        self.set_next(previous, next);
        match self.slots.get_mut(next as usize) {
            Some(slot) => slot.previous = previous,
            None => self.last = previous,
        }
        self.waiting -= 1;
    }

    /// Sets what follows `index`, or the first of all if that is no slot.
    fn set_next(&mut self, index: u32, next: u32) {
        match self.slots.get_mut(index as usize) {
            Some(slot) => slot.next = next,
            None => self.first = next,
        }
    }
}
