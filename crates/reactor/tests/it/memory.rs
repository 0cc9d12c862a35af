//! Memory goes back after a peak, when the loop has nothing else to do.

use crate::descriptors::{alone, is_alone};
use crate::world::{MS, World, poll_once};
use asyncio_reactor::{Park, Readiness, Source, sleep};
use std::collections::BTreeSet;

/// The resident memory of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    let resident: usize = pages.split_whitespace().nth(1).unwrap().parse().unwrap();
    resident * rustix::param::page_size()
}

#[test]
#[cfg(target_os = "linux")]
fn after_a_peak_of_timers_and_sources_memory_is_where_it_was() {
    if !is_alone() {
        let name = "memory::after_a_peak_of_timers_and_sources_memory_is_where_it_was";
        let (ok, text) = alone(name);
        assert!(ok && text.contains("1 passed"), "{text}");
        return;
    }
    const MIB: usize = 1 << 20;
    let world = World::new();
    let _entered = world.reactor.enter();
    // What lives on, as in every program, keeps the tables from being empty.
    let (mut survivor, _source) = (sleep(1000 * MS), Source::new());
    assert!(poll_once(&mut survivor).is_pending());
    let before = resident();
    let mut sleeps: Vec<_> = (0..1_000_000).map(|n| sleep(MS + n % 50 * MS)).collect();
    sleeps.iter_mut().for_each(|sleep| assert!(poll_once(sleep).is_pending()));
    let sources: Vec<_> = (0..300_000).map(|_| Source::new()).collect();
    assert!(resident() > before + 60 * MIB, "there is a peak");
    // Half of them fire, and half are dropped.
    sleeps.truncate(500_000);
    while world.reactor.timer_count() > 1 {
        assert!(world.reactor.park().is_continue());
    }
    drop((sleeps, sources));
    assert!(world.reactor.is_trim_due());
    world.reactor.trim();
    assert!(!world.reactor.is_trim_due());
    let kept = resident().saturating_sub(before);
    assert!(kept < 8 * MIB, "{kept} bytes more than before");
    while poll_once(&mut survivor).is_pending() {
        assert!(world.reactor.park().is_continue());
    }
}

#[test]
fn sources_that_are_made_after_a_trim_have_keys_of_their_own() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let first = Source::new();
    let mut keys = BTreeSet::from([first.key()]);
    let mut last = 0;
    for _ in 0..3 {
        let sources: Vec<_> = (0..5000).map(|_| Source::new()).collect();
        for source in &sources {
            assert!(keys.insert(source.key()), "a key is never given out twice");
        }
        last = sources[4999].key();
        drop(sources);
        world.reactor.trim();
        // One event after another keeps the world from standing still.
        let event = Readiness { key: first.key(), readable: true, ..Readiness::default() };
        world.script.borrow_mut().push_back((world.reactor.now() + MS, event));
        assert!(world.reactor.park().is_continue());
    }
    // An event that was on its way to the last of them reaches nobody.
    let source = Source::new();
    source.clear_readable();
    let event = Readiness { key: last, readable: true, ..Readiness::default() };
    world.script.borrow_mut().push_back((world.reactor.now() + MS, event));
    assert!(world.reactor.park().is_continue());
    let mut readable = Box::pin(std::future::poll_fn(|cx| source.poll_readable(cx)));
    assert!(poll_once(&mut readable).is_pending());
}
