//! Model 8: a job on its way to a worker process, which the pool wants back.
//!
//! The two processes are threads here. What the pool writes before it sends a job reaches the worker by the
//! message, for which the start of the thread stands.

use crate::bell::explore;
use crate::block::Block;
use crate::primitives::{AtomicU64, Ordering};
use crate::slot;
use loom::sync::Arc;
use loom::thread;

const SEQUENCE: u64 = 3;
/// The job that uses the same slot next.
const NEXT: u64 = SEQUENCE + 256;

struct Page {
    slot: AtomicU64,
    started_at: AtomicU64,
    /// What the job works on: whoever owns the job may change it.
    job: Block,
}

fn page() -> Arc<Page> {
    let page = Arc::new(Page {
        slot: AtomicU64::new(0),
        started_at: AtomicU64::new(0),
        job: Block::new(),
    });
    slot::queue(&page.slot, SEQUENCE);
    page
}

/// The worker comes to the job: what `worker::jobs` does with a message.
fn come_to(page: &Page, sequence: u64) -> bool {
    page.started_at.store(sequence, Ordering::Relaxed);
    slot::start(&page.slot, sequence)
}

#[test]
fn a_job_is_started_or_taken_back_and_never_both() {
    explore(|| {
        let page = page();
        let worker = {
            let page = Arc::clone(&page);
            thread::spawn(move || {
                let is_ours = come_to(&page, SEQUENCE);
                if is_ours {
                    page.job.change();
                }
                is_ours
            })
        };
        let taken_back = slot::revoke(&page.slot, SEQUENCE);
        if taken_back {
            page.job.change();
        }
        let started = worker.join().unwrap();
        assert!(started != taken_back, "exactly one has the job");
        assert_eq!(slot::has_started(&page.slot, SEQUENCE), started);
    });
}

#[test]
fn who_sees_that_a_job_has_started_sees_when() {
    explore(|| {
        let page = page();
        let worker = {
            let page = Arc::clone(&page);
            thread::spawn(move || come_to(&page, SEQUENCE))
        };
        if slot::has_started(&page.slot, SEQUENCE) {
            assert_eq!(page.started_at.load(Ordering::Relaxed), SEQUENCE);
        }
        assert!(worker.join().unwrap(), "nobody else wants it");
    });
}

#[test]
fn the_next_job_in_a_slot_is_not_taken_for_the_one_before() {
    explore(|| {
        let page = page();
        assert!(slot::revoke(&page.slot, SEQUENCE));
        slot::queue(&page.slot, NEXT);
        let worker = {
            let page = Arc::clone(&page);
            // The message with the job that was taken back is still in the pipe.
            thread::spawn(move || (come_to(&page, SEQUENCE), come_to(&page, NEXT)))
        };
        assert!(!slot::revoke(&page.slot, SEQUENCE), "it is gone");
        let taken_back = slot::revoke(&page.slot, NEXT);
        let (before, next) = worker.join().unwrap();
        assert!(!before, "a job that was taken back is never started");
        assert!(next != taken_back, "exactly one has the next job");
    });
}
