//! Futures that are dropped while they wait lose nothing.

use crate::support::{pair, poll_once, run};
use asyncio_core::gather;
use asyncio_net::{TcpListener, TcpStream, UdpSocket};
use asyncio_reactor::timeout;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::time::Duration;

#[test]
fn an_accept_given_up_loses_no_connection() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        assert!(poll_once(listener.accept()).is_pending());
        for _ in 0..10 {
            let client = TcpStream::connect(addr).await?;
            assert!(timeout(Duration::ZERO, std::future::pending::<()>()).await.is_err());
            let (_, peer) = listener.accept().await?;
            assert_eq!(peer, client.local_addr()?);
            assert!(poll_once(listener.accept()).is_pending());
        }
        Ok(())
    });
}

#[test]
fn of_two_tasks_that_accept_one_that_gives_up_passes_its_turn_on() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let mut first = Box::pin(listener.accept());
        assert!(poll_once(first.as_mut()).is_pending());
        let connecting = async {
            let client = TcpStream::connect(addr).await;
            // The listener has had its event by now, and it may have gone to the first.
            drop(first);
            client
        };
        let (accepted, client) = gather((listener.accept(), connecting)).await;
        assert_eq!(accepted?.1, client?.local_addr()?);
        Ok(())
    });
}

#[test]
fn a_read_given_up_loses_no_byte() {
    run(async {
        let (mut left, mut right) = pair().await?;
        for n in 0..10 {
            assert!(poll_once(right.read(&mut [0; 8])).is_pending());
            left.write_all(&[n]).await?;
            let mut heard = [0xff; 8];
            assert_eq!(right.read(&mut heard).await?, 1);
            assert_eq!(heard[0], n);
        }
        Ok(())
    });
}

#[test]
fn a_datagram_is_not_lost_by_a_receive_given_up() {
    run(async {
        let (here, there) =
            (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
        assert!(poll_once(there.recv_from(&mut [0; 8])).is_pending());
        here.send_to(b"still there", there.local_addr()?).await?;
        assert_eq!(there.recv(&mut [0; 16]).await?, 11);
        Ok(())
    });
}
