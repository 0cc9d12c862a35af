//! [`Status`]: what a pool and a worker tell each other without a message.
//!
//! For each job on its way there is a slot, which says whose it is ([`slot`]).
//! Slots are numbered by the worker's own sequence. A slot is used again only [`SLOTS`] jobs later, and
//! the pool never has so many on board.

use crate::primitives::AtomicU64;
use crate::primitives::Ordering::{Acquire, Relaxed, Release};
use crate::process::sys::{SharedPage, WORDS};
use crate::process::wire::slot;

/// How many jobs may be on their way to one worker.
pub(crate) const SLOTS: u64 = 256;

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

    fn slot(&self, sequence: u64) -> &AtomicU64 {
        &self.page[(sequence % SLOTS) as usize]
    }

    /// The pool: a job is on its way.
    pub(crate) fn queue(&self, sequence: u64) {
        slot::queue(self.slot(sequence), sequence);
    }

    /// The worker: takes the job, unless the pool has taken it back.
    pub(crate) fn start(&self, sequence: u64) -> bool {
        slot::start(self.slot(sequence), sequence)
    }

    /// The pool: takes the job back, unless the worker has started it.
    pub(crate) fn revoke(&self, sequence: u64) -> bool {
        slot::revoke(self.slot(sequence), sequence)
    }

    /// Whether the worker has started this job.
    pub(crate) fn has_started(&self, sequence: u64) -> bool {
        slot::has_started(self.slot(sequence), sequence)
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
        self.page[TAKEN].store(sequence, Release);
    }

    /// The last job that the worker has come to.
    pub(crate) fn taken(&self) -> u64 {
        self.page[TAKEN].load(Acquire)
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
