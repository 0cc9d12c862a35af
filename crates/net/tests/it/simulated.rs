//! The same types on a network that is not the operating system's.

use crate::support::{note_of, poll_once};
use asyncio_core::budget;
use asyncio_core::wait_note::WaitKind;
use asyncio_core::{gather, try_gather};
use asyncio_net::{Shutdown, TcpListener, TcpSocket, TcpStream, UdpSocket, network};
use asyncio_testing::SimulatedNetwork;
use futures::StreamExt;
use futures::executor::block_on;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Runs a test on a network of its own and on no reactor: nothing of the system's can be used.
fn run<F: Future<Output = io::Result<()>>>(test: impl FnOnce(Rc<SimulatedNetwork>) -> F) {
    let world =
        SimulatedNetwork::new().host("server", Ipv4Addr::new(10, 0, 0, 1)).stream_buffer(16);
    let memory = Rc::new(world);
    let _entered = network::enter(Rc::<SimulatedNetwork>::clone(&memory));
    block_on(test(Rc::clone(&memory))).expect("no error");
    assert_eq!(memory.open_sockets(), 0, "every socket was closed");
}

#[test]
fn an_echo_server_works_without_the_operating_system() {
    run(|_| async {
        let listener = TcpListener::bind("10.0.0.1:80").await?;
        assert!(listener.is_simulated());
        let serving = async {
            let (mut stream, peer) = listener.accept().await?;
            assert_eq!(stream.peer_addr()?, peer);
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).await?;
            // More than the network holds at a time, so that both sides have to wait.
            stream.write_all(&heard).await?;
            stream.close().await
        };
        let asking = async {
            let mut stream = TcpStream::connect("server:80").await?;
            assert_eq!(stream.peer_addr()?, listener.local_addr()?);
            let sent: Vec<u8> = (0..200).collect();
            stream.write_all(&sent).await?;
            stream.shutdown(Shutdown::Write)?;
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).await?;
            assert_eq!(heard, sent);
            io::Result::Ok(())
        };
        try_gather((serving, asking)).await.map(drop)
    });
}

#[test]
fn halves_peeks_and_vectors_are_the_same() {
    run(|_| async {
        let listener = TcpListener::bind("10.0.0.1:0").await?;
        let left = TcpStream::connect(listener.local_addr()?).await?;
        let (right, _) = listener.accept().await?;
        let (_reader, mut writer) = left.split();
        let bufs = [IoSlice::new(b"one"), IoSlice::new(b"two")];
        assert_eq!(writer.write_vectored(&bufs).await?, 6);
        drop(writer);
        assert_eq!(right.peek(&mut [0; 4]).await?, 4);
        let (mut first, mut second) = ([0; 4], [0; 4]);
        let mut bufs = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        let mut right = &right;
        assert_eq!(right.read_vectored(&mut bufs).await?, 6);
        assert_eq!((&first, &second[..2]), (b"onet", &b"wo"[..]));
        assert_eq!(right.read(&mut first).await?, 0);
        Ok(())
    });
}

#[test]
fn options_are_taken_and_a_reset_is_a_reset() {
    run(|_| async {
        let listener = TcpListener::bind("10.0.0.1:0").await?;
        let left = TcpStream::connect(listener.local_addr()?).await?;
        let (mut right, _) = listener.accept().await?;
        left.set_nodelay(true)?;
        left.set_ttl(64)?;
        assert_eq!((left.nodelay()?, left.ttl()?), (true, 64));
        left.set_reset_on_drop(true)?;
        let mut buf = [0; 1];
        let (read, ()) = gather((right.read(&mut buf), async { drop(left) })).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
        Ok(())
    });
}

#[test]
fn datagrams_are_the_same() {
    run(|_| async {
        let (here, there) =
            (UdpSocket::bind("10.0.0.1:0").await?, UdpSocket::bind("10.0.0.2:9").await?);
        let mut buf = [0; 8];
        let (received, sent) =
            gather((there.recv_from(&mut buf), here.send_to(b"ping", "10.0.0.2:9"))).await;
        assert_eq!((received?, sent?), ((4, here.local_addr()?), 4));
        there.connect(here.local_addr()?).await?;
        there.send(b"pong").await?;
        assert_eq!(here.recv(&mut buf).await?, 4);
        assert_eq!(&buf[..4], b"pong");
        Ok(())
    });
}

