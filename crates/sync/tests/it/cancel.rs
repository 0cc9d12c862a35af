//! Waiters that go away, at every moment (S-81).

use crate::support::{WakeCount, look, poll};
use asyncio_sync::{Semaphore, WaitQueue};
use std::sync::Arc;
use std::task::{Poll, Waker};

#[test]
fn one_that_never_began_leaves_nothing_behind() {
    let semaphore = Semaphore::new(1);
    drop(semaphore.acquire());
    assert_eq!(semaphore.available_permits(), 1);
    assert!(!semaphore.is_locked());
}

#[test]
fn one_that_waits_leaves_its_place() {
    let semaphore = Semaphore::new(0);
    let (mut first, mut second, mut third) =
        (semaphore.acquire(), semaphore.acquire(), semaphore.acquire());
    for wait in [&mut first, &mut second, &mut third] {
        assert!(look(wait).is_pending());
    }
    drop(second);
    semaphore.release(2);
    assert!(look(&mut first).is_ready() && look(&mut third).is_ready());
}

#[test]
fn one_that_was_woken_and_goes_hands_its_permit_on() {
    let semaphore = Semaphore::new(0);
    let (mut first, mut second) = (semaphore.acquire(), semaphore.acquire());
    let (count, waker) = WakeCount::new();
    assert!(look(&mut first).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    semaphore.release(1);
    assert_eq!(count.get(), 0);
    drop(first);
    assert_eq!(count.get(), 1);
    assert!(poll(&mut second, &waker).is_ready());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn one_that_was_woken_and_goes_with_nobody_behind_gives_its_permits_back() {
    let semaphore = Semaphore::new(0);
    let mut waiting = semaphore.acquire_many(3);
    assert!(look(&mut waiting).is_pending());
    semaphore.release(3);
    assert_eq!(semaphore.available_permits(), 0);
    drop(waiting);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn a_large_one_that_goes_lets_those_behind_it_pass() {
    let semaphore = Semaphore::new(2);
    let mut large = semaphore.acquire_many(5);
    let mut small: Vec<_> = (0..3).map(|_| semaphore.acquire()).collect();
    let wakers: Vec<_> = small.iter().map(|_| WakeCount::new()).collect();
    assert!(look(&mut large).is_pending());
    for (wait, (_, waker)) in small.iter_mut().zip(&wakers) {
        assert!(poll(wait, waker).is_pending());
    }
    drop(large);
    let counts: Vec<_> = wakers.iter().map(|(count, _)| count.get()).collect();
    assert_eq!(counts, [1, 1, 0]);
}

#[test]
fn a_permit_dropped_by_a_panic_comes_back() {
    let semaphore = Semaphore::new(1);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _permit = semaphore.try_acquire().unwrap();
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    assert!(panicked.is_err());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn an_owned_permit_goes_where_it_likes_and_comes_back() {
    let semaphore = Arc::new(Semaphore::new(2));
    let mut acquire = semaphore.acquire_owned(2);
    let Poll::Ready(Ok(permit)) = look(&mut acquire) else { panic!("there are two") };
    drop(acquire);
    assert_eq!((permit.count(), semaphore.available_permits()), (2, 0));
    let (mut first, mut second) = (semaphore.acquire_owned(1), semaphore.acquire_owned(2));
    assert!(look(&mut first).is_pending() && look(&mut second).is_pending());
    std::thread::scope(|scope| scope.spawn(move || drop(permit)).join().unwrap());
    drop(first);
    let Poll::Ready(Ok(permit)) = look(&mut second) else { panic!("the first handed its own on") };
    permit.forget();
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.close();
    assert!(matches!(look(&mut semaphore.acquire_owned(1)), Poll::Ready(Err(_))));
}

#[test]
fn a_notification_without_memory_is_passed_on_or_lost() {
    let queue = WaitQueue::without_memory();
    let (mut first, mut second) = (queue.wait(1), queue.wait(1));
    assert!(look(&mut first).is_pending() && look(&mut second).is_pending());
    queue.release(1);
    drop(first);
    assert!(look(&mut second).is_ready(), "passed on");
    let mut third = queue.wait(1);
    assert!(look(&mut third).is_pending());
    queue.release(1);
    drop(third);
    assert_eq!(queue.available(), 0, "lost");
}

#[test]
fn wakers_are_given_back_when_their_waiter_goes() {
    let semaphore = Semaphore::new(0);
    let (count, waker) = WakeCount::new();
    let mut waiting = semaphore.acquire();
    assert!(poll(&mut waiting, &waker).is_pending());
    drop(waiting);
    let only: Waker = waker;
    assert_eq!(Arc::strong_count(&count), 2, "the count, and the waker of the test");
    drop(only);
}
