//! Who wakes when, in virtual time: S-13 to S-15, S-17, S-19 and S-41 on the reactor itself.

use crate::world::{MS, WakeCount, World, at, poll_once, poll_with};
use asyncio_core::yield_now;
use asyncio_reactor::{Instant, Park, Wait, now, sleep, sleep_until, try_now};
use futures::future::{join, join_all};
use proptest::prelude::*;
use std::cell::RefCell;
use std::time::Duration;

fn wakes_of(delays: &[u64], order_of_polls: &[usize]) -> Vec<(u64, usize)> {
    let world = World::new();
    let log = RefCell::new(Vec::new());
    world.reactor.block_on(async {
        // All are made first, in order, and polled in another.
        let mut sleeps: Vec<_> =
            delays.iter().map(|&d| Some(sleep(Duration::from_nanos(d)))).collect();
        let tasks = order_of_polls.iter().map(|&who| {
            let (sleep, log) = (sleeps[who].take().unwrap(), &log);
            async move {
                sleep.await;
                log.borrow_mut().push((now().as_nanos(), who));
            }
        });
        join_all(tasks.collect::<Vec<_>>()).await;
    });
    assert_eq!(world.reactor.timer_count(), 0);
    log.into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn prop_s14_sleeps_end_exactly_at_their_deadline(
        delays in prop::collection::vec(1_u64..3_000_000_000, 1..40),
    ) {
        let polls: Vec<_> = (0..delays.len()).collect();
        let wakes = wakes_of(&delays, &polls);
        prop_assert!(wakes.iter().all(|&(time, who)| time == delays[who]));
        prop_assert!(wakes.is_sorted_by_key(|&(time, _)| time));
    }

    #[test]
    fn prop_s15_equal_deadlines_fire_in_the_order_the_sleeps_were_made(
        delays in prop::collection::vec(prop::sample::select(vec![1_u64, 7, 2 << 20, 3 << 40]), 1..40),
        shuffle in any::<prop::sample::Index>(),
    ) {
        let world = World::new();
        let _entered = world.reactor.enter();
        let mut sleeps: Vec<_> = delays.iter().map(|&d| sleep(Duration::from_nanos(d))).collect();
        let log = std::sync::Arc::new(wake_log::Log::default());
        // Polled from somewhere in the middle: the order of polls must not matter.
        let first = shuffle.index(delays.len());
        for who in (0..delays.len()).map(|n| (first + n) % delays.len()) {
            let waker = wake_log::waker(&log, who);
            prop_assert!(poll_with(&mut sleeps[who], &waker).is_pending());
        }
        while world.reactor.timer_count() > 0 {
            prop_assert!(world.reactor.park().is_continue());
        }
        let mut expected: Vec<_> = (0..delays.len()).collect();
        expected.sort_by_key(|&who| (delays[who], who));
        prop_assert_eq!(log.take(), expected);
    }
}

/// A waker that writes its number into a log.
mod wake_log {
    use std::sync::{Arc, Mutex};
    use std::task::{Wake, Waker};

    #[derive(Debug, Default)]
    pub(crate) struct Log(Mutex<Vec<usize>>);

    impl Log {
        pub(crate) fn take(&self) -> Vec<usize> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    struct Entry(Arc<Log>, usize);

    impl Wake for Entry {
        fn wake(self: Arc<Self>) {
            self.0.0.lock().unwrap().push(self.1);
        }
    }

    pub(crate) fn waker(log: &Arc<Log>, number: usize) -> Waker {
        Waker::from(Arc::new(Entry(Arc::clone(log), number)))
    }
}

#[test]
fn s17_a_sleep_of_zero_gives_way_once_and_takes_no_time() {
    let world = World::new();
    let log = RefCell::new(Vec::new());
    world.reactor.block_on(join(
        async {
            log.borrow_mut().push("a");
            sleep(Duration::ZERO).await;
            log.borrow_mut().push("a again");
        },
        async {
            log.borrow_mut().push("b");
            yield_now().await;
            log.borrow_mut().push("b again");
        },
    ));
    assert_eq!(log.into_inner(), ["a", "b", "a again", "b again"]);
    assert_eq!(world.reactor.now(), Instant::ZERO);
    assert!(world.waits.borrow().is_empty());
}

#[test]
fn s19_virtual_time_never_stops_at_a_cancelled_deadline() {
    let world = World::new();
    let deadline = |n: u64| at(10_000_000 + n);
    world.reactor.block_on(async {
        // All in one slot, so that the earliest leave their records behind when they go.
        let mut sleeps: Vec<_> = (0..100).map(|n| sleep_until(deadline(n))).collect();
        sleeps.iter_mut().for_each(|sleep| assert!(poll_once(sleep).is_pending()));
        let mut left = sleeps.split_off(50);
        drop(sleeps);
        left.truncate(2);
        join_all(left).await;
    });
    let expected = [50, 51].map(|n| Wait::Until(deadline(n)));
    assert_eq!(*world.waits.borrow(), expected);
}

#[test]
fn s41_an_idle_jump_lands_exactly_on_the_next_deadline_however_far() {
    let world = World::new();
    let year = Duration::from_secs(365 * 24 * 3600);
    world.reactor.block_on(async {
        sleep(100 * year).await;
        assert_eq!(now(), Instant::ZERO + 100 * year);
        sleep(Duration::from_nanos(1)).await;
        assert_eq!(now(), Instant::ZERO + 100 * year + Duration::from_nanos(1));
    });
}

#[test]
fn the_longest_sleep_never_ends_and_is_no_deadline() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (count, waker) = WakeCount::new();
    let mut for_ever = sleep(Duration::MAX);
    assert!(poll_with(&mut for_ever, &waker).is_pending());
    assert!(world.reactor.park().is_break(), "nothing can ever happen");
    assert_eq!(*world.waits.borrow(), [Wait::Forever]);
    world.clock.set(Instant::FAR_FUTURE);
    let mut other = sleep_until(at(7));
    assert!(poll_with(&mut other, &waker).is_pending());
    assert!(world.reactor.park().is_continue());
    assert_eq!(count.get(), 1, "only the other one");
}

