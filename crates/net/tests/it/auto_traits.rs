//! Our types are `Send`: sockets cross threads, and so do the futures that use them.

use asyncio_core::try_gather;
use asyncio_net::network::NetworkId;
use asyncio_net::{
    Accept, Connect, Incoming, IntoIncoming, ReadHalf, TcpListener, TcpSocket, TcpStream,
    UdpSocket, WriteHalf,
};
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const fn crosses_threads<T: Send + Sync + Unpin>() {}
const fn both_ways<T: AsyncRead + AsyncWrite>() {}

const _: () = {
    crosses_threads::<TcpStream>();
    crosses_threads::<TcpListener>();
    crosses_threads::<IntoIncoming>();
    crosses_threads::<TcpSocket>();
    crosses_threads::<UdpSocket>();
    crosses_threads::<ReadHalf>();
    crosses_threads::<WriteHalf>();
    crosses_threads::<Connect>();
    crosses_threads::<NetworkId>();
    both_ways::<TcpStream>();
    both_ways::<&TcpStream>();
};

fn is_send<T: Send>(value: T) -> T {
    value
}

fn crosses<T: Send + Sync>() {}

#[test]
fn futures_of_sockets_are_send() {
    crosses::<Accept<'_>>();
    crosses::<Incoming<'_>>();
    drop(is_send(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut stream = TcpStream::connect("127.0.0.1:0").await?;
        let (mut accepted, _) = listener.accept().await?;
        stream.write_all(b"ping").await?;
        try_gather((accepted.readable(), accepted.writable())).await?;
        accepted.peek(&mut [0; 4]).await?;
        accepted.read_exact(&mut [0; 4]).await?;
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
        socket.send_to(b"ping", "127.0.0.1:1").await?;
        try_gather((socket.readable(), socket.writable())).await?;
        socket.peek_from(&mut [0; 4]).await?;
        socket.recv_from(&mut [0; 4]).await
    }));
}
