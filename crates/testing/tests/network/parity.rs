//! S-72: a program sees on the simulated network what it sees on Linux' loopback.

use asyncio_core::gather;
use asyncio_net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use asyncio_testing::Simulation;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::fmt::Debug;
use std::io::{self, IoSlice, IoSliceMut};

/// What a program has seen, call by call.
pub(crate) type Seen = Vec<String>;

pub(crate) fn note<T: Debug>(seen: &mut Seen, result: io::Result<T>) {
    seen.push(match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{:?}, {:?}", error.kind(), code(&error)),
    });
}

/// The system's number, also of an error that says what was being done.
fn code(error: &io::Error) -> Option<i32> {
    let inner = error.get_ref().and_then(|inner| inner.source());
    let inner = inner.and_then(|source| source.downcast_ref::<io::Error>());
    inner.unwrap_or(error).raw_os_error()
}

#[track_caller]
pub(crate) fn same_on_both(script: impl AsyncFn(&mut Seen) -> io::Result<()>) {
    let watched = async || {
        let mut seen = Seen::new();
        script(&mut seen).await.unwrap();
        seen
    };
    let real = asyncio_reactor::block_on(watched()).unwrap();
    let simulated = Simulation::new(0).run(watched).unwrap();
    assert_eq!(simulated, real, "simulated is on the left");
}

pub(crate) async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let left = TcpStream::connect(listener.local_addr()?).await?;
    Ok((left, listener.accept().await?.0))
}

pub(crate) async fn read(seen: &mut Seen, stream: &mut TcpStream) {
    let mut buf = [0; 8];
    let result = stream.read(&mut buf).await;
    note(seen, result.map(|count| buf[..count].to_vec()));
}

/// Writes until it fails: the system decides when the reset comes that answers a write to a closed end.
async fn write_until_error(seen: &mut Seen, stream: &mut TcpStream) {
    loop {
        if let Err(error) = stream.write(b"x").await {
            return note::<()>(seen, Err(error));
        }
        asyncio_core::yield_now().await;
    }
}

/// The calls that depend on the state of a stream.
pub(crate) async fn ask_everything(seen: &mut Seen, stream: &mut TcpStream) {
    note(seen, stream.peer_addr().map(drop));
    note(seen, stream.shutdown(Shutdown::Write));
    note(seen, stream.shutdown(Shutdown::Write));
    note(seen, stream.write(b"x").await);
    note(seen, stream.peer_addr().map(drop));
}

#[test]
fn an_orderly_end() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        left.write_all(b"last words").await?;
        left.close().await?;
        for _ in 0..4 {
            read(seen, &mut right).await;
        }
        note(seen, left.write(b"x").await);
        note(seen, left.shutdown(Shutdown::Write));
        note(seen, left.peer_addr().map(drop));
        ask_everything(seen, &mut right).await;
        read(seen, &mut left).await;
        note(seen, left.shutdown(Shutdown::Write));
        Ok(())
    });
}

#[test]
fn a_peer_that_has_gone() {
    same_on_both(async |seen| {
        let (left, mut right) = pair().await?;
        drop(left);
        read(seen, &mut right).await;
        note(seen, right.peer_addr().map(drop));
        write_until_error(seen, &mut right).await;
        read(seen, &mut right).await;
        ask_everything(seen, &mut right).await;
        Ok(())
    });
}

#[test]
fn a_reset_after_bytes_that_were_not_read() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        left.write_all(b"abc").await?;
        left.set_reset_on_drop(true)?;
        drop(left);
        for _ in 0..4 {
            read(seen, &mut right).await;
        }
        ask_everything(seen, &mut right).await;
        Ok(())
    });
}

#[test]
fn a_reset_that_the_writer_hears_of() {
    same_on_both(async |seen| {
        let (left, mut right) = pair().await?;
        left.set_reset_on_drop(true)?;
        drop(left);
        write_until_error(seen, &mut right).await;
        write_until_error(seen, &mut right).await;
        read(seen, &mut right).await;
        ask_everything(seen, &mut right).await;
        Ok(())
    });
}

#[test]
fn a_peer_that_drops_what_it_has_not_read() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        right.write_all(b"unheard").await?;
        left.write_all(b"abc").await?;
        note(seen, left.peek(&mut [0; 3]).await);
        drop(left);
        for _ in 0..3 {
            read(seen, &mut right).await;
        }
        ask_everything(seen, &mut right).await;
        Ok(())
    });
}