#[test]
fn a_deadline_in_the_past_fires_at_the_next_park_without_a_wait() {
    let world = World::new();
    world.clock.advance(MS);
    world.reactor.block_on(async {
        sleep_until(at(5)).await;
        assert_eq!(now(), Instant::ZERO + MS);
    });
    assert!(world.waits.borrow().is_empty());
}

#[test]
fn a_sleep_counts_from_its_making_not_from_its_first_poll() {
    let world = World::new();
    world.reactor.block_on(async {
        let slow = sleep(10 * MS);
        sleep(4 * MS).await;
        slow.await;
        assert_eq!(now(), Instant::ZERO + 10 * MS);
    });
}

#[test]
fn a_sleep_made_outside_of_a_loop_counts_from_its_first_poll() {
    let world = World::new();
    world.clock.advance(MS);
    let later = sleep(10 * MS);
    assert_eq!(later.deadline(), Instant::FAR_FUTURE);
    world.reactor.block_on(later);
    assert_eq!(world.reactor.now(), Instant::ZERO + 11 * MS);
    let gives_way = sleep(Duration::ZERO);
    world.reactor.block_on(gives_way);
    assert_eq!(world.reactor.now(), Instant::ZERO + 11 * MS);
}

#[test]
fn resetting_moves_a_deadline_either_way_and_ranks_it_anew() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (moved_count, moved_waker) = WakeCount::new();
    let mut moved = sleep(10 * MS);
    assert!(poll_with(&mut moved, &moved_waker).is_pending());
    moved.reset(at(1));
    assert_eq!(world.reactor.timer_count(), 1);
    assert!(world.reactor.park().is_continue());
    assert_eq!((world.reactor.now(), moved_count.get()), (at(1), 1));
    assert!(poll_once(&mut moved).is_ready());
    assert!(moved.is_elapsed());
    assert!(poll_once(&mut moved).is_ready(), "it stays over");
    moved.reset(at(9));
    assert!(!moved.is_elapsed());
    world.reactor.block_on(moved);
    assert_eq!(world.reactor.now(), at(9));
}

#[test]
fn a_sleep_polled_by_another_task_wakes_that_one_only() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let ((first, first_waker), (second, second_waker)) = (WakeCount::new(), WakeCount::new());
    let mut sleep = sleep(MS);
    assert!(poll_with(&mut sleep, &first_waker).is_pending());
    assert!(poll_with(&mut sleep, &second_waker).is_pending());
    assert!(world.reactor.park().is_continue());
    assert_eq!((first.get(), second.get()), (0, 1));
}

#[test]
fn a_hundred_thousand_timers_fire_in_order_and_leave_nothing() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (count, waker) = WakeCount::new();
    let mut sleeps: Vec<_> = (0..100_000_u64)
        .map(|n| sleep_until(at(n.wrapping_mul(7_919_317) % 1_000_000_000)))
        .collect();
    sleeps.iter_mut().for_each(|sleep| assert!(poll_with(sleep, &waker).is_pending()));
    world.clock.advance(Duration::from_secs(1));
    assert!(world.reactor.park().is_continue());
    assert_eq!((count.get(), world.reactor.timer_count()), (100_000, 0));
}

#[test]
fn the_clock_is_the_loops_own_and_nobodys_outside() {
    let world = World::new();
    world.clock.advance(MS);
    assert_eq!(try_now(), None);
    {
        let _entered = world.reactor.enter();
        assert_eq!(try_now(), Some(Instant::ZERO + MS));
        let inner = World::new();
        let entered = inner.reactor.enter();
        assert_eq!(now(), Instant::ZERO);
        drop(entered);
        assert_eq!(now(), Instant::ZERO + MS);
    }
    assert_eq!(try_now(), None);
}
