//! The one word of a task cell that other threads touch. Safe code; model-checked by path inclusion.
//!
//! The count of references is *biased*: the owner thread counts its own in ordinary memory, and this
//! word counts the references made and given up on another thread. A reference made on the owner thread and dropped on another
//! drives this count below zero until [`Word::merge`] adds what the owner had counted. After the merge the
//! count here is the whole truth, and whoever brings it to zero frees the cell.
//!
//! | bits | meaning |
//! | --- | --- |
//! | 0 | `MERGED`: the owner gave up its hold and its count is included |
//! | 1 | `NOTIFIED`: one entry for this cell is in the inbox and owns one count |
//! | 2 | `DETACH`: that entry also carries a task handle dropped on another thread |
//! | 3 | `CANCEL`: that entry also carries a request that the task end |
//! | 4.. | the count, signed, in steps of `ONE`; 60 bits cannot overflow in a lifetime |

use crate::primitives::{AtomicU64, Ordering};

const MERGED: u64 = 1;
const NOTIFIED: u64 = 2;
const DETACH: u64 = 4;
const CANCEL: u64 = 8;
const ONE: u64 = 16;

/// The shared word. See the module.
#[derive(Debug)]
pub(crate) struct Word(AtomicU64);

/// What the caller of a foreign wake or detach has to do.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Notify {
    /// Push an entry for the cell; its count is already taken.
    Push,
    /// Nothing: an entry is on its way, or the task is over.
    Done,
}

/// What the drain learns from taking an entry out.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// A handle dropped on another thread came with it.
    pub(crate) detach: bool,
    /// Somebody on another thread asked the task to end.
    pub(crate) cancel: bool,
    /// The entry's count was the last: the cell must be freed.
    pub(crate) last: bool,
}

impl Word {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// A reference was cloned on another thread, from one that is held there.
    #[inline]
    pub(crate) fn increment(&self) {
        self.0.fetch_add(ONE, Ordering::Relaxed);
    }

    /// A reference was dropped on another thread. `true`: it was the last, and the caller frees the cell.
    #[inline]
    #[must_use]
    pub(crate) fn decrement(&self) -> bool {
        self.0.fetch_sub(ONE, Ordering::AcqRel) == MERGED | ONE
    }

    /// Whether the owner has given the cell up: the task is over, or its loop closed.
    #[inline]
    pub(crate) fn is_merged(&self) -> bool {
        self.0.load(Ordering::Acquire) & MERGED != 0
    }

    /// A wake from another thread.
    pub(crate) fn notify(&self) -> Notify {
        self.notify_with(0)
    }

    /// A request from another thread that the task end. It wakes the task, too.
    pub(crate) fn request_cancel(&self) -> Notify {
        self.notify_with(CANCEL)
    }

    fn notify_with(&self, request: u64) -> Notify {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            if seen & MERGED != 0 {
                return Notify::Done;
            }
            let first = seen & NOTIFIED == 0;
            let mut next = seen | request;
            if first {
                next = (next | NOTIFIED).wrapping_add(ONE);
            }
            // The write happens even if it changes nothing: it publishes what this thread did before
            // the wake to the poll that the pending entry will bring.
            match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if first => return Notify::Push,
                Ok(_) => return Notify::Done,
                Err(now) => seen = now,
            }
        }
    }

    /// A task handle is dropped on another thread. The caller owns one more count afterwards, which keeps cell
    /// and loop alive while it pushes; it gives that up with [`decrement`](Self::decrement).
    pub(crate) fn detach(&self) -> Notify {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let first = seen & NOTIFIED == 0;
            let mut next = (seen | NOTIFIED | DETACH).wrapping_add(ONE);
            if first {
                next = next.wrapping_add(ONE);
            }
            match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if first => return Notify::Push,
                Ok(_) => return Notify::Done,
                Err(now) => seen = now,
            }
        }
    }

    /// The owner thread takes an entry out of the inbox, or a pusher takes back what a closed inbox
    /// refused.
    pub(crate) fn consume(&self) -> Entry {
        let mut seen = self.0.load(Ordering::Relaxed);
        loop {
            let next = (seen & !(NOTIFIED | DETACH | CANCEL)).wrapping_sub(ONE);
            match self.0.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    return Entry {
                        detach: seen & DETACH != 0,
                        cancel: seen & CANCEL != 0,
                        last: next == MERGED,
                    };
                }
                Err(now) => seen = now,
            }
        }
    }

    /// Owner thread only: whether nothing is outstanding on another thread. If the owner counts none either, nobody can make
    /// a new reference, and a plain load decides: each live reference is counted once on one side, and
    /// what this load sees together with the owner's own operations is closed under happens-before.
    #[inline]
    pub(crate) fn is_zero(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// The owner gives up its hold and adds what it had counted. `true`: nobody is left, free the cell.
    #[must_use]
    pub(crate) fn merge(&self, counted_by_owner: u64) -> bool {
        let add = MERGED.wrapping_add(counted_by_owner.wrapping_mul(ONE));
        self.0.fetch_add(add, Ordering::AcqRel).wrapping_add(add) == MERGED
    }
}
