//! Model 1: a wake is never lost, whenever it comes, and it brings along what was written before it.

use crate::bell::{explore, explore_bounded};
use crate::owner::Owner;
use crate::world::World;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

/// The loop as it runs: drain, poll what is queued, else wait for the bell.
fn run_until_read(owner: &mut Owner, news: u64) {
    while owner.read != news {
        if owner.is_queued() {
            owner.run();
            owner.drain();
        } else {
            owner.wait();
        }
    }
}

#[test]
fn wake_during_a_poll_or_its_end_or_a_park_leads_to_another_poll() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 1, false);
        owner.wake();
        let remote = Arc::clone(&world);
        let waker = thread::spawn(move || {
            remote.news.store(1, Relaxed);
            remote.wake();
        });
        run_until_read(&mut owner, 1);
        assert!(owner.polls <= 2, "one wake brings at most one poll beside the first");
        owner.complete();
        owner.close();
        waker.join().unwrap();
        assert!(world.bell.rings() <= 1);
        world.assert_all_given_back();
    });
}

#[test]
fn two_wakers_are_both_heard() {
    explore_bounded(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 2, false);
        let wakers = [1, 2].map(|news| {
            let remote = Arc::clone(&world);
            thread::spawn(move || {
                remote.news.fetch_add(news, Relaxed);
                remote.wake();
            })
        });
        run_until_read(&mut owner, 3);
        assert!(owner.polls <= 2, "two wakes bring at most two polls");
        owner.complete();
        owner.close();
        for waker in wakers {
            waker.join().unwrap();
        }
        world.assert_all_given_back();
    });
}

/// The second waker finds `NOTIFIED` set and pushes nothing. What it wrote must still be seen by the
/// poll that the first one's entry brings; so it may not skip its write to the word.
#[test]
fn second_wake_publishes_although_an_entry_is_on_its_way() {
    explore_bounded(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 2, false);
        // Tells that both wakes are over, and orders nothing.
        let over = Arc::new(loom::sync::atomic::AtomicU64::new(0));
        let wakers = [0, 1].map(|news| {
            let (remote, over) = (Arc::clone(&world), Arc::clone(&over));
            thread::spawn(move || {
                remote.news.fetch_add(news, Relaxed);
                remote.wake_by_ref();
                over.fetch_add(1, Relaxed);
                remote.drop_waker();
            })
        });
        owner.drain();
        let mut read = 0;
        if owner.is_queued() {
            owner.run();
            read = owner.read;
        }
        while over.load(Relaxed) != 2 {
            thread::yield_now();
        }
        owner.drain();
        if owner.is_queued() {
            owner.run();
            read = owner.read;
        }
        // An entry that `is_filled` did not show yet counts as a wake that is still to come.
        if world.inbox.park() {
            assert_eq!(read, 1, "a wake came without what was written before it");
        }
        owner.complete();
        owner.close();
        for waker in wakers {
            waker.join().unwrap();
        }
        world.assert_all_given_back();
    });
}
