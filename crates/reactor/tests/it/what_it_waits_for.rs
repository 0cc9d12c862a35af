//! The note that a pending leaf leaves for whoever asks what a task waits for.

use crate::world::{MS, World, at, poll_once};
use asyncio_core::wait_note::{self, WaitKind, WaitNote};
use asyncio_reactor::{AsyncFd, Park, Reactor, Source, interval, sleep, sleep_until, timeout};
use std::future::Future;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

fn note_of(future: impl Future) -> Option<WaitNote> {
    wait_note::clear();
    let _polled = poll_once(&mut pin!(future));
    wait_note::take()
}

#[test]
fn a_sleep_names_its_deadline_and_the_await() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let line = line!() + 1;
    let note = note_of(async { sleep_until(at(77)).await }).unwrap();
    assert_eq!((note.kind(), note.object()), (WaitKind::Timer, 77));
    assert_eq!((note.at().file(), note.at().line()), (file!(), line));
    let note = note_of(async { sleep(Duration::ZERO).await }).unwrap();
    assert_eq!(note.kind(), WaitKind::Yield);
}

#[test]
fn a_timeout_names_what_the_future_in_it_waits_for() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let source = Source::new();
    source.clear_writable();
    let inner = std::future::poll_fn(|cx| source.poll_writable(cx));
    assert_eq!(note_of(timeout(MS, inner)).unwrap().kind(), WaitKind::Writable);
    // What says nothing of itself at least has a timer.
    let note = note_of(timeout(MS, std::future::pending::<()>())).unwrap();
    assert_eq!((note.kind(), note.object()), (WaitKind::Timer, 1_000_000));
    assert!(note_of(timeout(MS, async {})).is_none(), "nothing is waited for any more");
}

#[test]
fn a_timeout_that_has_ended_leaves_the_notes_of_others_and_none_of_its_own() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let source = Source::new();
    source.clear_writable();
    source.clear_readable();
    // A sibling that waits, then a timeout whose future is ready.
    let note = note_of(async {
        let sibling = std::future::poll_fn(|cx| source.poll_writable(cx));
        futures::future::join(sibling, timeout(MS, async {})).await
    });
    assert_eq!(note.unwrap().kind(), WaitKind::Writable);

    // A timeout that is over in the poll in which its future still waits.
    let inner = std::future::poll_fn(|cx| source.poll_readable(cx));
    let mut over = Box::pin(async {
        timeout(MS, inner).await.unwrap_err();
        std::future::pending::<()>().await;
    });
    assert!(poll_once(&mut over).is_pending());
    assert!(world.reactor.park().is_continue());
    wait_note::clear();
    assert!(poll_once(&mut over).is_pending());
    assert!(wait_note::take().is_none(), "a future that tells nothing leaves no note");
}

#[test]
fn an_interval_names_its_next_tick() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut interval = interval(MS);
    assert!(poll_once(&mut interval.tick()).is_ready());
    let line = line!() + 1;
    let note = note_of(async { interval.tick().await }).unwrap();
    assert_eq!((note.kind(), note.object()), (WaitKind::Timer, 1_000_000));
    assert_eq!((note.at().file(), note.at().line()), (file!(), line));
}

#[test]
fn a_descriptor_names_its_direction_and_the_await() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, _there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = AsyncFd::new(here).unwrap();
    let line = line!() + 1;
    let note = note_of(async { here.read_with(|mut s| s.read(&mut [0])).await }).unwrap();
    assert_eq!((note.kind(), note.object()), (WaitKind::Readable, 0));
    assert_eq!((note.at().file(), note.at().line()), (file!(), line));
    let line = line!() + 1;
    let note = note_of(async { here.readable().await }).unwrap();
    assert_eq!((note.at().line(), note.kind()), (line, WaitKind::Readable));
    wait_note::clear();
    let mut context = Context::from_waker(Waker::noop());
    assert!(here.poll_readable(&mut context).is_pending());
    assert_eq!(wait_note::take().unwrap().at().file(), file!());
}
