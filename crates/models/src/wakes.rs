//! Model 1: a wake is never lost, whenever it comes, and it brings along what was written before it.

use crate::bell::{explore, explore_bounded};
use crate::home::Home;
use crate::world::World;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

/// The loop as it runs: drain, poll what is queued, else wait for the bell.
fn run_until_read(home: &mut Home, news: u64) {
    while home.read != news {
        if home.is_queued() {
            home.run();
            home.drain();
        } else {
            home.wait();
        }
    }
}

#[test]
fn wake_during_a_poll_or_its_end_or_a_park_leads_to_another_poll() {
    explore(|| {
        let world = World::new();
        let mut home = Home::new(&world, 1, false);
        home.wake();
        let abroad = Arc::clone(&world);
        let waker = thread::spawn(move || {
            abroad.news.store(1, Relaxed);
            abroad.wake();
        });
        run_until_read(&mut home, 1);
        assert!(home.polls <= 2, "one wake brings at most one poll beside the first");
        home.complete();
        home.close();
        waker.join().unwrap();
        assert!(world.bell.rings() <= 1);
        world.assert_all_given_back();
    });
}

#[test]
fn two_wakers_are_both_heard() {
    explore_bounded(|| {
        let world = World::new();
        let mut home = Home::new(&world, 2, false);
        let wakers = [1, 2].map(|news| {
            let abroad = Arc::clone(&world);
            thread::spawn(move || {
                abroad.news.fetch_add(news, Relaxed);
                abroad.wake();
            })
        });
        run_until_read(&mut home, 3);
        assert!(home.polls <= 2, "two wakes bring at most two polls");
        home.complete();
        home.close();
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
        let mut home = Home::new(&world, 2, false);
        // Tells that both wakes are over, and orders nothing.
        let over = Arc::new(loom::sync::atomic::AtomicU64::new(0));
        let wakers = [0, 1].map(|news| {
            let (abroad, over) = (Arc::clone(&world), Arc::clone(&over));
            thread::spawn(move || {
                abroad.news.fetch_add(news, Relaxed);
                abroad.wake_by_ref();
                over.fetch_add(1, Relaxed);
                abroad.drop_waker();
            })
        });
        home.drain();
        let mut read = 0;
        if home.is_queued() {
            home.run();
            read = home.read;
        }
        while over.load(Relaxed) != 2 {
            thread::yield_now();
        }
        home.drain();
        if home.is_queued() {
            home.run();
            read = home.read;
        }
        // An entry that `is_filled` did not show yet counts as a wake that is still to come.
        if world.inbox.park() {
            assert_eq!(read, 1, "a wake came without what was written before it");
        }
        home.complete();
        home.close();
        for waker in wakers {
            waker.join().unwrap();
        }
        world.assert_all_given_back();
    });
}
