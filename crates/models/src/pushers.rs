//! Model 3: the inbox against its loop's park and close, with several pushers.

use crate::bell::{Bell, explore, explore_bounded};
use crate::inbox::{Bell as Ring, Inbox};
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

struct Pushed {
    inbox: Inbox<u32>,
    bell: Bell,
}

fn shared() -> Arc<Pushed> {
    Arc::new(Pushed { inbox: Inbox::new(), bell: Bell::new() })
}

/// Pushes in order and tells how many were accepted.
fn pusher(shared: &Arc<Pushed>, entries: &'static [u32]) -> JoinHandle<usize> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        let accepted = entries.iter().filter(|entry| match shared.inbox.push(**entry) {
            Ok(Ring::Ring) => {
                shared.bell.ring();
                true
            }
            Ok(Ring::Silent) => true,
            Err(_closed) => false,
        });
        accepted.count()
    })
}

/// Parks and takes until `wanted` entries are there; gives them and the number of parks.
fn receive(shared: &Pushed, wanted: usize) -> (Vec<u32>, usize) {
    let (mut got, mut batch, mut parks) = (Vec::new(), Vec::new(), 0);
    while got.len() < wanted {
        if !shared.inbox.is_filled() && shared.inbox.park() {
            parks += 1;
            shared.bell.wait();
            shared.inbox.unpark();
        }
        shared.inbox.take(&mut batch);
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
        let shared = shared();
        let pusher = pusher(&shared, &[1, 2]);
        let (got, parks) = receive(&shared, 2);
        assert_eq!(pusher.join().unwrap(), 2);
        assert_eq!(got, [1, 2]);
        assert!(shared.bell.rings() <= parks, "at most one ring a park");
    });
}

#[test]
fn two_pushers_against_park_lose_nothing_and_ring_once_a_park() {
    explore_bounded(|| {
        let shared = shared();
        let (first, second) = (pusher(&shared, &[1, 2]), pusher(&shared, &[3]));
        let (mut got, parks) = receive(&shared, 3);
        assert_eq!(first.join().unwrap() + second.join().unwrap(), 3);
        assert!(shared.bell.rings() <= parks, "at most one ring a park");
        assert_in_order(&got, 1, 2);
        got.sort_unstable();
        assert_eq!(got, [1, 2, 3]);
    });
}

#[test]
fn what_a_closing_inbox_accepted_is_delivered() {
    explore_bounded(|| {
        let shared = shared();
        let (first, second) = (pusher(&shared, &[1, 2]), pusher(&shared, &[3]));
        let (mut got, parks) = receive(&shared, 1);
        got.append(&mut shared.inbox.close());
        assert!(shared.inbox.is_closed());
        let accepted = first.join().unwrap() + second.join().unwrap();
        assert_eq!(accepted, got.len(), "accepted and delivered: {got:?}");
        assert!(shared.bell.rings() <= parks, "at most one ring a park");
        assert_in_order(&got, 1, 2);
        assert!(shared.inbox.close().is_empty(), "nothing is accepted after the close");
    });
}

/// The loop was woken by something else: from then on it looks by itself, and needs no ring.
#[test]
fn push_after_the_loop_woke_for_another_reason_is_silent() {
    explore(|| {
        let shared = shared();
        let event = Arc::clone(&shared);
        let event = thread::spawn(move || event.bell.ring());
        assert!(shared.inbox.park());
        shared.bell.wait();
        shared.inbox.unpark();
        let pusher = pusher(&shared, &[1]);
        pusher.join().unwrap();
        event.join().unwrap();
        assert_eq!(shared.bell.rings(), 1, "only the event's own");
        assert!(shared.inbox.is_filled());
    });
}

/// A quiet entry does not wake the loop, and does not keep a later one from doing so.
#[test]
fn quiet_push_does_not_swallow_the_ring_of_the_next() {
    explore_bounded(|| {
        let shared = shared();
        let quiet = Arc::clone(&shared);
        let quiet = thread::spawn(move || quiet.inbox.push_quietly(7).unwrap());
        let loud = pusher(&shared, &[1]);
        let (mut got, parks) = receive(&shared, 1);
        while !got.contains(&1) {
            let (more, _) = receive(&shared, 1);
            got.extend(more);
        }
        quiet.join().unwrap();
        assert_eq!(loud.join().unwrap(), 1);
        assert!(shared.bell.rings() <= parks + 1);
        got.append(&mut shared.inbox.close());
        got.sort_unstable();
        assert_eq!(got, [1, 7]);
    });
}
