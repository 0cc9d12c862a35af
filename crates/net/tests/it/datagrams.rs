//! UDP: whole datagrams, each from somebody.

use crate::support::run;
use asyncio_core::gather;
use asyncio_net::UdpSocket;
use std::io::{self, ErrorKind};

async fn two() -> io::Result<(UdpSocket, UdpSocket)> {
    Ok((UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?))
}

#[test]
fn datagrams_arrive_whole_and_say_who_sent_them() {
    run(async {
        let (here, there) = two().await?;
        let (hear, here_addr) = (there.local_addr()?, here.local_addr()?);
        for len in [0, 1, 1000, 8000] {
            let sent = vec![7; len];
            let mut buf = vec![0; 9000];
            let (received, count) =
                gather((there.recv_from(&mut buf), here.send_to(&sent, hear))).await;
            assert_eq!(count?, len);
            assert_eq!(received?, (len, here_addr));
            assert_eq!(buf[..len], sent);
        }
        Ok(())
    });
}

#[test]
fn a_connected_socket_hears_its_peer_alone() {
    run(async {
        let (here, there) = two().await?;
        let stranger = UdpSocket::bind("127.0.0.1:0").await?;
        assert_eq!(here.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
        here.connect(there.local_addr()?).await?;
        assert_eq!(here.peer_addr()?, there.local_addr()?);
        stranger.send_to(b"not me", here.local_addr()?).await?;
        there.send_to(b"me", here.local_addr()?).await?;
        let mut buf = [0; 16];
        assert_eq!(here.recv(&mut buf).await?, 2);
        here.send(b"you").await?;
        assert_eq!(there.recv_from(&mut buf).await?, (3, here.local_addr()?));
        Ok(())
    });
}

#[test]
fn what_does_not_fit_is_cut_off() {
    run(async {
        let (here, there) = two().await?;
        here.send_to(b"longer", there.local_addr()?).await?;
        here.send_to(b"next", there.local_addr()?).await?;
        let mut buf = [0; 4];
        assert_eq!(there.recv(&mut buf).await?, 4);
        assert_eq!(&buf, b"long");
        assert_eq!(there.recv(&mut buf).await?, 4);
        assert_eq!(&buf, b"next");
        Ok(())
    });
}

#[test]
fn two_tasks_may_receive_on_one_socket() {
    run(async {
        let (here, there) = two().await?;
        let to = there.local_addr()?;
        let sending = async {
            here.send_to(b"one", to).await?;
            here.send_to(b"two", to).await
        };
        let (mut one, mut two) = ([0; 3], [0; 3]);
        let (first, second, sent) =
            gather((there.recv(&mut one), there.recv(&mut two), sending)).await;
        assert_eq!((first?, second?, sent?), (3, 3, 3));
        let mut heard = [one, two];
        heard.sort_unstable();
        assert_eq!(heard, [*b"one", *b"two"]);
        Ok(())
    });
}
