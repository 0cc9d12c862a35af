//! Handles and wakers on other threads.

use crate::world::{MS, World, panic_of, poll_once};
use asyncio_reactor::{AsyncFd, Park, Reactor, sleep, timeout};
use std::future::poll_fn;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

#[test]
fn a_sleep_dropped_on_another_thread_is_cancelled_and_rings() {
    let world = World::new();
    let entered = world.reactor.enter();
    let mut sleeps: Vec<_> = (0..100).map(|_| sleep(MS)).collect();
    sleeps.iter_mut().for_each(|sleep| assert!(poll_once(sleep).is_pending()));
    let notified = world.notifier.0.load(Ordering::SeqCst);
    thread::scope(|scope| drop(scope.spawn(move || drop(sleeps))));
    assert!(world.notifier.0.load(Ordering::SeqCst) > notified);
    assert_eq!(world.reactor.timer_count(), 0);
    drop(entered);
}

#[test]
fn a_sleep_polled_on_a_thread_without_loop_gives_advice() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut sleeping = sleep(MS);
    let message = thread::scope(|scope| {
        scope.spawn(|| panic_of(|| poll_once(&mut sleeping))).join().unwrap()
    });
    assert!(message.contains("no running event loop"), "{message}");
}

#[test]
fn a_descriptor_dropped_on_another_thread_is_forgotten() {
    let reactor = Reactor::new().unwrap();
    let entered = reactor.enter();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    // A duplicate keeps the socket itself open: only the registration ends.
    let duplicate = socket.try_clone().unwrap();
    let socket = AsyncFd::new(socket).unwrap();
    assert_eq!(reactor.source_count(), 1);
    thread::scope(|scope| drop(scope.spawn(move || drop(socket))));
    assert_eq!(reactor.source_count(), 0);
    duplicate.send_to(b"x", address).unwrap();
    reactor.block_on(async { assert!(timeout(MS, std::future::pending::<()>()).await.is_err()) });
    drop(entered);
}

#[test]
fn real_wakes_from_another_thread_are_never_lost() {
    let reactor = Reactor::new().unwrap();
    let rounds = 2_000;
    let (sender, receiver) = mpsc::channel::<Waker>();
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for waker in receiver {
                done.fetch_add(1, Ordering::SeqCst);
                waker.wake();
            }
        });
        let sender = sender;
        for round in 0..rounds {
            let mut sent = false;
            reactor.block_on(poll_fn(|cx| {
                if !sent {
                    sent = true;
                    sender.send(cx.waker().clone()).unwrap();
                }
                if done.load(Ordering::SeqCst) > round { Poll::Ready(()) } else { Poll::Pending }
            }));
        }
    });
}

#[test]
fn real_the_unparker_ends_a_wait_from_anywhere_and_before_it_begins() {
    let reactor = Reactor::new().unwrap();
    let notifier = reactor.unparker();
    notifier.unpark();
    notifier.unpark();
    // Without the notification this would wait for ever.
    assert!(reactor.park().is_continue());
    thread::scope(|scope| {
        scope.spawn(|| notifier.unpark());
        assert!(reactor.park().is_continue());
    });
    let again = Arc::clone(&notifier);
    again.unpark();
    assert!(reactor.park().is_continue());
}

#[test]
fn real_a_sleep_dropped_on_another_thread_frees_a_parked_loop_from_its_timer() {
    let reactor = Reactor::new().unwrap();
    let entered = reactor.enter();
    let mut long = sleep(Duration::from_secs(3600));
    assert!(poll_once(&mut long).is_pending());
    thread::scope(|scope| {
        scope.spawn(move || drop(long));
        while reactor.timer_count() > 0 {
            assert!(reactor.park().is_continue());
        }
    });
    drop(entered);
}
