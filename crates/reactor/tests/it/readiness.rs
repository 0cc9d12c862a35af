//! Readiness: when it is believed, when it ends, and whom it wakes.

use crate::world::{MS, WakeCount, World, at, poll_once, poll_with};
use asyncio_core::budget;
use asyncio_reactor::{AsyncFd, Park, Reactor, Readiness, Source, timeout};
use futures::future::join;
use std::future::{Future, poll_fn};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

fn pair() -> (UnixStream, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    there.set_nonblocking(true).unwrap();
    (here, there)
}

/// Runs on a reactor of its own, and fails instead of hanging.
fn real<T>(future: impl Future<Output = T>) -> T {
    let limited =
        async { timeout(Duration::from_secs(20), future).await.expect("it does not hang") };
    Reactor::new().unwrap().block_on(limited)
}

#[test]
fn one_may_wait_for_reading_and_another_for_writing() {
    real(async {
        let (here, mut there) = pair();
        let here = AsyncFd::new(here).unwrap();
        // Fill the way out first.
        while here.get_ref().write(&[0; 65536]).is_ok() {}
        let reading = here.read_with(|mut stream| stream.read(&mut [0; 8]));
        let writing = here.write_with(|mut stream| stream.write(b"x"));
        let other_side = async {
            asyncio_reactor::sleep(MS).await;
            there.write_all(b"ping").unwrap();
            while there.read(&mut [0; 65536]).is_ok() {}
        };
        let ((read, written), ()) = join(join(reading, writing), other_side).await;
        assert_eq!((read.unwrap(), written.unwrap()), (4, 1));
    });
}

#[test]
fn any_number_of_tasks_may_wait_for_the_same_socket() {
    real(async {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let socket = AsyncFd::new(socket).unwrap();
        let receive = || socket.read_with(|socket| socket.recv(&mut [0; 8]));
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let send = async {
            asyncio_reactor::sleep(MS).await;
            for _ in 0..3 {
                sender.send_to(b"ping", address).unwrap();
            }
        };
        let ((first, second), (third, ())) =
            join(join(receive(), receive()), join(receive(), send)).await;
        assert_eq!([first, second, third].map(Result::unwrap), [4; 3]);
    });
}

#[test]
fn who_gives_up_waiting_is_not_woken() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, mut there) = pair();
    let here = AsyncFd::new(here).unwrap();
    let ((gone, gone_waker), (stays, stays_waker)) = (WakeCount::new(), WakeCount::new());
    let mut given_up = here.readable();
    let mut waiting = here.readable();
    assert!(poll_with(&mut given_up, &gone_waker).is_pending());
    assert!(poll_with(&mut waiting, &stays_waker).is_pending());
    drop(given_up);
    there.write_all(b"x").unwrap();
    while stays.get() == 0 {
        assert!(reactor.park().is_continue());
    }
    assert_eq!((gone.get(), stays.get()), (0, 1));
    assert!(poll_once(&mut waiting).is_ready());
}

#[test]
fn readable_asks_the_system_so_it_never_lies() {
    real(async {
        let (here, mut there) = pair();
        let here = AsyncFd::new(here).unwrap();
        assert!(poll_once(&mut here.readable()).is_pending(), "although it starts optimistic");
        here.writable().await.unwrap();
        there.write_all(b"ab").unwrap();
        for _ in 0..2 {
            here.readable().await.unwrap();
            here.readable().await.unwrap();
            assert_eq!((here.get_ref()).read(&mut [0; 1]).unwrap(), 1);
        }
        assert!(poll_once(&mut here.readable()).is_pending(), "all has been read elsewhere");
        drop(there);
        here.readable().await.unwrap();
        assert_eq!((here.get_ref()).read(&mut [0; 1]).unwrap(), 0);
    });
}

