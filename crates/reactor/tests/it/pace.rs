//! How often a busy loop looks, and how long a parked one waits.

#[path = "../../src/pacing.rs"]
mod pacing;

use crate::world::{MS, WakeCount, World, at, poll_with};
use asyncio_core::time::Clock;
use asyncio_core::{budget, yield_now};
use asyncio_reactor::{AsyncFd, Instant, OsClock, Park, Reactor, now, sleep, sleep_until};
use futures::future::join;
use pacing::{DriverWork, Pacing};
use std::cell::Cell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const US: u64 = 1000;

/// Polls until the loop has to poll its driver.
fn poll_interval() -> u32 {
    let mut polls = 0;
    while !budget::is_interval_over() {
        budget::begin_poll();
        polls += 1;
    }
    polls
}

#[test]
fn a_busy_loop_fires_every_50_us_and_looks_every_200() {
    let pacing = Pacing::new();
    pacing.waited();
    let work: Vec<_> = (0..41_u64)
        .map(|n| (n, pacing.poll_driver(at(n * 10 * US))))
        .filter(|(_, work)| *work != DriverWork::Nothing)
        .collect();
    let expected = [
        (5, DriverWork::Fire),
        (10, DriverWork::Fire),
        (15, DriverWork::Fire),
        (20, DriverWork::Poll),
        (25, DriverWork::Fire),
        (30, DriverWork::Fire),
        (35, DriverWork::Fire),
        (40, DriverWork::Poll),
    ];
    assert_eq!(work, expected);
}

#[test]
fn a_simulated_loop_looks_by_count() {
    let pacing = Pacing::new();
    let looks: Vec<_> = (1..=12).filter(|_| pacing.poll_simulated_driver()).collect();
    assert_eq!(looks, [4, 8, 12]);
}

#[test]
fn heavy_polls_shorten_the_poll_interval_and_light_ones_lengthen_it() {
    let pacing = Pacing::new();
    pacing.waited();
    let mut time = 0;
    let mut poll_driver = |us: u64| {
        time += us * US;
        let _looks = pacing.poll_driver(at(time));
        poll_interval()
    };
    assert_eq!(poll_driver(0), 32, "the first interval after a wait took no time");
    let heavy: Vec<_> = (0..6).map(|_| poll_driver(200)).collect();
    assert_eq!(heavy, [16, 8, 4, 2, 1, 1]);
    let even: Vec<_> = (0..3).map(|_| poll_driver(30)).collect();
    assert_eq!(even, [1, 1, 1]);
    let light: Vec<_> = (0..7).map(|_| poll_driver(1)).collect();
    assert_eq!(light, [2, 4, 8, 16, 32, 64, 64]);
}

#[test]
fn a_busy_simulated_loop_fires_what_is_due_at_every_fourth_interval() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (count, waker) = WakeCount::new();
    let mut due = sleep_until(at(0));
    assert!(poll_with(&mut due, &waker).is_pending());
    let fired: Vec<_> = (0..4)
        .map(|_| {
            world.reactor.poll_driver();
            count.get()
        })
        .collect();
    assert_eq!(fired, [0, 0, 0, 1]);
    assert!(world.waits.borrow().is_empty(), "it is never asked for a mere look");
}

#[test]
fn a_park_with_something_due_does_not_wait() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut due = sleep_until(at(0));
    assert!(poll_with(&mut due, std::task::Waker::noop()).is_pending());
    assert!(world.reactor.park().is_continue());
    assert!(world.waits.borrow().is_empty());
}

#[test]
fn dense_timers_are_exact_in_a_simulated_world() {
    let world = World::new();
    world.reactor.block_on(async {
        for _ in 0..20 {
            // Two at a time, which counts as dense.
            let next = now() + Duration::from_nanos(10);
            join(sleep_until(next), sleep_until(next)).await;
            assert_eq!(now(), next);
        }
    });
    assert_eq!(world.reactor.now(), at(200));
}

