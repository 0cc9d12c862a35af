//! S-12: whatever is ready spends the budget of the poll, so that nothing starves the others.

use crate::world::{MS, World, poll_once};
use asyncio_core::{budget, gather};
use asyncio_reactor::{AsyncFd, Instant, Park, Reactor, interval, now, sleep, timeout};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How many steps a task takes in one poll, of those that `step` is asked for without end.
fn steps_in_a_poll(mut step: impl FnMut(&mut Context<'_>) -> Poll<()>) -> u32 {
    let _entered = budget::enter();
    budget::begin_poll();
    let mut context = Context::from_waker(Waker::noop());
    (0..10 * budget::PER_POLL).take_while(|_| step(&mut context).is_ready()).count() as u32
}

#[test]
fn a_thousand_ready_operations_have_one_budget() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let fds: Vec<_> = (0..1000)
        .map(|_| {
            let (here, _there) = UnixStream::pair().unwrap();
            here.set_nonblocking(true).unwrap();
            AsyncFd::new(here).unwrap()
        })
        .collect();
    let operations = Cell::new(0);
    let busy = |fd| {
        let fd: &AsyncFd<UnixStream> = fd;
        let operations = &operations;
        async move {
            for _ in 0..100 {
                let write = |_: &_| {
                    operations.set(operations.get() + 1);
                    Ok(())
                };
                fd.write_with(write).await.unwrap();
            }
        }
    };
    for count in [1, 2, 30, 31, 1000] {
        let mut all = pin!(gather(fds[..count].iter().map(busy).collect::<Vec<_>>()));
        let _budget = budget::enter();
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let before = operations.get();
            budget::begin_poll();
            let polled = all.as_mut().poll(&mut context);
            let done = operations.get() - before;
            assert!(done <= budget::PER_POLL / budget::IO, "{done} in one poll, {count} futures");
            if polled.is_ready() {
                break;
            }
        }
    }
}

#[test]
fn late_ticks_give_way() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut late = interval(Duration::from_micros(10));
    world.clock.advance(1000 * MS);
    assert_eq!(steps_in_a_poll(|cx| late.poll_tick(cx).map(drop)), budget::PER_POLL / budget::IO);
}

#[test]
fn late_ticks_do_not_hold_up_a_sibling() {
    let world = World::new();
    world.reactor.block_on(async {
        let ticks = Cell::new(0);
        let ticking = async {
            let mut interval = interval(Duration::from_micros(10));
            while ticks.get() < 100_000 {
                interval.tick().await;
                ticks.set(ticks.get() + 1);
                // The work takes longer than the period, so that all further ticks are late.
                world.clock.advance(Duration::from_micros(20));
            }
        };
        let sleeping = async {
            sleep(MS).await;
            now()
        };
        let ((), woken) = gather((ticking, sleeping)).await;
        let late = woken - (Instant::ZERO + MS);
        assert!(late < 100 * MS, "{late:?} late, of two seconds");
    });
}

#[test]
fn a_sleep_that_has_ended_gives_way_when_it_is_asked_again_and_again() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut ended = sleep(MS);
    assert!(poll_once(&mut ended).is_pending());
    assert!(world.reactor.park().is_continue());
    let steps = steps_in_a_poll(|cx| Pin::new(&mut ended).poll(cx));
    assert_eq!(steps, budget::PER_POLL);
}

#[test]
fn many_sleeps_that_end_at_once_give_way() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut sleeps: Vec<_> = (0..1000).map(|_| sleep(MS)).collect();
    sleeps.iter_mut().for_each(|sleep| assert!(poll_once(sleep).is_pending()));
    assert!(world.reactor.park().is_continue());
    let mut ended = sleeps.iter_mut();
    let steps = steps_in_a_poll(|cx| Pin::new(ended.next().unwrap()).poll(cx));
    assert_eq!(steps, budget::PER_POLL);
    // Who was refused has lost nothing.
    assert!(sleeps.iter_mut().all(|sleep| poll_once(sleep).is_ready()));
}

#[test]
fn timeouts_around_what_is_always_ready_give_way() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let steps = steps_in_a_poll(|cx| {
        let ready = pin!(timeout(MS, std::future::ready(())));
        ready.poll(cx).map(|outcome| outcome.unwrap())
    });
    assert_eq!(steps, budget::PER_POLL);
}

#[test]
fn confirmed_readiness_gives_way() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, _there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = AsyncFd::new(here).unwrap();
    let steps = steps_in_a_poll(|cx| here.poll_writable(cx).map(|ready| ready.unwrap()));
    assert_eq!(steps, budget::PER_POLL / budget::IO);
    let mut ready = pin!(poll_fn(|cx| here.poll_writable(cx)));
    assert!(poll_once(&mut ready).is_ready(), "outside of a loop nothing is limited");
}