#[test]
fn a_connection_in_progress_is_writable_when_it_is_made_or_refused() {
    real(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        for refused in [false, true] {
            if refused {
                drop(listener.try_clone());
            }
            let target = if refused { "127.0.0.1:1".parse().unwrap() } else { address };
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
            let socket = socket.unwrap();
            socket.set_nonblocking(true).unwrap();
            match socket.connect(&target.into()) {
                Ok(()) => {}
                Err(error) => assert!(
                    matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::ECONNREFUSED)),
                    "{error}"
                ),
            }
            let socket = AsyncFd::new(socket).unwrap();
            socket.writable().await.unwrap();
            assert_eq!(socket.get_ref().take_error().unwrap().is_some(), refused);
        }
    });
}

#[test]
fn a_task_that_is_always_ready_gives_way_after_its_budget() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, _there) = pair();
    let here = AsyncFd::new(here).unwrap();
    let (count, waker) = WakeCount::new();
    let mut context = Context::from_waker(&waker);
    let _budget = budget::enter();
    for _ in 0..3 {
        budget::begin_poll();
        let woken = count.get();
        let mut done = 0;
        while here.poll_read_with(&mut context, |_| Ok(())).is_ready() {
            done += 1;
        }
        assert_eq!((done, count.get() - woken), (budget::PER_POLL / budget::IO, 1));
    }
}

#[test]
fn an_operation_that_would_block_waits_for_the_next_event() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let source = Source::new();
    let mut context = Context::from_waker(Waker::noop());
    assert!(source.poll_readable(&mut context).is_ready(), "it starts optimistic");
    assert!(source.poll_readable(&mut context).is_ready(), "and stays so until it is not");
    source.clear_readable();
    assert!(source.poll_readable(&mut context).is_pending());
    assert!(source.poll_writable(&mut context).is_ready(), "the other direction is another matter");
    let event = Readiness {
        key: source.key(),
        readable: true,
        writable: false,
        closed: false,
        ..Readiness::default()
    };
    world.script.borrow_mut().push_back((at(5), event));
    assert!(world.reactor.park().is_continue());
    assert!(source.poll_readable(&mut context).is_ready());
}

#[test]
fn an_event_wakes_those_it_concerns_and_once() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let source = Source::new();
    source.clear_readable();
    source.clear_writable();
    let ((reads, read_waker), (writes, write_waker)) = (WakeCount::new(), WakeCount::new());
    let wait = || {
        assert!(source.poll_readable(&mut Context::from_waker(&read_waker)).is_pending());
        assert!(source.poll_writable(&mut Context::from_waker(&write_waker)).is_pending());
    };
    let event = |readable, writable, closed| {
        let event =
            Readiness { key: source.key(), readable, writable, closed, ..Readiness::default() };
        world.script.borrow_mut().push_back((world.reactor.now() + MS, event));
        assert!(world.reactor.park().is_continue());
        let woken = (reads.get(), writes.get());
        source.clear_readable();
        source.clear_writable();
        woken
    };
    wait();
    assert_eq!(event(true, false, false), (1, 0));
    assert_eq!(event(true, false, false), (1, 0), "nobody waits for reading any more");
    assert_eq!(event(false, true, false), (1, 1));
    wait();
    assert_eq!(event(true, false, true), (2, 1), "a half-close concerns the reader only");
    assert_eq!(event(true, true, true), (2, 2));
}

#[test]
#[cfg(not(polling_test_poll_backend))]
fn a_half_close_wakes_the_reader_and_lets_the_writer_wait() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (here, _) = listener.accept().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = AsyncFd::new(here).unwrap();
    let ((reads, read_waker), (writes, write_waker)) = (WakeCount::new(), WakeCount::new());
    // Until the way out is full and what was written has settled.
    let mut writing = Box::pin(here.write_with(|mut stream| {
        while stream.write(&[0; 65536])? > 0 {}
        Ok(())
    }));
    let mut settled = 0;
    while settled < 2 {
        settled = if poll_with(&mut writing, &write_waker).is_pending() { settled + 1 } else { 0 };
        reactor.block_on(asyncio_reactor::sleep(5 * MS));
    }
    let before = writes.get();
    let mut reading = here.read_with(|mut stream| stream.read(&mut [0; 8]));
    assert!(poll_with(&mut reading, &read_waker).is_pending());
    there.shutdown(std::net::Shutdown::Write).unwrap();
    while reads.get() == 0 {
        assert!(reactor.park().is_continue());
    }
    assert_eq!(writes.get(), before);
    assert!(matches!(poll_once(&mut reading), Poll::Ready(Ok(0))));
}