#[test]
fn errors_read_as_they_do_on_the_real_network() {
    run(|_| async {
        let error = TcpStream::connect("10.0.0.9:1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(error.to_string().starts_with("cannot connect to 10.0.0.9:1: "), "{error}");
        let error = TcpStream::connect("nowhere:1").await.unwrap_err();
        assert!(error.to_string().starts_with("cannot resolve `nowhere`: "), "{error}");
        let listener = TcpListener::bind("10.0.0.1:80").await?;
        let error = TcpListener::bind("10.0.0.1:80").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert_eq!(listener.into_std().unwrap_err().kind(), ErrorKind::Unsupported);
        Ok(())
    });
}

#[test]
fn a_socket_used_on_another_network_says_so_and_dropped_there_is_harmless() {
    let (owner, other) = (Rc::new(SimulatedNetwork::new()), Rc::new(SimulatedNetwork::new()));
    let listener = {
        let _entered = network::enter(Rc::<SimulatedNetwork>::clone(&owner));
        block_on(TcpListener::bind("10.0.0.1:80")).expect("it is free")
    };
    let _entered = network::enter(other);
    let thrown = catch_unwind(AssertUnwindSafe(|| block_on(listener.accept()))).unwrap_err();
    let message = thrown.downcast_ref::<&str>().expect("a message");
    assert!(message.contains("attached to a different loop"), "{message}");
    drop(listener);
    assert_eq!(owner.open_sockets(), 1, "its network has not heard of it");
}

#[test]
fn a_task_that_waits_says_for_what_and_where() {
    run(|_| async {
        let listener = TcpListener::bind("10.0.0.1:0").await?;
        let socket = UdpSocket::bind("10.0.0.1:0").await?;
        let stream = TcpStream::connect(listener.local_addr()?).await?;
        let _accepted = listener.accept().await?;
        for note in [
            note_of(async { listener.accept().await.map(drop) }),
            note_of(async { socket.recv_from(&mut [0; 1]).await.map(drop) }),
            note_of(async { socket.recv(&mut [0; 1]).await.map(drop) }),
            note_of(async { stream.peek(&mut [0; 1]).await.map(drop) }),
        ] {
            assert_eq!(note.kind(), WaitKind::Readable);
            assert!(note.at().file().ends_with("simulated.rs"), "{note}");
        }
        Ok(())
    });
}

#[test]
fn operations_count_against_the_budget_of_a_poll() {
    run(|_| async {
        let _budget = budget::enter();
        let socket = UdpSocket::bind("10.0.0.1:1").await?;
        let (mut sent, mut seen) = (0, None);
        let sending = async {
            for n in 1..=100 {
                socket.send_to(b"", "10.0.0.2:1").await?;
                sent = n;
            }
            io::Result::Ok(())
        };
        let mut sending = Box::pin(sending);
        let polled = std::future::poll_fn(|cx| {
            budget::begin_poll();
            let polled = sending.as_mut().poll(cx);
            seen.get_or_insert(polled.is_pending());
            polled
        });
        polled.await?;
        drop(sending);
        assert_eq!((sent, seen), (100, Some(true)), "the first poll did not send them all");
        Ok(())
    });
}

#[test]
fn readiness_and_attempts_are_the_same_and_disturb_nobody_who_waits() {
    run(|_| async {
        let listener = TcpListener::bind("10.0.0.1:0").await?;
        let left = TcpStream::connect(listener.local_addr()?).await?;
        let (right, _) = listener.accept().await?;
        let mut bytes = [0; 8];
        assert!(poll_once(right.readable()).is_pending());
        assert_eq!(note_of(right.readable()).kind(), WaitKind::Readable);

        // Somebody waits, and somebody else only tries: the waker of the first is still there.
        let waiting = async { (&right).read(&mut [0; 1]).await };
        let trying = async {
            assert_eq!(right.try_read(&mut bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
            left.writable().await?;
            left.try_write(b"ping")
        };
        let (read, written) = gather((waiting, trying)).await;
        assert_eq!((read?, written?), (1, 4));
        right.readable().await?;
        assert_eq!(right.try_read(&mut [0; 8])?, 3);

        // Sixteen bytes are in flight at most.
        assert_eq!(left.try_write(&[7; 20])?, 16);
        assert_eq!(left.try_write(&[7; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(poll_once(left.writable()).is_pending());
        let mut heard = Vec::new();
        let reading = std::future::poll_fn(|cx| right.poll_read_buf(cx, &mut heard));
        let (writable, read) = gather((left.writable(), reading)).await;
        writable?;
        assert_eq!((read?, heard.len()), (16, 16));
        drop(left);
        right.readable().await?;
        assert_eq!(right.try_read(&mut [0; 8])?, 0);
        Ok(())
    });
    run(|_| async {
        let (here, there) =
            (UdpSocket::bind("10.0.0.1:1").await?, UdpSocket::bind("10.0.0.2:1").await?);
        let mut bytes = [0; 8];
        assert_eq!(there.try_recv_from(&mut bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
        here.writable().await?;
        assert_eq!(here.try_send_to(b"ping", there.local_addr()?)?, 4);
        there.readable().await?;
        assert_eq!(there.peek_from(&mut bytes).await?.0, 4);
        assert_eq!(there.try_recv_from(&mut bytes)?, (4, here.local_addr()?));
        Ok(())
    });
}

#[test]
fn connections_come_by_polls_and_sockets_by_hand() {
    run(|_| async {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuse_address(true)?;
        socket.bind("10.0.0.1:80".parse().unwrap())?;
        let addr = socket.local_addr()?;
        let mut incoming = socket.listen(8)?.into_incoming();
        assert!(incoming.get_ref().is_simulated());
        let connecting = TcpSocket::new_v4()?.connect(addr);
        let (connected, accepted) = gather((connecting, incoming.next())).await;
        assert_eq!(accepted.expect("no end")?.peer_addr()?, connected?.local_addr()?);
        let bound = TcpSocket::new_v4()?;
        bound.bind("10.0.0.9:7".parse().unwrap())?;
        let (connected, accepted) = gather((bound.connect(addr), incoming.next())).await;
        let own = connected?.local_addr()?;
        assert_eq!(own, "10.0.0.9:7".parse().unwrap());
        assert_eq!(accepted.expect("no end")?.peer_addr()?, own);
        Ok(())
    });
}