#[test]
fn an_end_that_reads_no_more() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        right.write_all(b"abc").await?;
        note(seen, left.peek(&mut [0; 3]).await);
        left.shutdown(Shutdown::Read)?;
        read(seen, &mut left).await;
        read(seen, &mut left).await;
        note(seen, right.write(b"defg").await);
        note(seen, left.write(b"x").await);
        read(seen, &mut right).await;
        Ok(())
    });
}

#[test]
fn a_vectored_call_takes_as_many_buffers_as_the_system() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        let pieces = vec![[7]; 2000];
        let bufs: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        note(seen, left.write_vectored(&bufs).await);
        left.write_all(&[8; 1000]).await?;
        let mut pieces = vec![[0]; 2000];
        let mut bufs: Vec<_> = pieces.iter_mut().map(|piece| IoSliceMut::new(piece)).collect();
        note(seen, right.read_vectored(&mut bufs).await);
        Ok(())
    });
}

#[test]
fn options_are_shown_as_they_were_set() {
    same_on_both(async |seen| {
        let (left, right) = pair().await?;
        for stream in [&left, &right] {
            note(seen, stream.nodelay());
            note(seen, stream.set_nodelay(false));
            note(seen, stream.nodelay());
            for ttl in [0, 1, 255, 256] {
                note(seen, stream.set_ttl(ttl));
                note(seen, stream.ttl());
            }
        }
        Ok(())
    });
}

#[test]
fn connections_that_nobody_takes() {
    same_on_both(async |seen| {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        note(seen, TcpListener::bind(addr).await.map(drop));
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(b"hello?").await?;
        drop(listener);
        read(seen, &mut stream).await;
        ask_everything(seen, &mut stream).await;
        note(seen, TcpStream::connect(addr).await.map(drop));
        Ok(())
    });
}

#[test]
fn a_client_that_has_gone_before_it_was_accepted() {
    same_on_both(async |seen| {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut stream = TcpStream::connect(listener.local_addr()?).await?;
        stream.write_all(b"bye").await?;
        drop(stream);
        let (mut accepted, _) = listener.accept().await?;
        read(seen, &mut accepted).await;
        read(seen, &mut accepted).await;
        write_until_error(seen, &mut accepted).await;
        Ok(())
    });
}

#[test]
fn data_for_an_end_that_has_shut_both_directions_resets_the_connection() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        left.shutdown(Shutdown::Both)?;
        note(seen, right.write(b"abc").await);
        for _ in 0..2 {
            read(seen, &mut left).await;
        }
        read(seen, &mut right).await;
        ask_everything(seen, &mut right).await;
        Ok(())
    });
}

#[test]
fn a_reset_after_the_end_of_the_stream_fails_writes_alone() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        left.write_all(b"unread").await?;
        right.close().await?;
        drop(right);
        for _ in 0..2 {
            read(seen, &mut left).await;
        }
        ask_everything(seen, &mut left).await;
        Ok(())
    });
}

#[test]
fn a_listener_on_all_addresses_takes_connections_of_both_families() {
    same_on_both(async |seen| {
        let listener = TcpListener::bind("[::]:0").await?;
        let port = listener.local_addr()?.port();
        for ip in ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1"] {
            let stream = TcpStream::connect((ip, port)).await?;
            let (accepted, peer) = listener.accept().await?;
            assert_eq!(peer.port(), stream.local_addr()?.port());
            note(seen, Ok((stream.local_addr()?.ip(), stream.peer_addr()?.ip())));
            note(seen, Ok((peer.ip(), accepted.local_addr()?.ip())));
        }
        Ok(())
    });
}

#[test]
fn who_can_bind_beside_whom() {
    const IPS: [&str; 6] =
        ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0"];
    same_on_both(async |seen| {
        for first in IPS {
            for second in IPS {
                let listener = TcpListener::bind((first, 0)).await?;
                let port = listener.local_addr()?.port();
                note(seen, TcpListener::bind((second, port)).await.map(drop));
                let socket = UdpSocket::bind((first, 0)).await?;
                let port = socket.local_addr()?.port();
                note(seen, UdpSocket::bind((second, port)).await.map(drop));
            }
        }
        Ok(())
    });
}

