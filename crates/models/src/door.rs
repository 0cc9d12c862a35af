//! Model 3: the inbox against its loop's park and close, with several pushers.

use crate::bell::{Bell, explore, explore_bounded};
use crate::inbox::{Bell as Ring, Inbox};
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

struct Door {
    inbox: Inbox<u32>,
    bell: Bell,
}

fn door() -> Arc<Door> {
    Arc::new(Door { inbox: Inbox::new(), bell: Bell::new() })
}

/// Pushes in order and tells how many were accepted.
fn pusher(door: &Arc<Door>, entries: &'static [u32]) -> JoinHandle<usize> {
    let door = Arc::clone(door);
    thread::spawn(move || {
        let accepted = entries.iter().filter(|entry| match door.inbox.push(**entry) {
            Ok(Ring::Ring) => {
                door.bell.ring();
                true
            }
            Ok(Ring::Silent) => true,
            Err(_closed) => false,
        });
        accepted.count()
    })
}

/// Parks and takes until `wanted` entries are there; gives them and the number of parks.
fn receive(door: &Door, wanted: usize) -> (Vec<u32>, usize) {
    let (mut got, mut batch, mut parks) = (Vec::new(), Vec::new(), 0);
    while got.len() < wanted {
        if !door.inbox.is_filled() && door.inbox.park() {
            parks += 1;
            door.bell.wait();
            door.inbox.unpark();
        }
        door.inbox.take(&mut batch);
        got.append(&mut batch);
    }
    (got, parks)
}

fn assert_in_order(got: &[u32], earlier: u32, later: u32) {
    let place = |entry| got.iter().position(|got| *got == entry);
    if let (Some(earlier), Some(later)) = (place(earlier), place(later)) {
        assert!(earlier < later, "entries of one thread keep their order: {got:?}");
    }
}

#[test]
fn push_against_park_loses_nothing() {
    explore(|| {
        let door = door();
        let pusher = pusher(&door, &[1, 2]);
        let (got, parks) = receive(&door, 2);
        assert_eq!(pusher.join().unwrap(), 2);
        assert_eq!(got, [1, 2]);
        assert!(door.bell.rings() <= parks, "at most one ring a park");
    });
}

#[test]
fn two_pushers_against_park_lose_nothing_and_ring_once_a_park() {
    explore_bounded(|| {
        let door = door();
        let (first, second) = (pusher(&door, &[1, 2]), pusher(&door, &[3]));
        let (mut got, parks) = receive(&door, 3);
        assert_eq!(first.join().unwrap() + second.join().unwrap(), 3);
        assert!(door.bell.rings() <= parks, "at most one ring a park");
        assert_in_order(&got, 1, 2);
        got.sort_unstable();
        assert_eq!(got, [1, 2, 3]);
    });
}

#[test]
fn what_a_closing_inbox_accepted_is_delivered() {
    explore_bounded(|| {
        let door = door();
        let (first, second) = (pusher(&door, &[1, 2]), pusher(&door, &[3]));
        let (mut got, parks) = receive(&door, 1);
        got.append(&mut door.inbox.close());
        assert!(door.inbox.is_closed());
        let accepted = first.join().unwrap() + second.join().unwrap();
        assert_eq!(accepted, got.len(), "accepted and delivered: {got:?}");
        assert!(door.bell.rings() <= parks, "at most one ring a park");
        assert_in_order(&got, 1, 2);
        assert!(door.inbox.close().is_empty(), "nothing is accepted after the close");
    });
}

/// The loop was woken by something else: from then on it looks by itself, and needs no ring.
#[test]
fn push_after_the_loop_woke_for_another_reason_is_silent() {
    explore(|| {
        let door = door();
        let event = Arc::clone(&door);
        let event = thread::spawn(move || event.bell.ring());
        assert!(door.inbox.park());
        door.bell.wait();
        door.inbox.unpark();
        let pusher = pusher(&door, &[1]);
        pusher.join().unwrap();
        event.join().unwrap();
        assert_eq!(door.bell.rings(), 1, "only the event's own");
        assert!(door.inbox.is_filled());
    });
}

/// A quiet entry does not wake the loop, and does not keep a later one from doing so.
#[test]
fn quiet_push_does_not_swallow_the_ring_of_the_next() {
    explore_bounded(|| {
        let door = door();
        let quiet = Arc::clone(&door);
        let quiet = thread::spawn(move || quiet.inbox.push_quietly(7).unwrap());
        let loud = pusher(&door, &[1]);
        let (mut got, parks) = receive(&door, 1);
        while !got.contains(&1) {
            let (more, _) = receive(&door, 1);
            got.extend(more);
        }
        quiet.join().unwrap();
        assert_eq!(loud.join().unwrap(), 1);
        assert!(door.bell.rings() <= parks + 1);
        got.append(&mut door.inbox.close());
        got.sort_unstable();
        assert_eq!(got, [1, 7]);
    });
}
