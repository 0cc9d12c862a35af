//! Names, ports, and who has which address.

use asyncio_net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use asyncio_testing::Simulation;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr};

fn run(program: impl AsyncFnOnce() -> io::Result<()>) {
    let world = Simulation::new(0)
        .host("db.example", Ipv4Addr::new(10, 0, 0, 1))
        .host("both.example", Ipv6Addr::LOCALHOST)
        .host("BOTH.example", Ipv4Addr::new(10, 0, 0, 2));
    world.run(program).unwrap().unwrap();
}

#[test]
fn names_are_those_that_were_made_known() {
    run(async || {
        assert_eq!(lookup_host("localhost:1").await?, [(Ipv4Addr::LOCALHOST, 1).into()]);
        assert_eq!(lookup_host("DB.example:2").await?, ["10.0.0.1:2".parse().unwrap()]);
        let error = lookup_host("elsewhere.example:3").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("`Simulation::host`"), "{error}");
        Ok(())
    });
}

#[test]
fn each_address_of_a_name_is_tried() {
    run(async || {
        let _listener = TcpListener::bind("10.0.0.2:80").await?;
        let stream = TcpStream::connect("both.example:80").await?;
        assert_eq!(stream.peer_addr()?, "10.0.0.2:80".parse().unwrap());
        Ok(())
    });
}

#[test]
fn who_listens_on_no_address_in_particular_is_reached_on_each() {
    run(async || {
        let listener = TcpListener::bind("0.0.0.0:80").await?;
        for host in ["127.0.0.1:80", "10.1.2.3:80", "db.example:80", "0.0.0.0:80"] {
            let stream = TcpStream::connect(host).await?;
            let (accepted, peer) = listener.accept().await?;
            assert_eq!(accepted.local_addr()?, stream.peer_addr()?);
            assert_eq!((peer, accepted.peer_addr()?), (stream.local_addr()?, stream.local_addr()?));
        }
        let error = TcpStream::connect("[::1]:80").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "another family");
        Ok(())
    });
}

#[test]
fn an_address_belongs_to_one_socket_until_it_is_closed() {
    run(async || {
        let listener = TcpListener::bind("10.0.0.1:80").await?;
        for taken in ["10.0.0.1:80", "0.0.0.0:80", "[::]:80"] {
            let error = TcpListener::bind(taken).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse, "{taken}");
        }
        let _neighbours =
            (TcpListener::bind("10.0.0.2:80").await?, TcpListener::bind("[::1]:80").await?);
        let _other_protocol = UdpSocket::bind("0.0.0.0:80").await?;
        // A connection that outlives its listener does not keep the address.
        let _client = TcpStream::connect("10.0.0.1:80").await?;
        let _accepted = listener.accept().await?;
        drop(listener);
        TcpListener::bind("10.0.0.1:80").await.map(drop)
    });
}

#[test]
fn free_ports_run_out_and_come_back() {
    run(async || {
        let _listener = TcpListener::bind("10.0.0.1:80").await?;
        let mut held = Vec::new();
        let error = loop {
            match UdpSocket::bind("10.0.0.1:0").await {
                Ok(socket) => held.push(socket),
                Err(error) => break error,
            }
        };
        assert_eq!((held.len(), error.kind()), (60999 - 32768 + 1, ErrorKind::AddrInUse));
        let _elsewhere = UdpSocket::bind("10.0.0.2:0").await?;
        let freed = held.swap_remove(1234).local_addr()?;
        assert_eq!(UdpSocket::bind("10.0.0.1:0").await?.local_addr()?, freed);
        Ok(())
    });
}

#[test]
fn ports_of_closed_streams_come_back() {
    run(async || {
        let listener = TcpListener::bind("10.0.0.1:80").await?;
        // More than there are ports.
        for _ in 0..30_000 {
            let (_client, _server) =
                (TcpStream::connect("10.0.0.1:80").await?, listener.accept().await?);
        }
        Ok(())
    });
}

#[test]
fn a_datagram_from_no_address_in_particular_has_one_that_can_be_answered() {
    run(async || {
        let here = UdpSocket::bind("0.0.0.0:53").await?;
        let there = UdpSocket::bind("10.0.0.2:9").await?;
        here.send_to(b"?", there.local_addr()?).await?;
        let (_, from) = there.recv_from(&mut [0; 1]).await?;
        assert_eq!(from, "10.0.0.2:53".parse().unwrap());
        there.send_to(b"!", from).await?;
        let mut answer = [0; 1];
        assert_eq!(here.recv_from(&mut answer).await?, (1, there.local_addr()?));
        assert_eq!(&answer, b"!");
        Ok(())
    });
}
