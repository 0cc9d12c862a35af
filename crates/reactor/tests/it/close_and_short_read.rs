//! S-62, short reads: what else than an empty socket makes them, above all an end of file that came with data.

use crate::world::{MS, poll_once};
use asyncio_reactor::{AsyncFd, Reactor, sleep, timeout};
use rustix::fs::OFlags;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, sendmsg};
use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

/// A connection: ours, non-blocking and registered, and the other side's.
fn connection() -> (AsyncFd<TcpStream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (here, _) = listener.accept().unwrap();
    here.set_nonblocking(true).unwrap();
    (AsyncFd::new(here).unwrap(), there)
}

/// Reads with a buffer larger than what comes, and counts the calls.
async fn read(fd: &AsyncFd<TcpStream>, calls: &Cell<u32>) -> usize {
    let mut bytes = [0; 1024];
    let reading = poll_fn(|cx| {
        fd.poll_read_stream(cx, 1024, |mut stream| {
            calls.set(calls.get() + 1);
            stream.read(&mut bytes)
        })
    });
    let limited = timeout(Duration::from_secs(20), reading).await;
    limited.expect("an end of file must not be lost").unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    BeforeRegistration,
    BeforeTheWait,
    AfterTheWait,
    AfterTheRead,
}

#[test]
fn an_end_of_file_is_seen_whenever_it_comes() {
    for optimistic in [false, true] {
        for moment in [
            Moment::BeforeRegistration,
            Moment::BeforeTheWait,
            Moment::AfterTheWait,
            Moment::AfterTheRead,
        ] {
            let calls = Cell::new(0);
            Reactor::new().unwrap().block_on(async {
                let (here, mut there) = connection();
                let close = |when: u8| {
                    if when == moment as u8 {
                        there.shutdown(Shutdown::Write).unwrap();
                    }
                };
                let mut here = here;
                if matches!(moment, Moment::BeforeRegistration) {
                    let stream = here.into_inner();
                    (&there).write_all(b"data").unwrap();
                    close(0);
                    here = AsyncFd::new(stream).unwrap();
                } else {
                    (&there).write_all(b"data").unwrap();
                }
                close(1);
                if !optimistic {
                    here.clear_readable();
                }
                // Lets the loop take in what has come so far.
                sleep(MS).await;
                close(2);
                assert_eq!(read(&here, &calls).await, 4, "{moment:?}");
                close(3);
                assert_eq!(read(&here, &calls).await, 0, "{moment:?}");
                assert_eq!(read(&here, &calls).await, 0, "and it stays so");
                there.flush().unwrap();
            });
            assert!(calls.get() <= 5, "{moment:?}: {} calls", calls.get());
        }
    }
}

#[test]
fn after_a_short_read_the_next_is_not_even_tried() {
    let reactor = Reactor::new().unwrap();
    reactor.block_on(async {
        let (here, mut there) = connection();
        let calls = Cell::new(0);
        here.clear_readable();
        // Where the system does not tell of a close with the event, each round costs a second call.
        let calls_a_round = if cfg!(polling_test_poll_backend) { 2 } else { 1 };
        for round in 1..=10 {
            there.write_all(b"ping").unwrap();
            assert_eq!(read(&here, &calls).await, 4);
            assert!(poll_once(&mut Box::pin(read(&here, &calls))).is_pending());
            assert_eq!(calls.get(), round * calls_a_round);
        }
    });
}

#[test]
fn after_a_short_write_the_next_waits_for_room() {
    let reactor = Reactor::new().unwrap();
    reactor.block_on(async {
        let (here, mut there) = connection();
        let bytes = vec![0; 1 << 20];
        let calls = Cell::new(0);
        let write = || {
            poll_fn(|cx| {
                here.poll_write_stream(cx, bytes.len(), |mut stream| {
                    calls.set(calls.get() + 1);
                    stream.write(&bytes)
                })
            })
        };
        let mut sent = 0;
        while let std::task::Poll::Ready(count) = poll_once(&mut write()) {
            sent += count.unwrap();
        }
        let before = calls.get();
        assert!(poll_once(&mut write()).is_pending());
        assert_eq!(calls.get(), before, "no call is spent on a full socket");
        let mut left = sent;
        let mut sink = vec![0; 1 << 20];
        while left > 0 {
            left -= there.read(&mut sink).unwrap();
        }
        let written = timeout(Duration::from_secs(20), write()).await;
        assert!(written.expect("room wakes the writer").unwrap() > 0);
    });
}

