//! What a pending task waits for.
//!
//! A leaf future calls [`pending_on`] on the path on which it returns `Poll::Pending`; the executor
//! clears the note before a poll and takes it after one ([`clear`], [`take`]). The note is three words
//! in a thread-local without destructor: cheap enough to be always on, and safe.
//! If several leaves pend in one poll (a `gather`, a `timeout`), the last one to speak is kept.

use crate::id::TaskId;
use crate::time::Instant;
use std::cell::Cell;
use std::fmt;
use std::panic::Location;

/// The kind of thing a task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum WaitKind {
    /// The end of another task; the object is its [`TaskId`].
    Task,
    /// A point in time; the object is the [`Instant`] in nanoseconds.
    Timer,
    /// An I/O source to become readable; the object is its slot in the reactor.
    Readable,
    /// An I/O source to become writable; the object is its slot in the reactor.
    Writable,
    /// A [`Promise`](crate::Promise) to be resolved.
    Promise,
    /// A job on an executor of threads or processes.
    Job,
    /// A name to be resolved.
    Name,
    /// Permits of a semaphore; the object is their number.
    Permit,
    /// Nothing: the task gave way and is already queued again.
    Yield,
}

/// What a task waits for, and where in the source it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WaitNote {
    kind: WaitKind,
    object: u64,
    at: &'static Location<'static>,
}

impl WaitNote {
    /// A note made by hand; leaf futures use [`pending_on`].
    #[must_use]
    pub const fn new(kind: WaitKind, object: u64, at: &'static Location<'static>) -> Self {
        Self { kind, object, at }
    }

    /// The kind of thing waited for.
    #[must_use]
    pub const fn kind(&self) -> WaitKind {
        self.kind
    }

    /// Which thing of that kind; see [`WaitKind`] for what the number means.
    #[must_use]
    pub const fn object(&self) -> u64 {
        self.object
    }

    /// The `.await` (or the combinator) that waits.
    #[must_use]
    pub const fn at(&self) -> &'static Location<'static> {
        self.at
    }
}

impl fmt::Display for WaitNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object;
        match self.kind {
            WaitKind::Task => write!(f, "task {}", TaskId::from_u64(object))?,
            WaitKind::Timer if object == u64::MAX => f.write_str("a timer that never fires")?,
            WaitKind::Timer => write!(f, "the time {}", Instant::from_nanos(object))?,
            WaitKind::Readable => write!(f, "source {object} to be readable")?,
            WaitKind::Writable => write!(f, "source {object} to be writable")?,
            WaitKind::Promise => f.write_str("a promise")?,
            WaitKind::Job => f.write_str("a job of an executor")?,
            WaitKind::Name => f.write_str("a name to be resolved")?,
            WaitKind::Permit if object == 1 => f.write_str("a permit")?,
            WaitKind::Permit => write!(f, "{object} permits")?,
            WaitKind::Yield => f.write_str("its next turn")?,
        }
        write!(f, " at {}", self.at)
    }
}

thread_local! {
    static KIND: Cell<Option<WaitKind>> = const { Cell::new(None) };
    static OBJECT: Cell<u64> = const { Cell::new(0) };
    static AT: Cell<&'static Location<'static>> = const { Cell::new(NOWHERE) };
}

const NOWHERE: &Location<'static> = Location::caller();

/// Says that the future being polled is pending on `object`.
///
/// `#[track_caller]` on a future's `poll` makes `Location::caller()` the place of the `.await`, so leaf
/// futures carry that attribute and need no argument for the place.
#[inline]
#[track_caller]
pub fn pending_on(kind: WaitKind, object: u64) {
    KIND.set(Some(kind));
    OBJECT.set(object);
    AT.set(Location::caller());
}

/// Forgets the note; an executor calls it before it polls a task.
#[inline]
pub fn clear() {
    KIND.set(None);
}

/// The note written since [`clear`], if any; an executor calls it after a pending poll.
#[inline]
#[must_use]
pub fn take() -> Option<WaitNote> {
    KIND.take().map(|kind| WaitNote { kind, object: OBJECT.get(), at: AT.get() })
}

/// Puts a note back; for an executor that polls a task inside the poll of another.
#[inline]
pub fn restore(note: Option<WaitNote>) {
    KIND.set(note.map(|note| note.kind));
    if let Some(note) = note {
        OBJECT.set(note.object);
        AT.set(note.at);
    }
}
