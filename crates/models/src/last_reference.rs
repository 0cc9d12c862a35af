//! Model 2: whoever gives up the last reference frees the cell, nobody frees it twice, and nobody uses
//! it, or its loop, after that.

use crate::bell::{explore, explore_bounded};
use crate::owner::Owner;
use crate::world::World;
use loom::sync::atomic::AtomicU64;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::sync::{Arc, Mutex};
use loom::thread;

#[test]
fn wake_against_complete_against_the_last_drop() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 1, false);
        let remote = Arc::clone(&world);
        let waker = thread::spawn(move || {
            remote.wake_by_ref();
            remote.drop_waker();
        });
        owner.drain();
        owner.complete();
        owner.drain();
        owner.close();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn two_wakers_one_cloned_remotely_against_complete_and_close() {
    explore_bounded(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 2, false);
        let remote = Arc::clone(&world);
        let first = thread::spawn(move || {
            remote.clone_waker();
            remote.wake();
            remote.drop_waker();
        });
        let remote = Arc::clone(&world);
        let second = thread::spawn(move || remote.wake());
        owner.drain();
        owner.complete();
        owner.close();
        first.join().unwrap();
        second.join().unwrap();
        world.assert_all_given_back();
    });
}

/// The last reference is dropped on another thread while the loop still runs: its block comes to its owner by the inbox.
#[test]
fn last_drop_remotely_sends_the_block_owner() {
    explore_bounded(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 2, false);
        let droppers = [(), ()].map(|()| {
            let remote = Arc::clone(&world);
            thread::spawn(move || remote.drop_waker())
        });
        owner.complete();
        owner.drain();
        for dropper in droppers {
            dropper.join().unwrap();
        }
        owner.close();
        world.assert_all_given_back();
    });
}

/// Made on another thread and dropped on the owner thread: the owner's count falls below zero and the shared one makes up for it.
#[test]
fn cloned_remotely_and_dropped_by_owner() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 1, false);
        let (remote, post) = (Arc::clone(&world), Arc::new(Mutex::new(0)));
        let sent = Arc::clone(&post);
        let cloner = thread::spawn(move || {
            remote.clone_waker();
            *sent.lock().unwrap() = 1;
            remote.drop_waker();
        });
        if std::mem::replace(&mut *post.lock().unwrap(), 2) == 1 {
            owner.drop_waker();
            owner.complete();
        } else {
            owner.complete();
            cloner.join().unwrap();
            owner.drop_waker();
            owner.close();
            return world.assert_all_given_back();
        }
        owner.close();
        cloner.join().unwrap();
        world.assert_all_given_back();
    });
}

/// Only the owner's own waker is dropped on the owner thread, and the clone is dropped on another thread: the counts are +1 - 1
/// there and 1 - 1 here, so that the cell is freed by plain loads alone.
#[test]
fn freed_by_a_plain_load() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 1, false);
        let (remote, post) = (Arc::clone(&world), Arc::new(AtomicU64::new(0)));
        let sent = Arc::clone(&post);
        let cloner = thread::spawn(move || {
            remote.clone_waker();
            sent.store(1, Release);
            remote.drop_waker();
        });
        let arrived = post.load(Acquire) == 1;
        if arrived {
            owner.drop_waker();
        }
        owner.complete();
        cloner.join().unwrap();
        if !arrived {
            owner.drop_waker();
        }
        owner.close();
        world.assert_all_given_back();
    });
}