#[test]
fn connecting_a_datagram_socket_gives_it_an_address() {
    same_on_both(async |seen| {
        for (own, peer) in
            [("0.0.0.0", "127.0.0.2"), ("::", "::1"), ("::", "::ffff:127.0.0.1"), ("::", "0.0.0.0")]
        {
            let there = UdpSocket::bind((peer, 0)).await?;
            let here = UdpSocket::bind((own, 0)).await?;
            here.connect((peer, there.local_addr()?.port())).await?;
            note(seen, Ok((here.local_addr()?.ip(), here.peer_addr()?.ip())));
            here.send(b"x").await?;
            let (_, from) = there.recv_from(&mut [0; 1]).await?;
            note(seen, Ok(from.ip()));
            // What it does not have any more, others can have.
            let port = here.local_addr()?.port();
            note(seen, UdpSocket::bind(("127.0.0.3", port)).await.map(drop));
        }
        Ok(())
    });
}

#[test]
fn a_refusal_is_reported_however_the_datagram_was_sent() {
    same_on_both(async |seen| {
        let here = UdpSocket::bind("127.0.0.1:0").await?;
        let gone = UdpSocket::bind("127.0.0.1:0").await?;
        let (dead, other) = (gone.local_addr()?, UdpSocket::bind("127.0.0.1:0").await?);
        drop(gone);
        note(seen, here.send_to(b"x", dead).await);
        here.connect(dead).await?;
        note(seen, here.send_to(b"x", dead).await);
        note(seen, here.recv(&mut [0; 1]).await);
        // A socket that has a peer refuses what comes from others.
        other.connect(dead).await?;
        here.connect(other.local_addr()?).await?;
        note(seen, here.send(b"x").await);
        note(seen, here.recv(&mut [0; 1]).await);
        // A refusal by another than the peer is not reported.
        note(seen, here.send_to(b"x", dead).await);
        note(seen, here.send_to(b"x", dead).await);
        Ok(())
    });
}

#[test]
fn addresses_of_the_other_family() {
    const IPS: [&str; 6] =
        ["127.0.0.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0"];
    same_on_both(async |seen| {
        for own in IPS {
            for to in IPS {
                for port in [0, 9] {
                    let here = UdpSocket::bind((own, 0)).await?;
                    note(seen, here.send_to(b"x", (to, port)).await);
                    note(seen, here.connect((to, port)).await);
                    note(seen, here.local_addr().map(|addr| addr.ip()));
                    note(seen, here.peer_addr());
                }
            }
        }
        Ok(())
    });
}

#[test]
fn the_longest_datagrams() {
    same_on_both(async |seen| {
        for (ip, longest) in [("127.0.0.1", 65_507), ("::1", 65_527)] {
            let (here, there) = (UdpSocket::bind((ip, 0)).await?, UdpSocket::bind((ip, 0)).await?);
            note(seen, here.send_to(&vec![1; longest + 1], there.local_addr()?).await);
            note(seen, here.send_to(&vec![1; longest], there.local_addr()?).await);
            let mut buf = vec![0; longest + 1];
            note(seen, there.recv(&mut buf).await);
        }
        Ok(())
    });
}

#[test]
fn datagrams() {
    same_on_both(async |seen| {
        let (here, there) =
            (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
        let stranger = UdpSocket::bind("127.0.0.1:0").await?;
        let mut buf = [0; 4];
        note(seen, here.send(b"nobody").await);
        note(seen, here.send_to(b"too long", there.local_addr()?).await);
        note(seen, here.send_to(b"", there.local_addr()?).await);
        for _ in 0..2 {
            let (count, from) = there.recv_from(&mut buf).await?;
            note(seen, Ok((count, buf, from == here.local_addr()?)));
        }
        there.connect(here.local_addr()?).await?;
        note(seen, there.peer_addr().map(|peer| peer == here.local_addr().unwrap()));
        stranger.send_to(b"who?", there.local_addr()?).await?;
        here.send_to(b"me", there.local_addr()?).await?;
        note(seen, there.recv(&mut buf).await);
        note(seen, stranger.peer_addr().map(drop));
        let long = vec![0; 65_508];
        note(seen, stranger.send_to(&long, here.local_addr()?).await);
        drop(here);
        note(seen, there.send(b"hello?").await);
        note(seen, there.recv(&mut buf).await);
        let (received, sent) = gather((there.recv(&mut buf), there.send(b"still?"))).await;
        note(seen, received);
        note(seen, sent);
        note(seen, stranger.send_to(b"hello?", stranger.local_addr()?).await);
        Ok(())
    });
}
