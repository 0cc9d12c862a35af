//! The lost end of file: it arrives together with data, and the read falls short of its buffer.

use crate::world::{MS, poll_once};
use asyncio_reactor::{AsyncFd, Reactor, sleep, timeout};
use std::cell::Cell;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
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
