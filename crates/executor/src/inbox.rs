//! The one door through which other threads reach a loop. Safe code; model-checked by path inclusion.
//!
//! Protocol: a pusher appends under the lock; if it finds `parked` set it clears it and rings the bell
//! after the lock is released, so there is at most one ring a park. The loop looks at the `filled`
//! flag once a turn (one load) and swaps the whole batch out. To wait it calls
//! [`park`](Inbox::park), which refuses while anything is inside. Entries of one thread stay in order.

use crate::primitives::{AtomicBool, Mutex, Ordering};

/// Entries from other threads, until the loop takes them.
#[derive(Debug)]
pub(crate) struct Inbox<E> {
    /// Whether `queue` has entries; written under the lock, read without it.
    filled: AtomicBool,
    queue: Mutex<Queue<E>>,
}

#[derive(Debug)]
struct Queue<E> {
    entries: Vec<E>,
    parked: bool,
    closed: bool,
}

/// What a successful push asks of the pusher.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bell {
    /// The loop is parked and this push is the one to wake it.
    Ring,
    /// The loop is awake, or somebody else rings.
    Silent,
}

impl<E> Inbox<E> {
    pub(crate) fn new() -> Self {
        let queue = Queue { entries: Vec::new(), parked: false, closed: false };
        Self { filled: AtomicBool::new(false), queue: Mutex::new(queue) }
    }

    /// Appends an entry. A closed inbox gives it back.
    pub(crate) fn push(&self, entry: E) -> Result<Bell, E> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(entry);
        }
        queue.entries.push(entry);
        self.filled.store(true, Ordering::Release);
        let ring = std::mem::replace(&mut queue.parked, false);
        Ok(if ring { Bell::Ring } else { Bell::Silent })
    }

    /// Appends an entry that can wait until the loop is awake for another reason.
    pub(crate) fn push_quietly(&self, entry: E) -> Result<(), E> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(entry);
        }
        queue.entries.push(entry);
        self.filled.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether there may be entries. One load: for the loop's every turn.
    #[inline]
    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// Swaps the entries with `batch`, which must be empty; its memory is used again.
    pub(crate) fn take(&self, batch: &mut Vec<E>) {
        let mut queue = self.queue.lock();
        self.filled.store(false, Ordering::Relaxed);
        std::mem::swap(&mut queue.entries, batch);
    }

    /// Gives memory back, if nothing is inside.
    pub(crate) fn trim(&self) {
        let mut queue = self.queue.lock();
        if queue.entries.is_empty() {
            queue.entries = Vec::new();
        }
    }

    /// Announces that the loop is about to wait. `false`: there is something to take first.
    #[must_use]
    pub(crate) fn park(&self) -> bool {
        let mut queue = self.queue.lock();
        queue.parked = queue.entries.is_empty();
        queue.parked
    }

    /// The loop is awake again, whoever woke it.
    pub(crate) fn unpark(&self) {
        self.queue.lock().parked = false;
    }

    /// Refuses all further entries and gives those that are inside.
    pub(crate) fn close(&self) -> Vec<E> {
        let mut queue = self.queue.lock();
        queue.closed = true;
        self.filled.store(false, Ordering::Relaxed);
        std::mem::take(&mut queue.entries)
    }

    /// Whether the loop is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.lock().closed
    }
}
