//! Model 4: a task handle on another thread: its drop sends the outcome to the owner, and its request that the
//! task end arrives, also while the task ends or the loop closes.

use crate::bell::{explore, explore_bounded};
use crate::owner::Owner;
use crate::world::World;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

#[test]
fn dropped_while_the_task_ends_and_the_loop_closes() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 0, true);
        let remote = Arc::clone(&world);
        let dropper = thread::spawn(move || remote.drop_handle());
        owner.complete();
        owner.drain();
        owner.close();
        dropper.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn dropped_before_the_task_ends() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 0, true);
        let remote = Arc::clone(&world);
        let dropper = thread::spawn(move || remote.drop_handle());
        owner.drain();
        if owner.is_queued() {
            owner.run();
        }
        owner.complete();
        owner.close();
        dropper.join().unwrap();
        world.assert_all_given_back();
    });
}

/// The handle's drop may find another thread's entry on its way and push none. What was written before
/// it must still be seen by the outcome's drop on the owner thread.
#[test]
fn dropped_remotely_publishes_although_an_entry_is_on_its_way() {
    explore_bounded(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 1, true);
        let remote = Arc::clone(&world);
        let dropper = thread::spawn(move || {
            remote.news.store(1, Relaxed);
            remote.drop_handle();
        });
        let remote = Arc::clone(&world);
        let waker = thread::spawn(move || remote.wake());
        owner.drain();
        let dropped_by_owner = !owner.has_handle();
        if dropped_by_owner {
            assert_eq!(owner.read, 1, "the handle came without what was written before it");
        }
        owner.complete();
        owner.close();
        dropper.join().unwrap();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn asked_remotely_whether_the_loop_is_closed() {
    explore(|| {
        let world = World::new();
        let owner = Owner::new(&world, 0, true);
        let remote = Arc::clone(&world);
        let asker = thread::spawn(move || {
            if remote.is_of_closed_loop() {
                // The owner has let go of the future and the outcome before it said so.
                remote.stage.change();
            }
            remote.drop_handle();
        });
        owner.close();
        asker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn dropped_beside_a_wake_while_the_loop_closes() {
    explore_bounded(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 1, true);
        let remote = Arc::clone(&world);
        let dropper = thread::spawn(move || remote.drop_handle());
        let remote = Arc::clone(&world);
        let waker = thread::spawn(move || remote.wake());
        owner.drain();
        owner.complete();
        owner.close();
        dropper.join().unwrap();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn dropped_by_owner_beside_a_wake_remote() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 1, true);
        let remote = Arc::clone(&world);
        let waker = thread::spawn(move || remote.wake());
        owner.drain();
        owner.complete();
        owner.drop_handle();
        owner.drain();
        owner.close();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn a_request_to_end_arrives_whatever_the_loop_is_doing() {
    explore(|| {
        let world = World::new();
        let mut owner = Owner::new(&world, 0, true);
        let remote = Arc::clone(&world);
        let asker = thread::spawn(move || {
            remote.cancel();
            remote.drop_handle();
        });
        while !owner.is_asked_to_end {
            owner.wait();
        }
        owner.complete();
        owner.trim();
        owner.close();
        asker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn a_request_to_end_may_come_while_the_loop_closes() {
    explore(|| {
        let world = World::new();
        let owner = Owner::new(&world, 0, true);
        let remote = Arc::clone(&world);
        let asker = thread::spawn(move || {
            remote.cancel();
            remote.drop_handle();
        });
        owner.close();
        asker.join().unwrap();
        world.assert_all_given_back();
    });
}