#[test]
fn a_reset_connection_ends_a_waiting_read_with_an_error() {
    real(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (here, _) = listener.accept().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::new(here).unwrap();
        socket2::SockRef::from(&there).set_linger(Some(Duration::ZERO)).unwrap();
        let reading = here.read_with(|mut stream| stream.read(&mut [0; 8]));
        let reset = async {
            asyncio_reactor::sleep(MS).await;
            drop(there);
        };
        let (read, ()) = join(reading, reset).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_passing_error_of_a_datagram_socket_does_not_make_it_ready_for_ever() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    // Nobody listens there: the refusal comes back as an error event.
    socket.connect("127.0.0.1:1").unwrap();
    let socket = AsyncFd::new(socket).unwrap();
    assert!(poll_once(&mut socket.read_with(|socket| socket.recv(&mut [0; 8]))).is_pending());
    socket.get_ref().send(b"x").unwrap();
    let read = reactor.block_on(socket.read_with(|socket| socket.recv(&mut [0; 8])));
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let mut calls = 0;
    let mut again = socket.read_with(|socket| {
        calls += 1;
        socket.recv(&mut [0; 8])
    });
    assert!(poll_once(&mut again).is_pending());
    assert!(poll_once(&mut again).is_pending());
    drop(again);
    assert_eq!(calls, 1, "the second poll knows without a call");
}

/// Sets `IP_RECVERR`.
#[cfg(all(target_os = "linux", not(polling_test_poll_backend)))]
#[expect(unsafe_code, reason = "rustix and socket2 have no such function")]
fn keep_errors_in_a_queue(socket: &UdpSocket) {
    use std::os::fd::AsRawFd;
    let (on, len) = (1_i32, size_of::<i32>() as u32);
    let (fd, level, name) = (socket.as_raw_fd(), libc::IPPROTO_IP, libc::IP_RECVERR);
    // SAFETY: the value lives as long as the call, and `len` is its size.
    let result = unsafe { libc::setsockopt(fd, level, name, (&raw const on).cast(), len) };
    assert_eq!(result, 0);
}

#[test]
// Where each wait asks for the state and not for what is new, it would be told in each.
#[cfg(all(target_os = "linux", not(polling_test_poll_backend)))]
fn an_error_queue_that_nobody_empties_is_told_of_once() {
    real(async {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        keep_errors_in_a_queue(&socket);
        // Nobody is there: the refusal comes back twice, as an error and in the queue.
        socket.send_to(b"x", "127.0.0.1:1").unwrap();
        let socket = AsyncFd::new(socket).unwrap();
        let mut rounds = 0;
        let reading = async {
            loop {
                socket.readable().await.unwrap();
                rounds += 1;
                let read = socket.get_ref().recv(&mut [0; 8]);
                assert!(matches!(
                    read.unwrap_err().kind(),
                    ErrorKind::ConnectionRefused | ErrorKind::WouldBlock
                ));
            }
        };
        timeout(20 * MS, reading).await.unwrap_err();
        assert!((1..5).contains(&rounds), "{rounds} rounds for one error");
        // What waits for errors is not fooled: it stays in the queue.
        timeout(Duration::from_secs(10), socket.error()).await.unwrap().unwrap();
    });
}

#[test]
fn what_is_only_tried_says_that_it_would_block_and_is_not_called_again_in_vain() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, mut there) = pair();
    let here = AsyncFd::new(here).unwrap();
    let mut calls = 0;
    let mut try_read = || {
        here.try_read_with(|mut stream| {
            calls += 1;
            stream.read(&mut [0; 8])
        })
    };
    assert_eq!(try_read().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(try_read().unwrap_err().kind(), ErrorKind::WouldBlock);
    there.write_all(b"ping").unwrap();
    reactor.poll_now();
    assert_eq!(try_read().unwrap(), 4);
    // Without edges nobody knows without a call.
    assert_eq!(calls, if cfg!(polling_test_poll_backend) { 3 } else { 2 });
    assert_eq!(here.try_write_with(|mut stream| stream.write(b"pong")).unwrap(), 4);
}

