//! Futures that say when they have ended, as `select!` asks of them.

use crate::world::{MS, World, poll_once};
use asyncio_core::budget;
use asyncio_reactor::{AsyncFd, Park, Reactor, interval, sleep, timeout};
use futures::future::FusedFuture;
use futures::select_biased;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[test]
fn a_sleep_is_terminated_when_it_has_said_that_it_has_ended() {
    let world = World::new();
    let _entered = world.reactor.enter();
    for duration in [Duration::ZERO, MS] {
        let mut sleeping = sleep(duration);
        assert!(!sleeping.is_terminated());
        assert!(poll_once(&mut sleeping).is_pending());
        if !duration.is_zero() {
            assert!(world.reactor.park().is_continue());
        }
        // Although its time has come: a poll without budget has not said so yet.
        {
            let _budget = budget::enter();
            budget::begin_poll();
            while budget::spend(budget::STEP) {}
            assert!(poll_once(&mut sleeping).is_pending());
        }
        assert!(!sleeping.is_terminated() && !sleeping.is_elapsed());
        assert!(poll_once(&mut sleeping).is_ready());
        assert!(sleeping.is_terminated());
        sleeping.reset(world.reactor.now() + MS);
        assert!(!sleeping.is_terminated());
    }
}

#[test]
fn all_futures_of_this_crate_can_be_selected() {
    let world = World::new();
    world.reactor.block_on(async {
        let mut ticks = interval(2 * MS);
        ticks.tick().await;
        let mut slow = Box::pin(timeout(10 * MS, std::future::pending::<()>()));
        let mut sleeping = sleep(5 * MS);
        let mut log = Vec::new();
        while log.len() < 6 {
            select_biased! {
                _ = sleeping => log.push("sleep"),
                _ = slow => log.push("timeout"),
                _ = ticks.tick() => log.push("tick"),
            }
        }
        assert_eq!(log, ["tick", "tick", "sleep", "tick", "tick", "timeout"]);
    });
    Reactor::new().unwrap().block_on(async {
        let (here, _there) = UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::new(here).unwrap();
        let mut reading = here.read_with(|mut stream| stream.read(&mut [0]));
        let mut writable = here.writable();
        select_biased! {
            _ = reading => panic!("there is nothing to read"),
            ready = writable => ready.unwrap(),
        }
        assert!(writable.is_terminated() && !reading.is_terminated());
    });
}