#[test]
fn real_nothing_fires_early() {
    let reactor = Reactor::new().unwrap();
    reactor.block_on(async {
        for us in [1, 10, 50, 100, 500, 999, 1001, 3000] {
            let before = OsClock.now();
            sleep(Duration::from_micros(us)).await;
            assert!(OsClock.now() - before >= Duration::from_micros(us));
        }
    });
}

#[test]
fn real_a_nearer_deadline_re_arms_the_alarm_and_a_cancelled_one_does_no_harm() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let mut long = sleep(Duration::from_secs(3600));
    assert!(poll_with(&mut long, std::task::Waker::noop()).is_pending());
    reactor.unparker().unpark();
    // The timerfd stands at the far one now.
    assert!(reactor.park().is_continue());
    let before = reactor.now();
    reactor.block_on(sleep(MS));
    assert!(reactor.now() - before < Duration::from_secs(3600));
    let mut cancelled = sleep(2 * MS);
    assert!(poll_with(&mut cancelled, std::task::Waker::noop()).is_pending());
    drop(cancelled);
    let before = reactor.now();
    reactor.block_on(sleep(5 * MS));
    assert!(reactor.now() - before >= 5 * MS);
    assert_eq!(reactor.timer_count(), 1);
}

#[test]
fn real_a_busy_task_starves_neither_timers_nor_descriptors() {
    let reactor = Reactor::new().unwrap();
    let done = Cell::new(0);
    reactor.block_on(async {
        let (here, mut there) = UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::new(here).unwrap();
        let timer = async {
            sleep(MS).await;
            there.write_all(b"x").unwrap();
            done.set(done.get() + 1);
        };
        let reader = async {
            here.read_with(|mut stream| stream.read(&mut [0; 8])).await.unwrap();
            done.set(done.get() + 1);
        };
        let busy = async {
            while done.get() < 2 {
                yield_now().await;
            }
        };
        join(join(timer, reader), busy).await;
    });
}

#[test]
fn real_many_timers_all_fire_with_and_without_slack() {
    for slack in [Duration::ZERO, Duration::from_micros(20), Duration::from_millis(2)] {
        let reactor = Reactor::builder().timer_slack(slack).build().unwrap();
        let start = reactor.now();
        reactor.block_on(async {
            let sleeps = (0..5000_u64).map(|n| async move {
                let deadline = start + Duration::from_micros(n);
                sleep_until(deadline).await;
                assert!(now() >= deadline);
            });
            futures::future::join_all(sleeps).await;
        });
        assert!(reactor.now() - start >= Duration::from_micros(4999));
        assert_eq!(reactor.timer_count(), 0);
    }
}

#[test]
fn real_clocks_of_two_loops_compare() {
    let (one, two) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let first: Instant = one.now();
    let second = two.now();
    assert!(second >= first && second - first < Duration::from_secs(3600));
}

#[test]
fn a_poll_that_is_asked_for_fires_what_is_due_whatever_was_done_before() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (count, waker) = WakeCount::new();
    let mut sleeping = sleep(MS);
    assert!(poll_with(&mut sleeping, &waker).is_pending());
    world.reactor.poll_now();
    assert_eq!(count.get(), 0, "it is not due");
    world.clock.advance(MS);
    world.reactor.poll_now();
    assert_eq!(count.get(), 1);
    assert!(world.waits.borrow().is_empty(), "and nothing has waited");
}

#[test]
fn a_poll_that_is_asked_for_asks_the_system_and_does_not_wait() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, mut there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = AsyncFd::new(here).unwrap();
    let (count, waker) = WakeCount::new();
    let mut reading = here.readable();
    assert!(poll_with(&mut reading, &waker).is_pending());
    reactor.poll_now();
    there.write_all(b"x").unwrap();
    for _ in 0..3 {
        // Right after another poll, too, when pacing would leave it out.
        reactor.poll_now();
    }
    assert_eq!(count.get(), 1);
}
