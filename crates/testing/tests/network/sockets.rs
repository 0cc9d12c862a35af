//! S-72 for sockets that get their address before they listen or connect, and for readiness.

use crate::parity::{note, pair, same_on_both};
use asyncio_net::{TcpListener, TcpSocket, UdpSocket};
use futures::future::FutureExt;
use std::net::SocketAddr;

#[test]
fn a_socket_is_bound_before_it_connects() {
    same_on_both(async |seen| {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let socket = TcpSocket::new_v4()?;
        note(seen, socket.local_addr());
        socket.bind("127.0.0.2:0".parse().unwrap())?;
        let own = socket.local_addr()?;
        note(seen, socket.bind(own));
        note(seen, TcpListener::bind(own).await.map(drop));
        let stream = socket.connect(listener.local_addr()?).await?;
        assert_eq!((stream.local_addr()?, listener.accept().await?.1), (own, own));
        note(seen, Ok(own.ip()));
        Ok(())
    });
}

#[test]
fn a_socket_that_listens_without_an_address_gets_one() {
    same_on_both(async |seen| {
        for socket in [TcpSocket::new_v4()?, TcpSocket::new_v6()?] {
            note(seen, socket.local_addr());
            let listener = socket.listen(1)?;
            let local = listener.local_addr()?;
            note(seen, Ok((local.ip(), local.port() != 0)));
        }
        Ok(())
    });
}

#[test]
fn addresses_of_the_other_family_are_refused_by_sockets() {
    same_on_both(async |seen| {
        let addrs: [SocketAddr; 3] =
            ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"].map(|addr| addr.parse().unwrap());
        for addr in addrs {
            for new in [TcpSocket::new_v4, TcpSocket::new_v6] {
                note(seen, new()?.bind(addr));
                note(seen, new()?.connect(addr).await.map(drop));
                for own in addrs {
                    let socket = new()?;
                    if socket.bind(own).is_ok() {
                        note(seen, socket.connect(addr).await.map(drop));
                    }
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_bound_socket_that_is_dropped_gives_its_address_back() {
    same_on_both(async |seen| {
        let socket = TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse().unwrap())?;
        let own = socket.local_addr()?;
        drop(socket);
        note(seen, TcpListener::bind(own).await.map(drop));
        Ok(())
    });
}

#[test]
fn attempts_do_not_wait_and_readiness_comes_with_the_data() {
    same_on_both(async |seen| {
        let (left, right) = pair().await?;
        let mut buf = [0; 8];
        note(seen, right.try_read(&mut buf).map_err(|error| error.kind().into()));
        let mut readable = Box::pin(right.readable());
        note(seen, Ok(readable.as_mut().now_or_never().is_some()));
        note(seen, left.try_write(b"data"));
        readable.await?;
        note(seen, right.try_read(&mut buf));
        drop(left);
        right.readable().await?;
        note(seen, right.peek(&mut buf).await);
        note(seen, right.try_read(&mut buf));

        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        note(seen, socket.try_recv_from(&mut buf).map(drop).map_err(|error| error.kind().into()));
        let mut readable = Box::pin(socket.readable());
        note(seen, Ok(readable.as_mut().now_or_never().is_some()));
        note(seen, socket.try_send_to(b"datagram", socket.local_addr()?));
        readable.await?;
        note(seen, socket.peek_from(&mut buf).await.map(|(count, _)| count));
        note(seen, socket.try_recv_from(&mut buf).map(|(count, _)| count));
        Ok(())
    });
}
