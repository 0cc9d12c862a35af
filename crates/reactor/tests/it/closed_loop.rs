//! S-60: handles that outlive their loop.

use crate::descriptors::{alone, is_alone, open_descriptors};
use crate::world::{MS, WakeCount, World, panic_of, poll_once, poll_with};
use asyncio_reactor::{AsyncFd, Park, Reactor, Source, interval, now, sleep, try_now};
use std::io::Read;
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::task::{Context, Waker};

#[test]
fn a_sleep_on_a_closed_loop_says_so_and_never_ends_early() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut waiting = sleep(MS);
    let mut unpolled = sleep(MS);
    let (count, waker) = WakeCount::new();
    assert!(poll_with(&mut waiting, &waker).is_pending());
    world.reactor.close();
    world.reactor.close();
    assert!(world.reactor.is_closed());
    assert_eq!((world.reactor.timer_count(), count.get()), (0, 0));
    for sleep in [&mut waiting, &mut unpolled] {
        assert!(panic_of(|| poll_once(sleep)).contains("the event loop is closed"));
    }
    assert!(panic_of(|| sleep(MS)).contains("the event loop is closed"));
    assert!(panic_of(|| interval(MS)).contains("the event loop is closed"));
    assert!(panic_of(|| now()).contains("the event loop is closed"));
    assert_eq!(try_now(), None);
}

#[test]
fn closing_with_a_hundred_thousand_timers_is_quick_and_leaves_nothing() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (count, waker) = WakeCount::new();
    let mut sleeps: Vec<_> = (1..=100_000).map(|n| sleep(n * MS)).collect();
    sleeps.iter_mut().for_each(|sleep| assert!(poll_with(sleep, &waker).is_pending()));
    world.reactor.close();
    assert_eq!((world.reactor.timer_count(), count.get()), (0, 0));
    drop(waker);
    assert_eq!(std::sync::Arc::strong_count(&count), 1, "no waker is kept");
}

#[test]
fn a_closed_loop_cannot_run() {
    let world = World::new();
    world.reactor.close();
    assert!(panic_of(|| world.reactor.park()).contains("the event loop is closed"));
    assert_eq!(world.reactor.block_on(async { 7 }), 7, "what needs no loop still runs");
    let waits = panic_of(|| world.reactor.block_on(std::future::pending::<()>()));
    assert!(waits.contains("the event loop is closed"));
}

#[test]
fn who_waits_for_a_source_is_woken_and_finds_an_error() {
    let reactor = Reactor::new().unwrap();
    let entered = reactor.enter();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let socket = AsyncFd::new(socket).unwrap();
    let (count, waker) = WakeCount::new();
    let mut reading = socket.read_with(|socket| socket.recv(&mut [0; 8]));
    assert!(poll_with(&mut reading, &waker).is_pending());
    reactor.close();
    assert_eq!((count.get(), reactor.source_count()), (1, 0));
    let std::task::Poll::Ready(Err(error)) = poll_once(&mut reading) else {
        panic!("reading on a closed loop fails");
    };
    assert_eq!(error.to_string(), "the event loop is closed");
    let other = UnixStream::pair().unwrap().0;
    assert!(AsyncFd::new(other).unwrap_err().to_string().contains("closed"));
    drop(reading);
    drop(entered);
    drop(reactor);
    // The socket works on, only the loop does not.
    let mut stream = socket.into_inner();
    assert!(stream.recv(&mut [0; 8]).is_err());
    stream.set_nonblocking(false).unwrap();
    let _still_open = &mut stream;
}

#[test]
fn handles_may_be_dropped_in_any_order_around_their_loop() {
    let world = World::new();
    let entered = world.reactor.enter();
    let mut sleeping = sleep(MS);
    assert!(poll_once(&mut sleeping).is_pending());
    let source = Source::new();
    source.clear_readable();
    assert!(source.poll_readable(&mut Context::from_waker(Waker::noop())).is_pending());
    let World { reactor, .. } = world;
    drop(reactor);
    // Dropped while it is current: closed, but still there.
    assert_eq!(try_now(), None);
    let mut late = sleep_made_elsewhere();
    assert!(panic_of(|| poll_once(&mut late)).contains("closed"));
    drop(entered);
    drop(sleeping);
    drop(source);
    let mut stray = sleep_made_elsewhere();
    assert!(panic_of(|| poll_once(&mut stray)).contains("no running event loop"));
}

fn sleep_made_elsewhere() -> asyncio_reactor::Sleep {
    asyncio_reactor::sleep_until(asyncio_reactor::Instant::ZERO)
}

#[test]
fn a_real_descriptor_needs_a_real_world() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (mut stream, _peer) = UnixStream::pair().unwrap();
    let error = AsyncFd::new(&stream).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
    assert_eq!(world.reactor.source_count(), 0);
    stream.set_nonblocking(true).unwrap();
    assert!(stream.read(&mut [0; 8]).is_err());
}

#[test]
fn a_closed_loop_keeps_no_descriptor_whatever_is_kept_of_it() {
    if !is_alone() {
        let name = "closed_loop::a_closed_loop_keeps_no_descriptor_whatever_is_kept_of_it";
        let (ok, text) = alone(name);
        assert!(ok && text.contains("1 passed"), "{text}");
        return;
    }
    // What the first loop of a process opens for good.
    drop(Reactor::new().unwrap());
    let before = open_descriptors();
    let reactor = Reactor::new().unwrap();
    let entered = reactor.enter();
    let (here, _there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let kept = (AsyncFd::new(here).unwrap(), sleep(MS), reactor.unparker(), Source::new());
    assert!(open_descriptors() > before + 2);
    reactor.close();
    assert_eq!(open_descriptors(), before + 2, "the pair of sockets");
    // Notifying a closed loop does nothing, on any thread.
    let notifier = std::sync::Arc::clone(&kept.2);
    std::thread::scope(|scope| scope.spawn(move || notifier.unpark()).join().unwrap());
    kept.2.unpark();
    drop(entered);
    drop(kept.0);
    assert_eq!(open_descriptors(), before + 1);
    reactor.close();
    drop(reactor);
}

#[test]
fn a_loop_that_is_closed_by_a_waker_in_its_wait_keeps_no_descriptor() {
    struct Closes(std::sync::Mutex<Option<std::thread::ThreadId>>);
    thread_local! {
        static REACTOR: std::rc::Rc<Reactor> = std::rc::Rc::new(Reactor::new().unwrap());
    }
    impl std::task::Wake for Closes {
        fn wake(self: std::sync::Arc<Self>) {
            *self.0.lock().unwrap() = Some(std::thread::current().id());
            REACTOR.with(|reactor| reactor.close());
        }
    }
    let closes = std::sync::Arc::new(Closes(std::sync::Mutex::default()));
    let reactor = REACTOR.with(std::rc::Rc::clone);
    let _entered = reactor.enter();
    let waker = Waker::from(std::sync::Arc::clone(&closes));
    let (mut first, mut second) = (sleep(MS), sleep(MS));
    assert!(poll_with(&mut first, &waker).is_pending());
    assert!(poll_with(&mut second, &waker).is_pending());
    while !reactor.is_closed() {
        assert!(reactor.park().is_continue());
    }
    assert!(closes.0.lock().unwrap().is_some());
    assert!(panic_of(|| reactor.park()).contains("the event loop is closed"));
}
