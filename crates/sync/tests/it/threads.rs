//! One semaphore, several threads, each with an executor of its own.

use crate::support::{Numbers, look};
use asyncio_sync::Semaphore;
use futures::executor::block_on;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[test]
fn never_more_than_allowed_hold_a_permit_and_none_is_lost() {
    const PERMITS: usize = 3;
    let (semaphore, held) = (Semaphore::new(PERMITS), AtomicUsize::new(0));
    let worker = |seed| {
        let mut numbers = Numbers(seed);
        for _ in 0..3_000 {
            let wanted = 1 + numbers.below(PERMITS);
            let mut acquire = semaphore.acquire_many(wanted);
            // One of three looks once and goes, whatever became of it.
            if numbers.below(3) == 0 {
                drop(look(&mut acquire));
                continue;
            }
            let permit = block_on(acquire).unwrap();
            let now = held.fetch_add(wanted, Ordering::SeqCst) + wanted;
            assert!(now <= PERMITS, "{now} hold a permit");
            held.fetch_sub(wanted, Ordering::SeqCst);
            drop(permit);
        }
    };
    thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || worker(seed));
        }
    });
    assert_eq!(semaphore.available_permits(), PERMITS);
    assert!(!semaphore.is_locked());
}

#[test]
fn closing_ends_every_thread_that_waits() {
    let semaphore = Semaphore::new(0);
    thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..4).map(|_| scope.spawn(|| block_on(semaphore.acquire()).is_err())).collect();
        while !waiting.iter().all(thread::ScopedJoinHandle::is_finished) {
            semaphore.close();
            thread::yield_now();
        }
        assert!(waiting.into_iter().all(|thread| thread.join().unwrap()));
    });
}
