//! A closed semaphore gives nothing, and keeps nobody waiting (S-82).

use crate::support::{WakeCount, look, poll};
use asyncio_sync::{Closed, Semaphore, TryAcquireError};
use std::task::Poll;

fn is_refused(polled: Poll<Result<asyncio_sync::Permit<'_>, Closed>>) -> bool {
    matches!(polled, Poll::Ready(Err(Closed)))
}

#[test]
fn those_who_wait_and_those_who_come_are_refused() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut waiting = [semaphore.acquire(), semaphore.acquire_many(7)];
    let wakers = [WakeCount::new(), WakeCount::new()];
    for (wait, (_, waker)) in waiting.iter_mut().zip(&wakers) {
        assert!(poll(wait, waker).is_pending());
    }
    semaphore.close();
    assert!(semaphore.is_closed());
    assert_eq!(wakers.each_ref().map(|(count, _)| count.get()), [1, 1]);
    drop(held);
    assert!(waiting.iter_mut().all(|wait| is_refused(look(wait))));
    assert!(is_refused(look(&mut semaphore.acquire())));
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed(Closed));
    assert_eq!(semaphore.available_permits(), 1, "what was given comes back");
    semaphore.close();
    assert_eq!(wakers.each_ref().map(|(count, _)| count.get()), [1, 1]);
}

#[test]
fn what_was_granted_before_stays_granted() {
    let semaphore = Semaphore::new(0);
    let (mut first, mut second) = (semaphore.acquire(), semaphore.acquire());
    assert!(look(&mut first).is_pending() && look(&mut second).is_pending());
    semaphore.release(1);
    semaphore.close();
    assert!(matches!(look(&mut first), Poll::Ready(Ok(_))));
    assert!(is_refused(look(&mut second)));
}

#[test]
fn errors_say_what_happened() {
    assert_eq!(Closed.to_string(), "closed: no more permits are given");
    assert_eq!(TryAcquireError::Closed(Closed).to_string(), Closed.to_string());
    assert_eq!(TryAcquireError::NoPermits.to_string(), "not enough permits are available");
}

#[test]
#[should_panic(expected = "polled after it has given its result")]
fn polling_again_after_the_end_panics() {
    let semaphore = Semaphore::new(1);
    let mut acquire = semaphore.acquire();
    assert!(look(&mut acquire).is_ready());
    drop(look(&mut acquire));
}
