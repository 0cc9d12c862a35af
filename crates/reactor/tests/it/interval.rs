//! S-18: no drift, and what happens to ticks that were missed.

use crate::world::{MS, World, panic_of};
use asyncio_reactor::{Instant, MissedTick, interval, interval_at, now, sleep, timeout};
use futures::StreamExt;
use std::future::Future;
use std::task::Poll;
use std::time::Duration;

fn ms(instant: Instant) -> u128 {
    (instant - Instant::ZERO).as_millis()
}

/// Ticks every 10 ms; after the first tick the task is away until 35 ms.
fn ticks_after_being_away(missed_tick: MissedTick) -> Vec<(u128, u128)> {
    let world = World::new();
    world.reactor.block_on(async {
        let mut interval = interval(10 * MS);
        interval.set_missed_tick(missed_tick);
        assert_eq!(interval.missed_tick(), missed_tick);
        interval.tick().await;
        sleep(35 * MS).await;
        let mut ticks = Vec::new();
        for _ in 0..5 {
            let due = interval.tick().await;
            ticks.push((ms(due), ms(now())));
        }
        ticks
    })
}

#[test]
fn it_ticks_at_once_and_then_without_drift() {
    let world = World::new();
    let ticks = world.reactor.block_on(async {
        let mut interval = interval(10 * MS);
        let mut ticks = Vec::new();
        for _ in 0..4 {
            ticks.push((ms(interval.tick().await), ms(now())));
            // Work that takes time does not shift the ticks.
            sleep(3 * MS).await;
        }
        ticks
    });
    assert_eq!(ticks, [(0, 0), (10, 10), (20, 20), (30, 30)]);
}

#[test]
fn burst_makes_up_for_missed_ticks() {
    let ticks = ticks_after_being_away(MissedTick::Burst);
    assert_eq!(ticks, [(10, 35), (20, 35), (30, 35), (40, 40), (50, 50)]);
}

#[test]
fn delay_counts_from_the_late_tick() {
    let ticks = ticks_after_being_away(MissedTick::Delay);
    assert_eq!(ticks, [(10, 35), (45, 45), (55, 55), (65, 65), (75, 75)]);
}

#[test]
fn skip_keeps_to_the_multiples() {
    let ticks = ticks_after_being_away(MissedTick::Skip);
    assert_eq!(ticks, [(10, 35), (40, 40), (50, 50), (60, 60), (70, 70)]);
}

#[test]
fn a_tick_that_was_given_up_is_not_lost() {
    let world = World::new();
    world.reactor.block_on(async {
        let mut interval = interval(10 * MS);
        interval.tick().await;
        assert!(timeout(4 * MS, interval.tick()).await.is_err());
        assert_eq!(ms(interval.tick().await), 10);
    });
}

#[test]
fn a_period_of_zero_is_refused_and_the_longest_never_comes_twice() {
    assert!(panic_of(|| interval(Duration::ZERO)).contains("interval of zero"));
    let world = World::new();
    world.reactor.block_on(async {
        for missed_tick in [MissedTick::Burst, MissedTick::Delay, MissedTick::Skip] {
            let mut interval = interval(Duration::MAX);
            interval.set_missed_tick(missed_tick);
            interval.tick().await;
            assert!(timeout(100 * MS, interval.tick()).await.is_err());
        }
    });
}

#[test]
fn an_interval_needs_a_running_loop() {
    assert!(panic_of(|| interval(MS)).contains("no running event loop"));
}

#[test]
fn it_may_begin_at_an_instant_and_begin_again() {
    let world = World::new();
    let ticks = world.reactor.block_on(async {
        let mut interval = interval_at(now() + 7 * MS, 10 * MS);
        let mut ticks = vec![ms(interval.tick().await), ms(interval.tick().await)];
        sleep(3 * MS).await;
        interval.reset();
        ticks.extend([ms(interval.tick().await), ms(interval.tick().await)]);
        interval.reset_at(now() + MS);
        ticks.extend([ms(interval.tick().await), ms(interval.tick().await)]);
        ticks
    });
    assert_eq!(ticks, [7, 17, 30, 40, 41, 51]);
}

#[test]
fn it_is_a_stream_of_its_ticks() {
    let world = World::new();
    let ticks: Vec<_> =
        world.reactor.block_on(async { interval(10 * MS).take(3).map(ms).collect().await });
    assert_eq!(ticks, [0, 10, 20]);
}

#[test]
fn a_task_that_waits_for_a_tick_is_woken_at_the_new_time_after_a_reset() {
    let world = World::new();
    world.reactor.block_on(async {
        let mut late = interval_at(now() + 30_000 * MS, 30_000 * MS);
        let (mut resets, mut polls) = (sleep(5 * MS), 0);
        let due = std::future::poll_fn(|cx| {
            polls += 1;
            if let Poll::Ready(due) = late.poll_tick(cx) {
                return Poll::Ready(due);
            }
            if !resets.is_elapsed() && std::pin::Pin::new(&mut resets).poll(cx).is_ready() {
                late.reset_at(now() + 10 * MS);
            }
            Poll::Pending
        });
        assert_eq!(ms(due.await), 15);
        assert_eq!((ms(now()), polls), (15, 3), "nobody polls in vain");
        assert_eq!(ms(late.tick().await), 30_015);
    });
}
