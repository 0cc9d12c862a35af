//! Who comes first is served first (S-80).

use crate::support::{WakeCount, look, poll};
use asyncio_sync::{Semaphore, TryAcquireError, WaitQueue};
use futures_core::future::FusedFuture;
use std::task::Poll;

#[test]
fn permits_are_given_in_the_order_of_the_first_polls() {
    let semaphore = Semaphore::new(0);
    let (mut first, mut second, mut third) =
        (semaphore.acquire(), semaphore.acquire(), semaphore.acquire());
    // The third is made last and polled first.
    assert!(look(&mut third).is_pending() && look(&mut first).is_pending());
    assert!(look(&mut second).is_pending());
    semaphore.release(2);
    assert!(look(&mut second).is_pending());
    assert!(look(&mut first).is_ready() && look(&mut third).is_ready());
}

#[test]
fn who_waits_is_not_overtaken_for_fewer_permits() {
    let semaphore = Semaphore::new(2);
    let mut large = semaphore.acquire_many(3);
    assert!(look(&mut large).is_pending());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    let mut small = semaphore.acquire();
    assert!(look(&mut small).is_pending());
    assert_eq!(semaphore.available_permits(), 2);
    assert!(semaphore.is_locked());
    semaphore.release(1);
    let large = match look(&mut large) {
        Poll::Ready(permit) => permit.unwrap(),
        Poll::Pending => panic!("there are three"),
    };
    assert!(look(&mut small).is_pending());
    drop(large);
    assert!(look(&mut small).is_ready());
}

#[test]
fn a_released_permit_belongs_to_the_first_before_it_runs() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut waiting = semaphore.acquire();
    let (count, waker) = WakeCount::new();
    assert!(poll(&mut waiting, &waker).is_pending());
    drop(held);
    assert_eq!(count.get(), 1);
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    assert!(look(&mut semaphore.acquire()).is_pending());
    assert!(poll(&mut waiting, &waker).is_ready());
    assert_eq!(count.get(), 1, "it is woken once");
}

#[test]
fn several_permits_wake_as_many_as_they_are_enough_for() {
    let semaphore = Semaphore::new(0);
    let mut waiting: Vec<_> = [1, 2, 3, 1].map(|n| semaphore.acquire_many(n)).into();
    let wakers: Vec<_> = waiting.iter().map(|_| WakeCount::new()).collect();
    for (wait, (_, waker)) in waiting.iter_mut().zip(&wakers) {
        assert!(poll(wait, waker).is_pending());
    }
    semaphore.release(5);
    let counts: Vec<_> = wakers.iter().map(|(count, _)| count.get()).collect();
    assert_eq!(counts, [1, 1, 0, 0], "the third wants one more, and the fourth stands behind it");
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let semaphore = Semaphore::new(0);
    let mut waiting = semaphore.acquire();
    let ((former, former_waker), (last, last_waker)) = (WakeCount::new(), WakeCount::new());
    assert!(poll(&mut waiting, &former_waker).is_pending());
    assert!(poll(&mut waiting, &last_waker).is_pending());
    drop(former_waker);
    assert_eq!(std::sync::Arc::strong_count(&former), 1, "its waker was given back");
    semaphore.release(1);
    assert_eq!((former.get(), last.get()), (0, 1));
    assert!(poll(&mut waiting, &last_waker).is_ready());
    assert!(waiting.is_terminated());
}

#[test]
fn a_forgotten_permit_does_not_come_back() {
    let semaphore = Semaphore::new(2);
    semaphore.try_acquire_many(2).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.release(5);
    assert_eq!(semaphore.available_permits(), 5);
    semaphore.release(usize::MAX);
    assert_eq!(semaphore.available_permits(), usize::MAX, "the number saturates");
}

#[test]
fn no_permits_wait_their_turn_as_well() {
    let semaphore = Semaphore::new(0);
    assert!(look(&mut semaphore.acquire_many(0)).is_ready());
    let mut one = semaphore.acquire();
    let mut none = semaphore.acquire_many(0);
    assert!(look(&mut one).is_pending() && look(&mut none).is_pending());
    semaphore.release(1);
    assert!(look(&mut none).is_ready() && look(&mut one).is_ready());
}

#[test]
fn a_queue_without_memory_notifies_those_who_wait_now() {
    let queue = WaitQueue::without_memory();
    queue.release(1);
    let mut waiting: Vec<_> = (0..5).map(|_| queue.wait(1)).collect();
    for wait in &mut waiting {
        assert!(look(wait).is_pending());
    }
    queue.release(1);
    queue.release(2);
    let mut late = queue.wait(1);
    assert!(look(&mut late).is_pending());
    assert_eq!(queue.waiting(), 3);
    queue.release(usize::MAX);
    assert!(waiting.iter_mut().all(|wait| look(wait).is_ready()));
    assert!(look(&mut late).is_ready());
    assert_eq!(queue.available(), 0);
    assert!(look(&mut queue.wait(1)).is_pending(), "nothing was kept");
}
