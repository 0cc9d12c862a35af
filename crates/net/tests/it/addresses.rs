//! What names an address: literals at once, names on threads of their own, nonsense with a clear error.

use crate::support::{poll_once, run};
use asyncio_net::{TcpListener, TcpStream, ToSocketAddrs, lookup_host};
use asyncio_pool::current::{LazyPool, enter};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::task::Poll;

fn at_once<A: ToSocketAddrs>(addr: A) -> Vec<SocketAddr> {
    match poll_once(lookup_host(addr)) {
        Poll::Ready(result) => result.expect("an address"),
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn literals_need_no_thread_and_no_loop() {
    let (v4, v6) = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
    let (four, six) = (SocketAddr::from((v4, 80)), SocketAddr::from((v6, 80)));
    let (borrowed, text) = (&four, &String::from("127.0.0.1:80"));
    for addrs in [
        at_once(four),
        at_once(borrowed),
        at_once(SocketAddrV4::new(v4, 80)),
        at_once((v4, 80)),
        at_once((IpAddr::V4(v4), 80)),
        at_once(("127.0.0.1", 80)),
        at_once((String::from("127.0.0.1"), 80)),
        at_once("127.0.0.1:80"),
        at_once(String::from("127.0.0.1:80")),
        at_once(text),
        at_once(&[four][..]),
        at_once([four]),
        at_once(vec![four]),
    ] {
        assert_eq!(addrs, [four]);
    }
    for addrs in [
        at_once(SocketAddrV6::new(v6, 80, 0, 0)),
        at_once((v6, 80)),
        at_once(("::1", 80)),
        at_once("[::1]:80"),
    ] {
        assert_eq!(addrs, [six]);
    }
    assert_eq!(at_once(&[four, six][..]), [four, six]);
}

#[test]
fn what_is_no_address_is_told_why() {
    for (text, why) in [
        ("example.org", "it has no port"),
        ("example.org:http", "its port is not a number"),
        ("example.org:65536", "its port is not a number"),
        ("::1:80", "is written \"[::1]:80\""),
        (":80", "it has no host"),
        ("[]:80", "it has no host"),
        ("", "it has no port"),
    ] {
        let Poll::Ready(Err(error)) = poll_once(TcpStream::connect(text)) else {
            panic!("{text} is taken")
        };
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
    }
}

#[test]
fn localhost_is_resolved_without_the_default_pool() {
    let pool = LazyPool::default();
    let _entered = enter(pool.clone());
    run(async {
        let listener = TcpListener::bind("localhost:0").await?;
        let addr = listener.local_addr()?;
        assert!(addr.ip().is_loopback());
        assert!(pool.started().is_none(), "what the program does with it does not matter");
        // A name may have both kinds of address, and only one of them has a listener.
        let stream = TcpStream::connect(("localhost", addr.port())).await?;
        assert_eq!(stream.peer_addr()?, addr);
        assert!(lookup_host("localhost:7").await?.iter().all(|addr| addr.port() == 7));
        Ok(())
    });
}

#[test]
fn a_literal_starts_no_pool() {
    let pool = LazyPool::default();
    let _entered = enter(pool.clone());
    run(async { TcpListener::bind("127.0.0.1:0").await.map(drop) });
    assert!(pool.started().is_none());
}

#[test]
fn a_name_that_cannot_be_resolved_is_in_the_error() {
    run(async {
        let error = TcpStream::connect(("no\0name", 80)).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot resolve `no\0name`: "), "{error}");
        Ok(())
    });
}

#[test]
fn a_name_is_resolved_without_a_loop() {
    let found = futures::executor::block_on(lookup_host("localhost:7")).unwrap();
    assert!(found.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 7), "{found:?}");
}
