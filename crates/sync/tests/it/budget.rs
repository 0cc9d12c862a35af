//! A semaphore that always has permits gives way like everything else (S-12), and nobody loses a permit by that.

use crate::support::{WakeCount, look, poll};
use asyncio_core::budget;
use asyncio_sync::{Closed, Semaphore};
use std::task::Poll;

#[test]
fn a_free_permit_costs_a_step_of_the_budget() {
    let _budget = budget::enter();
    budget::begin_poll();
    let semaphore = Semaphore::new(1);
    let (count, waker) = WakeCount::new();
    let served =
        (0..).take_while(|_| poll(&mut semaphore.acquire(), &waker).is_ready()).take(1_000).count();
    assert_eq!(served, budget::PER_POLL as usize);
    assert_eq!(count.get(), 1, "it is polled again");
}

#[test]
fn a_refusal_costs_a_step_as_well() {
    let _budget = budget::enter();
    budget::begin_poll();
    let semaphore = Semaphore::new(1);
    semaphore.close();
    let refused = (0..).take_while(|_| look(&mut semaphore.acquire()).is_ready()).take(1_000);
    assert_eq!(refused.count(), budget::PER_POLL as usize);
}

#[test]
fn one_without_budget_keeps_its_permit_until_the_next_poll_or_gives_it_back() {
    let _budget = budget::enter();
    budget::begin_poll();
    while budget::spend(budget::STEP) {}
    let semaphore = Semaphore::new(1);
    let mut held_back = semaphore.acquire();
    assert!(look(&mut held_back).is_pending());
    assert!(semaphore.try_acquire().is_err(), "it came first");
    budget::begin_poll();
    let permit = look(&mut held_back);
    assert!(matches!(permit, Poll::Ready(Ok(_))));
    drop(permit);

    while budget::spend(budget::STEP) {}
    let mut held_back = semaphore.acquire();
    assert!(look(&mut held_back).is_pending());
    semaphore.close();
    drop(held_back);
    assert_eq!(semaphore.available_permits(), 1);
    budget::begin_poll();
    assert!(matches!(look(&mut semaphore.acquire()), Poll::Ready(Err(Closed))));
}
