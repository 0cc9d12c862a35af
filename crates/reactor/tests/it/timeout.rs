//! S-16: who wins a tie, and what is dropped when.

use crate::world::{MS, World, poll_once};
use asyncio_reactor::{Instant, Park, TimeoutError, now, sleep, timeout, timeout_at};
use std::cell::Cell;
use std::future::{pending, ready};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

#[test]
fn a_value_in_time_is_returned_and_the_timer_is_gone() {
    let world = World::new();
    let result = world.reactor.block_on(async {
        timeout(10 * MS, async {
            sleep(MS).await;
            7
        })
        .await
    });
    assert_eq!(result, Ok(7));
    assert_eq!((world.reactor.timer_count(), world.reactor.now()), (0, Instant::ZERO + MS));
}

#[test]
fn the_value_wins_a_tie() {
    let world = World::new();
    let (before, after) = world.reactor.block_on(async {
        let early = sleep(5 * MS);
        let before = timeout(5 * MS, early).await;
        // Made after the timeout's own timer, and so woken after it; both in the same wait.
        let mut other = None;
        let late = timeout(5 * MS, async {
            other = Some(sleep(5 * MS));
            other.take().unwrap().await;
        });
        (before, late.await)
    });
    assert_eq!((before, after.is_ok()), (Ok(()), true));
}

#[test]
fn s16_the_future_is_dropped_before_the_error_is_returned() {
    struct Held(Rc<Cell<bool>>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    let world = World::new();
    let is_held = Rc::new(Cell::new(true));
    let held = Held(Rc::clone(&is_held));
    world.reactor.block_on(async {
        let mut limited = pin!(timeout(MS, async move {
            let _held = held;
            pending::<()>().await;
        }));
        assert_eq!(limited.as_mut().await.unwrap_err().limit(), Some(MS));
        assert!(!is_held.get(), "although the timeout itself is still there");
        assert_eq!(now(), Instant::ZERO + MS);
    });
}

#[test]
fn time_counts_from_the_making() {
    let world = World::new();
    world.reactor.block_on(async {
        let limited = timeout(3 * MS, pending::<()>());
        sleep(2 * MS).await;
        assert!(limited.await.is_err());
        assert_eq!(now(), Instant::ZERO + 3 * MS);
    });
}

#[test]
fn a_timeout_of_zero_lets_the_future_run_once() {
    let world = World::new();
    world.reactor.block_on(async {
        assert_eq!(timeout(Duration::ZERO, ready(7)).await, Ok(7));
        assert_eq!(
            timeout(Duration::ZERO, pending::<()>()).await.unwrap_err().limit(),
            Some(Duration::ZERO)
        );
        assert_eq!(now(), Instant::ZERO);
    });
}

#[test]
fn a_timeout_can_be_put_off() {
    let world = World::new();
    world.reactor.block_on(async {
        let mut limited = pin!(timeout(MS, pending::<()>()));
        assert!(poll_once(&mut limited.as_mut()).is_pending());
        limited.as_mut().reschedule(now() + 9 * MS);
        assert!(limited.await.is_err());
        assert_eq!(now(), Instant::ZERO + 9 * MS);
    });
}

#[test]
fn an_endless_timeout_is_none() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut limited = Box::pin(timeout(Duration::MAX, pending::<()>()));
    assert!(poll_once(&mut limited).is_pending());
    assert!(world.reactor.park().is_break());
}

#[test]
fn the_error_says_so_and_turns_into_an_io_error() {
    assert_eq!(error().to_string(), "timed out after 50ms");
    assert_eq!(error().limit(), Some(50 * MS));
    assert_eq!(std::io::Error::from(error()).kind(), std::io::ErrorKind::TimedOut);
}

/// The error cannot be made outside of the crate, so it has to be had.
fn error() -> TimeoutError {
    let world = World::new();
    world.reactor.block_on(timeout(50 * MS, pending::<()>())).unwrap_err()
}

#[test]
fn a_timeout_at_an_instant_ends_then_and_names_no_limit() {
    let world = World::new();
    world.reactor.block_on(async {
        let deadline = now() + 5 * MS;
        let error = timeout_at(deadline, pending::<()>()).await.unwrap_err();
        assert_eq!(now(), deadline);
        assert_eq!((error.limit(), error.to_string()), (None, "timed out".to_owned()));
        assert_eq!(timeout_at(deadline, async { 7 }).await, Ok(7), "the value wins");
    });
}
