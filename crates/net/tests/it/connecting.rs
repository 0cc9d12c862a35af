//! Connecting: refused, one address after another, given up.

use crate::support::{poll_once, run};
use asyncio_net::{TcpListener, TcpStream};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

/// An address at which nobody listens: it was free a moment ago.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .expect("a free port")
}

#[test]
fn a_refused_connection_names_the_address() {
    run(async {
        let addr = nobody();
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(error.to_string().starts_with(&format!("cannot connect to {addr}: ")), "{error}");
        let source = std::error::Error::source(&error).or(error.get_ref().map(|e| e as _));
        assert!(source.is_some());
        Ok(())
    });
}

#[test]
fn addresses_are_tried_in_order_until_one_answers() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addrs = [nobody(), listener.local_addr()?];
        let stream = TcpStream::connect(addrs).await?;
        assert_eq!(stream.peer_addr()?, addrs[1]);
        Ok(())
    });
}

#[test]
fn the_error_is_that_of_the_last_address() {
    run(async {
        let (first, last) = (nobody(), nobody());
        let error = TcpStream::connect(&[first, last][..]).await.unwrap_err();
        assert!(error.to_string().contains(&last.to_string()), "{error}");
        Ok(())
    });
}

#[test]
fn no_address_at_all_is_invalid_input() {
    run(async {
        let error = TcpStream::connect(&[][..]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        Ok(())
    });
}

#[test]
fn a_connection_given_up_leaves_nothing_behind() {
    run(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        for _ in 0..100 {
            drop(poll_once(TcpStream::connect(addr)));
        }
        let (stream, _) = listener.accept().await?;
        drop(stream);
        Ok(())
    });
}

#[test]
fn an_address_in_use_is_named() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let error = TcpListener::bind(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&format!("cannot listen on {addr}")), "{error}");
        Ok(())
    });
}

#[test]
fn an_address_can_be_bound_again_right_after_its_connections_have_ended() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let client = TcpStream::connect(addr).await?;
        let (server, _) = listener.accept().await?;
        // The side that closes first is the one whose address lingers.
        drop(server);
        drop(client);
        drop(listener);
        TcpListener::bind(addr).await.map(drop)
    });
}

#[test]
fn ipv6_works_where_there_is_any() {
    run(async {
        let Ok(listener) = TcpListener::bind("[::1]:0").await else { return Ok(()) };
        let stream = TcpStream::connect(("::1", listener.local_addr()?.port())).await?;
        let (accepted, peer) = listener.accept().await?;
        assert_eq!(peer, stream.local_addr()?);
        assert_eq!(accepted.local_addr()?, stream.peer_addr()?);
        Ok(())
    });
}