/// Reads what there is, with a buffer larger than that, until `expected` bytes have come.
async fn read_pieces<T: AsFd>(
    fd: &AsyncFd<T>,
    expected: usize,
    mut read: impl FnMut(&T, &mut [u8]) -> io::Result<usize>,
) -> Vec<u8> {
    let mut heard = Vec::new();
    while heard.len() < expected {
        let mut bytes = [0; 64];
        let reading = poll_fn(|cx| fd.poll_read_stream(cx, 64, |io| read(io, &mut bytes)));
        let limited = timeout(Duration::from_secs(20), reading).await;
        let count = limited.expect("what has arrived is read").unwrap();
        heard.extend_from_slice(&bytes[..count]);
    }
    heard
}

#[test]
fn what_is_behind_tcps_urgent_mark_is_read() {
    for registered_first in [false, true] {
        Reactor::new().unwrap().block_on(async {
            let (mut here, mut there) = connection();
            let mut send = || {
                there.write_all(b"before").unwrap();
                rustix::net::send(&there, b"!", rustix::net::SendFlags::OOB).unwrap();
                there.write_all(b"after").unwrap();
            };
            if registered_first {
                here.clear_readable();
                send();
            } else {
                let stream = here.into_inner();
                send();
                here = AsyncFd::new(stream).unwrap();
            }
            // Lets the loop take in all of it at once.
            sleep(MS).await;
            let heard = read_pieces(&here, 11, |mut stream, bytes| stream.read(bytes)).await;
            assert_eq!(heard, b"beforeafter");
        });
    }
}

#[test]
fn what_is_behind_a_descriptor_on_a_unix_socket_is_read() {
    Reactor::new().unwrap().block_on(async {
        let (here, there) = UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::new(here).unwrap();
        here.clear_readable();
        (&there).write_all(b"before").unwrap();
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let passed = [there.as_fd()];
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&passed)));
        let flags = rustix::net::SendFlags::empty();
        sendmsg(&there, &[IoSlice::new(b"with it")], &mut ancillary, flags).unwrap();
        (&there).write_all(b"after").unwrap();
        sleep(MS).await;
        let heard = read_pieces(&here, 18, |mut stream, bytes| stream.read(bytes)).await;
        assert_eq!(heard, b"beforewith itafter");
    });
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_behind_a_packet_of_a_pipe_is_read() {
    use rustix::pipe::{PipeFlags, pipe_with};
    Reactor::new().unwrap().block_on(async {
        let (here, there) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::DIRECT).unwrap();
        let here = AsyncFd::new(here).unwrap();
        here.clear_readable();
        for packet in [&b"one"[..], b"two", b"three"] {
            rustix::io::write(&there, packet).unwrap();
        }
        sleep(MS).await;
        let heard = read_pieces(&here, 11, |pipe, bytes| Ok(rustix::io::read(pipe, bytes)?)).await;
        assert_eq!(heard, b"onetwothree");
    });
}

#[test]
fn what_is_behind_a_line_of_a_terminal_is_read() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    Reactor::new().unwrap().block_on(async {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK;
        let terminal = rustix::fs::open(&name, flags, rustix::fs::Mode::empty()).unwrap();
        let terminal = AsyncFd::new(terminal).unwrap();
        terminal.clear_readable();
        // In its usual mode a terminal gives a line at a time.
        rustix::io::write(&master, b"one\ntwo\nthree\n").unwrap();
        sleep(MS).await;
        let heard =
            read_pieces(&terminal, 14, |pty, bytes| Ok(rustix::io::read(pty, bytes)?)).await;
        assert_eq!(heard, b"one\ntwo\nthree\n");
    });
}

#[test]
fn what_is_behind_a_datagram_is_read() {
    Reactor::new().unwrap().block_on(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::new(here).unwrap();
        here.clear_readable();
        for datagram in [&b"one"[..], b"two", b"three"] {
            there.send(datagram).unwrap();
        }
        sleep(MS).await;
        let heard = read_pieces(&here, 11, |socket, bytes| socket.recv(bytes)).await;
        assert_eq!(heard, b"onetwothree");
    });
}