#[test]
#[cfg(all(target_os = "linux", not(polling_test_poll_backend)))]
fn priority_data_is_waited_for_by_itself() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (here, _) = listener.accept().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = AsyncFd::new(here).unwrap();
    let mut waiting = here.priority();
    assert!(poll_once(&mut waiting).is_pending());
    (&there).write_all(b"ordinary").unwrap();
    reactor.block_on(here.readable()).unwrap();
    assert!(poll_once(&mut waiting).is_pending(), "ordinary data is none");
    rustix::net::send(&there, b"!", rustix::net::SendFlags::OOB).unwrap();
    let waited = reactor.block_on(timeout(Duration::from_secs(10), waiting));
    waited.unwrap().unwrap();
}

#[test]
fn a_hundred_thousand_waiters_on_one_source_are_woken_without_a_search_for_each() {
    // With a search it would be ten thousand million steps, and a time-out.
    const WAITERS: usize = 100_000;
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, mut there) = pair();
    let here = AsyncFd::new(here).unwrap();
    let ((count, waker), (others, other_waker)) = (WakeCount::new(), WakeCount::new());
    let read = || here.read_with(|mut stream| stream.read(&mut [0; 1]));
    let mut waiters: Vec<_> = (0..WAITERS).map(|_| read()).collect();
    // Whoever is polled again, and by another task, is found among all others.
    for waker in [&other_waker, &waker, &waker] {
        for waiter in &mut waiters {
            assert!(poll_with(waiter, waker).is_pending());
        }
    }
    there.write_all(b"x").unwrap();
    while count.get() == 0 {
        assert!(reactor.park().is_continue());
    }
    assert_eq!((count.get(), others.get()), (WAITERS, 0));
    let done = waiters.iter_mut().filter_map(|waiter| match poll_with(waiter, &waker) {
        Poll::Ready(result) => Some(result.unwrap()),
        Poll::Pending => None,
    });
    assert_eq!(done.collect::<Vec<_>>(), [1], "one byte is for one of them");
    // They leave in the order that would be the worst for a list.
    waiters.drain(..).for_each(drop);
}

#[test]
fn megabytes_pass_through_a_stream_both_ways() {
    real(async {
        let (here, there) = pair();
        let (here, there) = (AsyncFd::new(here).unwrap(), AsyncFd::new(there).unwrap());
        let total = 4 << 20;
        let write = |fd| write_all(fd, total);
        let read = |fd| read_all(fd, total);
        join(join(write(&here), read(&here)), join(write(&there), read(&there))).await;
    });
}

async fn write_all(fd: &AsyncFd<UnixStream>, total: usize) {
    let bytes = vec![7; 64 << 10];
    let mut done = 0;
    poll_fn(|cx| {
        while done < total {
            let len = bytes.len().min(total - done);
            let write = |mut stream: &UnixStream| stream.write(&bytes[..len]);
            done += ready!(fd.poll_write_stream(cx, len, write)).unwrap();
        }
        Poll::Ready(())
    })
    .await;
}

async fn read_all(fd: &AsyncFd<UnixStream>, total: usize) {
    let mut bytes = vec![0; 48 << 10];
    let mut done = 0;
    poll_fn(|cx| {
        while done < total {
            let len = bytes.len();
            let read = |mut stream: &UnixStream| stream.read(&mut bytes);
            done += ready!(fd.poll_read_stream(cx, len, read)).unwrap();
        }
        Poll::Ready(())
    })
    .await;
    assert_eq!(done, total);
}
