//! Model 4: a task handle dropped on another thread sends its outcome home, also while the task ends
//! or the loop closes.

use crate::bell::{explore, explore_bounded};
use crate::home::Home;
use crate::world::World;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

#[test]
fn dropped_while_the_task_ends_and_the_loop_closes() {
    explore(|| {
        let world = World::new();
        let mut home = Home::new(&world, 0, true);
        let abroad = Arc::clone(&world);
        let dropper = thread::spawn(move || abroad.drop_handle());
        home.complete();
        home.drain();
        home.close();
        dropper.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn dropped_before_the_task_ends() {
    explore(|| {
        let world = World::new();
        let mut home = Home::new(&world, 0, true);
        let abroad = Arc::clone(&world);
        let dropper = thread::spawn(move || abroad.drop_handle());
        home.drain();
        if home.is_queued() {
            home.run();
        }
        home.complete();
        home.close();
        dropper.join().unwrap();
        world.assert_all_given_back();
    });
}

/// The handle's drop may find another thread's entry on its way and push none. What was written before
/// it must still be seen by the outcome's drop at home.
#[test]
fn dropped_abroad_publishes_although_an_entry_is_on_its_way() {
    explore_bounded(|| {
        let world = World::new();
        let mut home = Home::new(&world, 1, true);
        let abroad = Arc::clone(&world);
        let dropper = thread::spawn(move || {
            abroad.news.store(1, Relaxed);
            abroad.drop_handle();
        });
        let abroad = Arc::clone(&world);
        let waker = thread::spawn(move || abroad.wake());
        home.drain();
        let dropped_at_home = !home.has_handle();
        if dropped_at_home {
            assert_eq!(home.read, 1, "the handle came without what was written before it");
        }
        home.complete();
        home.close();
        dropper.join().unwrap();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn asked_abroad_whether_the_loop_is_closed() {
    explore(|| {
        let world = World::new();
        let home = Home::new(&world, 0, true);
        let abroad = Arc::clone(&world);
        let asker = thread::spawn(move || {
            if abroad.is_of_closed_loop() {
                // Home has let go of the future and the outcome before it said so.
                abroad.stage.change();
            }
            abroad.drop_handle();
        });
        home.close();
        asker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn dropped_beside_a_wake_while_the_loop_closes() {
    explore_bounded(|| {
        let world = World::new();
        let mut home = Home::new(&world, 1, true);
        let abroad = Arc::clone(&world);
        let dropper = thread::spawn(move || abroad.drop_handle());
        let abroad = Arc::clone(&world);
        let waker = thread::spawn(move || abroad.wake());
        home.drain();
        home.complete();
        home.close();
        dropper.join().unwrap();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}

#[test]
fn dropped_at_home_beside_a_wake_abroad() {
    explore(|| {
        let world = World::new();
        let mut home = Home::new(&world, 1, true);
        let abroad = Arc::clone(&world);
        let waker = thread::spawn(move || abroad.wake());
        home.drain();
        home.complete();
        home.drop_handle();
        home.drain();
        home.close();
        waker.join().unwrap();
        world.assert_all_given_back();
    });
}
