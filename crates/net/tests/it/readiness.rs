//! Readiness, attempts that do not wait, peeks, buffers that grow, and futures that can be selected.

use crate::support::{pair, poll_once, run};
use asyncio_core::gather;
use asyncio_net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use asyncio_reactor::{sleep, timeout};
use futures::future::FusedFuture;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::{StreamExt, select_biased};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_stream_is_readable_when_there_is_something_and_tried_without_waiting() {
    run(async {
        let (mut left, right) = pair().await?;
        let mut bytes = [0; 8];
        assert!(poll_once(right.readable()).is_pending());
        assert_eq!(right.try_read(&mut bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
        left.write_all(b"ping").await?;
        right.readable().await?;
        assert_eq!(right.try_read(&mut bytes)?, 4);
        assert_eq!(right.try_read(&mut bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(left);
        right.readable().await?;
        assert_eq!(right.try_read(&mut bytes)?, 0, "the end of the stream");
        Ok(())
    });
}

#[test]
fn a_full_stream_is_writable_when_there_is_room_again() {
    run(async {
        let (left, mut right) = pair().await?;
        let mut sent = 0;
        let full = loop {
            match left.try_write(&[7; 65536]) {
                Ok(count) => sent += count,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        let reading = async {
            let mut heard = vec![0; sent];
            right.read_exact(&mut heard).await
        };
        let (writable, read) = gather((left.writable(), reading)).await;
        read?;
        writable
    });
}

#[test]
fn a_peek_takes_nothing_and_can_be_polled() {
    run(async {
        let (mut left, mut right) = pair().await?;
        left.write_all(b"ping").await?;
        let mut bytes = [0; 8];
        for _ in 0..2 {
            assert_eq!(poll_fn(|cx| right.poll_peek(cx, &mut bytes)).await?, 4);
            assert_eq!(right.peek(&mut bytes).await?, 4);
        }
        assert_eq!(right.read(&mut bytes).await?, 4);
        Ok(())
    });
}

#[test]
fn a_buffer_grows_by_what_is_read_into_its_room() {
    run(async {
        let (mut left, right) = pair().await?;
        let sent: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        let sending = async {
            left.write_all(&sent).await?;
            left.close().await
        };
        let reading = async {
            let mut heard = Vec::new();
            while poll_fn(|cx| right.poll_read_buf(cx, &mut heard)).await? > 0 {}
            io::Result::Ok(heard)
        };
        let (sending, heard) = gather((sending, reading)).await;
        sending?;
        assert!(heard? == sent);
        Ok(())
    });
}

#[test]
fn datagrams_are_peeked_at_and_tried() {
    run(async {
        let (here, there) =
            (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
        let mut bytes = [0; 8];
        assert_eq!(there.try_recv_from(&mut bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
        here.writable().await?;
        assert_eq!(here.try_send_to(b"ping", there.local_addr()?)?, 4);
        there.readable().await?;
        let expected = (4, here.local_addr()?);
        assert_eq!(there.peek_from(&mut bytes).await?, expected);
        assert_eq!(there.try_recv_from(&mut bytes)?, expected);
        Ok(())
    });
}

#[test]
fn connections_come_as_an_owned_stream_and_by_polls() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let mut incoming = listener.into_incoming();
        assert_eq!(incoming.get_ref().local_addr()?, addr);
        for _ in 0..3 {
            let (connected, accepted) = gather((TcpStream::connect(addr), incoming.next())).await;
            let accepted = accepted.expect("it has no end")?;
            assert_eq!(accepted.peer_addr()?, connected?.local_addr()?);
        }
        let listener = incoming.into_inner();
        assert!(poll_once(poll_fn(|cx| listener.poll_accept(cx))).is_pending());
        let accepting = poll_fn(|cx| listener.poll_accept(cx));
        let (connected, accepted) = gather((TcpStream::connect(addr), accepting)).await;
        assert_eq!(accepted?.1, connected?.local_addr()?);
        Ok(())
    });
}

#[test]
fn a_socket_is_bound_and_set_before_it_listens_or_connects() {
    run(async {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuse_address(true)?;
        socket.bind("127.0.0.1:0".parse().unwrap())?;
        let addr = socket.local_addr()?;
        let listener = socket.listen(16)?;
        assert_eq!(listener.local_addr()?, addr);

        let socket = TcpSocket::new_v4()?;
        socket.set_nodelay(false)?;
        socket.set_keepalive(true)?;
        socket.set_send_buffer_size(32 << 10)?;
        socket.set_receive_buffer_size(32 << 10)?;
        socket.bind("127.0.0.1:0".parse().unwrap())?;
        let own = socket.local_addr()?;
        let (connected, accepted) = gather((socket.connect(addr), listener.accept())).await;
        let (connected, (accepted, peer)) = (connected?, accepted?);
        assert_eq!((connected.local_addr()?, peer), (own, own));
        assert!(!connected.nodelay()? && accepted.nodelay()?);
        assert!(socket2::SockRef::from(&connected).keepalive()?);

        let error = TcpSocket::new_v4()?.connect("127.0.0.1:1".parse().unwrap()).await;
        let error = error.expect_err("nobody is there");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(error.to_string().starts_with("cannot connect to 127.0.0.1:1: "), "{error}");
        // What cannot even begin says so when it is awaited.
        let error = TcpSocket::new_v4()?.connect("[::1]:1".parse().unwrap()).await;
        assert!(error.expect_err("another family").to_string().contains("[::1]:1"));
        Ok(())
    });
}

#[test]
fn all_futures_of_this_crate_can_be_selected() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        let mut bytes = [0; 8];
        let (mut accepting, mut connecting) = (listener.accept(), TcpStream::connect(addr));
        let mut receiving = udp.recv(&mut bytes);
        let mut limit = sleep(5000 * MS);
        let (mut accepted, mut connected) = (None, None);
        while accepted.is_none() || connected.is_none() {
            select_biased! {
                new = accepting => accepted = Some(new?),
                new = connecting => connected = Some(new?),
                _ = receiving => panic!("nobody sends"),
                () = limit => panic!("it hangs"),
            }
        }
        assert!(accepting.is_terminated() && connecting.is_terminated());
        assert!(!receiving.is_terminated());
        let mut sending = udp.send_to(b"x", addr);
        select_biased! {
            sent = sending => assert_eq!(sent?, 1),
        }
        assert!(sending.is_terminated());
        timeout(5000 * MS, async {}).await?;
        Ok(())
    });
}
