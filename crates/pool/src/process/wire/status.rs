//! [`Status`]: what a pool and a worker tell each other without a message.
//!
//! A job's slot says how far it is. Whoever moves it on from `QUEUED` owns the job: the worker by
//! starting it, the pool by taking it back.
//!
//! ```text
//!              worker: start               worker or nobody
//!   QUEUED ────────────────────► STARTED ───────────────────► (the slot's next job)
//!     └────────────────────────► REVOKED ───────────────────►
//!              pool: revoke
//! ```
//!
//! Slots are numbered by the worker's own sequence. A slot is used again only [`SLOTS`] jobs later, and
//! the pool never has so many on board.

use crate::process::sys::{SharedPage, WORDS};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// How many jobs may be on their way to one worker.
pub(crate) const SLOTS: u64 = 256;

const QUEUED: u64 = 0;
const STARTED: u64 = 1;
const REVOKED: u64 = 2;

/// Behind the slots.
const READING: usize = SLOTS as usize;
const STARTED_AT: usize = READING + 1;
const REASON: usize = READING + 2;
const MEMORY: usize = READING + 3;
const TAKEN: usize = READING + 4;
const _: () = assert!(TAKEN < WORDS);

/// What a worker leaves behind about its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    None = 0,
    StackOverflow = 1,
    LostConnection = 2,
}

/// The status page of one worker.
#[derive(Debug)]
pub(crate) struct Status {
    page: SharedPage,
}

impl Status {
    pub(crate) fn new(page: SharedPage) -> Self {
        Self { page }
    }

    fn slot(sequence: u64) -> usize {
        (sequence % SLOTS) as usize
    }

    /// The pool: a job is on its way.
    pub(crate) fn queue(&self, sequence: u64) {
        self.page[Self::slot(sequence)].store(sequence << 2 | QUEUED, Release);
    }

    /// The worker: takes the job, unless the pool has taken it back.
    pub(crate) fn start(&self, sequence: u64) -> bool {
        self.take(sequence, STARTED)
    }

    /// The pool: takes the job back, unless the worker has started it.
    pub(crate) fn revoke(&self, sequence: u64) -> bool {
        self.take(sequence, REVOKED)
    }

    fn take(&self, sequence: u64, as_: u64) -> bool {
        let slot = &self.page[Self::slot(sequence)];
        let queued = sequence << 2 | QUEUED;
        slot.compare_exchange(queued, sequence << 2 | as_, AcqRel, Acquire).is_ok()
    }

    /// Whether the worker has started this job.
    pub(crate) fn has_started(&self, sequence: u64) -> bool {
        self.page[Self::slot(sequence)].load(Acquire) == sequence << 2 | STARTED
    }

    /// The worker: the message with this job is being read.
    pub(crate) fn set_reading(&self, sequence: u64) {
        self.page[READING].store(sequence, Relaxed);
    }

    /// Which job's message was read last.
    pub(crate) fn reading(&self) -> u64 {
        self.page[READING].load(Relaxed)
    }

    /// The worker: has come to this job, started it or not.
    pub(crate) fn set_taken(&self, sequence: u64) {
        self.page[TAKEN].store(sequence, Relaxed);
    }

    /// The last job that the worker has come to.
    pub(crate) fn taken(&self) -> u64 {
        self.page[TAKEN].load(Relaxed)
    }

    /// The worker, before it starts a job: the time on the monotonic clock in nanoseconds.
    pub(crate) fn set_started_at(&self, nanos: u64) {
        // The start that follows releases it.
        self.page[STARTED_AT].store(nanos, Relaxed);
    }

    /// When the last job was started.
    pub(crate) fn started_at(&self) -> u64 {
        self.page[STARTED_AT].load(Relaxed)
    }

    /// The worker: why it will end.
    pub(crate) fn set_reason(&self, reason: Reason) {
        self.page[REASON].store(reason as u64, Relaxed);
    }

    /// Where a signal handler writes a reason, as a number.
    pub(crate) fn reason_word(&self) -> &AtomicU64 {
        &self.page[REASON]
    }

    pub(crate) fn reason(&self) -> Reason {
        match self.page[REASON].load(Relaxed) {
            1 => Reason::StackOverflow,
            2 => Reason::LostConnection,
            _ => Reason::None,
        }
    }

    /// The worker, after a job, if it was asked to: its resident memory in bytes.
    pub(crate) fn set_memory(&self, bytes: u64) {
        self.page[MEMORY].store(bytes, Relaxed);
    }

    pub(crate) fn memory(&self) -> u64 {
        self.page[MEMORY].load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_started_or_revoked_and_never_both() {
        let (page, _file) = SharedPage::create().unwrap();
        let status = Status::new(page);
        for sequence in 1..=3 * SLOTS {
            status.queue(sequence);
            assert!(!status.has_started(sequence));
            if sequence % 2 == 0 {
                assert!(status.start(sequence) && !status.revoke(sequence));
            } else {
                assert!(status.revoke(sequence) && !status.start(sequence));
            }
            assert_eq!(status.has_started(sequence), sequence % 2 == 0);
            assert!(!status.start(sequence + SLOTS), "the slot's next job is not there yet");
        }
    }
}
