//! S-37: handles used where their loop is not current.

use crate::world::{MS, World, at, panic_of, poll_once};
use asyncio_reactor::{AsyncFd, Park, Reactor, Sleep, Source, now, sleep, sleep_until, timeout};
use std::net::UdpSocket;
use std::task::{Context, Waker};

fn pending_sleep() -> Sleep {
    let mut sleep = sleep(MS);
    assert!(poll_once(&mut sleep).is_pending());
    sleep
}

#[test]
fn using_a_handle_on_another_loop_panics_in_pythons_words() {
    let (here, there) = (World::new(), World::new());
    let entered = there.reactor.enter();
    let (mut polled, mut unpolled) = (pending_sleep(), sleep(MS));
    let mut limited = Box::pin(timeout(MS, std::future::pending::<()>()));
    let source = Source::new();
    drop(entered);

    let _entered = here.reactor.enter();
    let attached = "is attached to a different loop";
    assert!(panic_of(|| poll_once(&mut polled)).contains(attached));
    assert!(panic_of(|| poll_once(&mut unpolled)).contains(attached));
    assert!(panic_of(|| poll_once(&mut limited)).contains(attached));
    assert!(panic_of(|| polled.reset(at(1))).contains(attached));
    assert!(panic_of(|| source.clear_readable()).contains(attached));
    let mut context = Context::from_waker(Waker::noop());
    assert!(panic_of(|| source.poll_readable(&mut context)).contains(attached));
}

#[test]
fn a_descriptor_is_bound_to_its_loop_too() {
    let (here, there) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let socket = {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        there.block_on(async { AsyncFd::new(socket) }).unwrap()
    };
    let reading = || here.block_on(socket.read_with(|_| Ok(())));
    assert!(panic_of(reading).contains("is attached to a different loop"));
    assert!(panic_of(|| here.block_on(socket.readable())).contains("different loop"));
    assert_eq!(there.source_count(), 1);
    // Dropped where its loop is not current.
    drop(socket);
    assert_eq!(there.source_count(), 0);
}

#[test]
fn dropping_a_handle_on_another_loop_cancels_it_on_its_own() {
    let (here, there) = (World::new(), World::new());
    let entered = there.reactor.enter();
    let (sleeping, source) = (pending_sleep(), Source::new());
    drop(entered);
    assert_eq!((there.reactor.timer_count(), there.reactor.source_count()), (1, 1));
    let entered = here.reactor.enter();
    drop(sleeping);
    drop(source);
    drop(entered);
    assert_eq!((there.reactor.timer_count(), there.reactor.source_count()), (0, 0));
}

#[test]
fn a_sleep_made_nowhere_belongs_to_the_loop_that_polls_it_first() {
    let (here, there) = (World::new(), World::new());
    let mut sleep = sleep_until(at(9));
    let entered = here.reactor.enter();
    assert!(poll_once(&mut sleep).is_pending());
    drop(entered);
    let entered = there.reactor.enter();
    assert!(panic_of(|| poll_once(&mut sleep)).contains("different loop"));
    drop(entered);
    here.reactor.block_on(sleep);
    assert_eq!(here.reactor.now(), at(9));
}

#[test]
fn without_a_loop_the_panic_gives_advice() {
    for message in [
        panic_of(|| now()),
        panic_of(|| poll_once(&mut sleep(MS))),
        panic_of(|| Source::new()),
        panic_of(|| AsyncFd::new(std::io::stderr())),
    ] {
        assert!(message.starts_with("no running event loop: "), "{message}");
        assert!(message.contains("write asyncio::run("), "{message}");
    }
}

#[test]
fn the_panic_points_at_the_caller() {
    let line = line!() + 1;
    let location = location_of(|| now());
    assert_eq!(location, (file!().to_owned(), line));
}

fn location_of<R>(f: impl FnOnce() -> R) -> (String, u32) {
    use std::panic::{set_hook, take_hook};
    use std::sync::{Arc, Mutex};
    let seen = Arc::new(Mutex::new((String::new(), 0)));
    let (sink, thread) = (Arc::clone(&seen), std::thread::current().id());
    let former = Arc::new(take_hook());
    let inner = Arc::clone(&former);
    set_hook(Box::new(move |info| {
        // Other tests panic at the same time.
        if std::thread::current().id() != thread {
            return inner(info);
        }
        if let Some(at) = info.location() {
            *sink.lock().unwrap() = (at.file().to_owned(), at.line());
        }
    }));
    panic_of(f);
    set_hook(Box::new(move |info| former(info)));
    seen.lock().unwrap().clone()
}

#[test]
fn loops_nest_and_the_outer_one_is_current_again() {
    let (outer, inner) = (World::new(), World::new());
    outer.reactor.block_on(async {
        sleep(MS).await;
        let outer_now = now();
        inner.reactor.block_on(async {
            sleep(10 * MS).await;
            assert_eq!(now() - at(0), 10 * MS);
        });
        assert_eq!(now(), outer_now);
        sleep(MS).await;
    });
    assert_eq!(outer.reactor.now() - at(0), 2 * MS);
}
