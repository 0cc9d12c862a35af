//! Model 2: whoever gives up the last reference frees the cell, nobody frees it twice, and nobody uses
//! it, or its loop, after that.

use crate::bell::{explore, explore_bounded};
use crate::home::Home;
use crate::world::World;
use loom::sync::atomic::AtomicU64;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::sync::{Arc, Mutex};
use loom::thread;

#[test]
fn wake_against_complete_against_the_last_drop() {
    explore(|| {
        let world = World::new();
        let mut home = Home::new(&world, 1, false);
        let abroad = Arc::clone(&world);
        let waker = thread::spawn(move || {
            abroad.wake_by_ref();
            abroad.drop_waker();
        });
        home.drain();
        home.complete();
        home.drain();
        home.close();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn two_wakers_one_cloned_abroad_against_complete_and_close() {
    explore_bounded(|| {
        let world = World::new();
        let mut home = Home::new(&world, 2, false);
        let abroad = Arc::clone(&world);
        let first = thread::spawn(move || {
            abroad.clone_waker();
            abroad.wake();
            abroad.drop_waker();
        });
        let abroad = Arc::clone(&world);
        let second = thread::spawn(move || abroad.wake());
        home.drain();
        home.complete();
        home.close();
        first.join().unwrap();
        second.join().unwrap();
        world.assert_all_given_back();
    });
}

/// The last reference goes abroad while the loop still runs: its block comes home by the inbox.
#[test]
fn last_drop_abroad_sends_the_block_home() {
    explore_bounded(|| {
        let world = World::new();
        let mut home = Home::new(&world, 2, false);
        let droppers = [(), ()].map(|()| {
            let abroad = Arc::clone(&world);
            thread::spawn(move || abroad.drop_waker())
        });
        home.complete();
        home.drain();
        for dropper in droppers {
            dropper.join().unwrap();
        }
        home.close();
        world.assert_all_given_back();
    });
}

/// Made abroad and dropped at home: home's count falls below zero and the shared one makes up for it.
#[test]
fn cloned_abroad_and_dropped_at_home() {
    explore(|| {
        let world = World::new();
        let mut home = Home::new(&world, 1, false);
        let (abroad, post) = (Arc::clone(&world), Arc::new(Mutex::new(0)));
        let sent = Arc::clone(&post);
        let cloner = thread::spawn(move || {
            abroad.clone_waker();
            *sent.lock().unwrap() = 1;
            abroad.drop_waker();
        });
        if std::mem::replace(&mut *post.lock().unwrap(), 2) == 1 {
            home.drop_waker();
            home.complete();
        } else {
            home.complete();
            cloner.join().unwrap();
            home.drop_waker();
            home.close();
            return world.assert_all_given_back();
        }
        home.close();
        cloner.join().unwrap();
        world.assert_all_given_back();
    });
}

/// Only home's own waker is dropped at home, and the clone is dropped abroad: the counts are +1 - 1
/// there and 1 - 1 here, so that the cell is freed by plain loads alone.
#[test]
fn freed_by_a_plain_load() {
    explore(|| {
        let world = World::new();
        let mut home = Home::new(&world, 1, false);
        let (abroad, post) = (Arc::clone(&world), Arc::new(AtomicU64::new(0)));
        let sent = Arc::clone(&post);
        let cloner = thread::spawn(move || {
            abroad.clone_waker();
            sent.store(1, Release);
            abroad.drop_waker();
        });
        let arrived = post.load(Acquire) == 1;
        if arrived {
            home.drop_waker();
        }
        home.complete();
        cloner.join().unwrap();
        if !arrived {
            home.drop_waker();
        }
        home.close();
        world.assert_all_given_back();
    });
}
