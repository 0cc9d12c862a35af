//! Very many waiters: what one does costs the same however many there are, and memory goes back.

use crate::support::{Numbers, WakeCount, look, poll};
use asyncio_sync::{Acquire, Semaphore};
use std::task::Poll;
use std::time::{Duration, Instant};

fn begin(semaphore: &Semaphore, count: usize) -> Vec<Acquire<'_>> {
    let mut waiting: Vec<_> = (0..count).map(|_| semaphore.acquire()).collect();
    for wait in &mut waiting {
        assert!(look(wait).is_pending());
    }
    waiting
}

#[test]
fn a_hundred_thousand_that_go_in_any_order_leave_the_others_in_theirs() {
    let semaphore = Semaphore::new(0);
    let mut waiting: Vec<_> = begin(&semaphore, 100_000).into_iter().enumerate().collect();
    Numbers(7).shuffle(&mut waiting);
    waiting.truncate(1_000);
    waiting.sort_by_key(|(number, _)| *number);
    for (_, wait) in &mut waiting {
        assert!(look(wait).is_pending());
        semaphore.release(1);
        let Poll::Ready(Ok(permit)) = look(wait) else { panic!("it is the first") };
        permit.forget();
    }
}

/// The best of several times for `count` that begin to wait and go in a random order, half of them woken.
#[expect(clippy::disallowed_methods, reason = "a test that measures")]
fn time_for(count: usize) -> Duration {
    let times = (0..5).map(|seed| {
        let semaphore = Semaphore::new(0);
        let start = Instant::now();
        let mut waiting = begin(&semaphore, count);
        semaphore.release(count / 2);
        Numbers(seed).shuffle(&mut waiting);
        drop(waiting);
        start.elapsed()
    });
    times.min().expect("five times")
}

#[test]
fn real_a_hundred_thousand_cancelled_in_random_order_take_linear_time() {
    let (few, many) = (time_for(5_000), time_for(100_000));
    // Twenty times as many; a list that is searched would take four hundred times as long.
    assert!(many < 120 * few, "{many:?} for 100,000, {few:?} for 5,000");
}

#[test]
fn close_and_release_wake_very_many_once_each() {
    let (count, waker) = WakeCount::new();
    let semaphore = Semaphore::new(0);
    let mut waiting: Vec<_> = (0..100_000).map(|_| semaphore.acquire()).collect();
    for wait in &mut waiting {
        assert!(poll(wait, &waker).is_pending());
    }
    semaphore.release(60_000);
    assert_eq!(count.get(), 60_000);
    semaphore.close();
    assert_eq!(count.get(), 100_000);
}
