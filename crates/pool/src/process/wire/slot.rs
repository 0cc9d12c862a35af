//! One job's slot on the status page: whose the job is.
//!
//! Whoever moves a slot on from `QUEUED` owns the job: the worker by starting it, the pool by taking it
//! back. The two are different processes, and either may die at any moment.
//!
//! ```text
//!              worker: start               worker or nobody
//!   QUEUED ────────────────────► STARTED ───────────────────► (the slot's next job)
//!     └────────────────────────► REVOKED ───────────────────►
//!              pool: revoke
//! ```
//!
//! A slot holds the sequence of its job, too, so that a job that comes after it in the same slot is not
//! taken for it. Loom explores this file (`crates/models`).

use crate::primitives::{AtomicU64, Ordering};

const QUEUED: u64 = 0;
const STARTED: u64 = 1;
const REVOKED: u64 = 2;

fn word(sequence: u64, state: u64) -> u64 {
    sequence << 2 | state
}

/// The pool: the job is on its way.
pub(crate) fn queue(slot: &AtomicU64, sequence: u64) {
    slot.store(word(sequence, QUEUED), Ordering::Release);
}

/// The worker: takes the job, unless the pool has taken it back.
pub(crate) fn start(slot: &AtomicU64, sequence: u64) -> bool {
    claim(slot, sequence, STARTED)
}

/// The pool: takes the job back, unless the worker has started it.
pub(crate) fn revoke(slot: &AtomicU64, sequence: u64) -> bool {
    claim(slot, sequence, REVOKED)
}

fn claim(slot: &AtomicU64, sequence: u64, state: u64) -> bool {
    let (queued, claimed) = (word(sequence, QUEUED), word(sequence, state));
    slot.compare_exchange(queued, claimed, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// Whether the worker has started this job; then what it wrote before is seen.
pub(crate) fn has_started(slot: &AtomicU64, sequence: u64) -> bool {
    slot.load(Ordering::Acquire) == word(sequence, STARTED)
}
