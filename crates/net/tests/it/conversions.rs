//! To and from std, options, and what is on by default.

use crate::support::{pair, run};
use asyncio_net::{TcpListener, TcpStream, UdpSocket};
use futures::StreamExt;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net;

#[test]
fn nagle_is_off_at_both_ends_and_can_be_put_on() {
    run(async {
        let (left, right) = pair().await?;
        assert!(left.nodelay()? && right.nodelay()?);
        left.set_nodelay(false)?;
        assert!(!left.nodelay()?);
        Ok(())
    });
}

#[test]
fn other_options_are_set_through_socket2() {
    run(async {
        let (left, right) = pair().await?;
        left.set_ttl(7)?;
        assert_eq!(left.ttl()?, 7);
        SockRef::from(&left).set_keepalive(true)?;
        assert!(SockRef::from(&left).keepalive()?);
        assert!(!left.is_simulated());
        drop(right);
        Ok(())
    });
}

#[test]
fn streams_come_from_std_and_go_back_to_it() {
    run(async {
        let listener = net::TcpListener::bind("127.0.0.1:0")?;
        let mut there = net::TcpStream::connect(listener.local_addr()?)?;
        let (here, _) = listener.accept()?;
        let mut here = TcpStream::from_std(here)?;
        assert!(!here.nodelay()?, "its options stay as they are");
        there.write_all(b"in")?;
        here.read_exact(&mut [0; 2]).await?;
        here.write_all(b"out").await?;
        let mut here = here.into_std()?;
        there.read_exact(&mut [0; 3])?;
        there.write_all(b"again")?;
        // In blocking mode: it would fail if it did not wait.
        here.read_exact(&mut [0; 5])
    });
}

#[test]
fn listeners_come_from_std_and_go_back_to_it() {
    run(async {
        let listener = TcpListener::try_from(net::TcpListener::bind("127.0.0.1:0")?)?;
        let addr = listener.local_addr()?;
        let client = TcpStream::connect(addr).await?;
        let server = listener.incoming().next().await.expect("it is endless")?;
        assert!(server.nodelay()?);
        assert_eq!(server.peer_addr()?, client.local_addr()?);
        let listener = listener.into_std()?;
        let second = TcpStream::connect(addr).await?;
        assert_eq!(listener.accept()?.1, second.local_addr()?);
        Ok(())
    });
}

#[test]
fn sockets_come_from_std_and_go_back_to_it() {
    run(async {
        let socket = UdpSocket::try_from(net::UdpSocket::bind("127.0.0.1:0")?)?;
        socket.send_to(b"self", socket.local_addr()?).await?;
        assert_eq!(socket.recv(&mut [0; 8]).await?, 4);
        let socket = socket.into_std()?;
        socket.send_to(b"self", socket.local_addr()?)?;
        assert_eq!(socket.recv(&mut [0; 8])?, 4);
        io::Result::Ok(())
    });
}
