//! [`TcpSocket`]: a socket that gets its options and its address before it listens or connects.

use crate::addr::Addrs;
use crate::error::simulated;
use crate::network;
use crate::os;
use crate::sock::{SimSocket, Sock};
use crate::tcp::connect::Connect;
use crate::tcp::listener::TcpListener;
use crate::tcp::stream::TcpStream;
use socket2::{Domain, Socket};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;

/// A TCP socket that neither listens nor is connected yet.
///
/// For what has to be set before that: options, and the own address of a connection. Options that have no
/// method here are set through
/// [`socket2::SockRef`](https://docs.rs/socket2/latest/socket2/struct.SockRef.html)`::from(&socket)`.
/// `TCP_NODELAY` is on. On a simulated network options do nothing.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// use asyncio_net::TcpSocket;
///
/// asyncio_reactor::block_on(async {
///     let socket = TcpSocket::new_v4()?;
///     socket.set_reuse_address(true)?;
///     socket.bind("127.0.0.1:0".parse().unwrap())?;
///     let listener = socket.listen(128)?;
///
///     let socket = TcpSocket::new_v4()?;
///     socket.set_receive_buffer_size(64 << 10)?;
///     let stream = socket.connect(listener.local_addr()?).await?;
///     assert_eq!(stream.peer_addr()?, listener.local_addr()?);
///     Ok(())
/// })?
/// # }
/// ```
pub struct TcpSocket {
    kind: Kind,
}

enum Kind {
    Os(Socket),
    /// The address it is to be bound to.
    Sim(OnceLock<SocketAddr>),
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// If the system has no descriptors left, for instance.
    #[doc(alias = "socket")]
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Domain::IPV4)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// If the system has no descriptors left, or no IPv6.
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Domain::IPV6)
    }

    fn new(domain: Domain) -> io::Result<Self> {
        let kind = match network::current() {
            None => Kind::Os(os::stream_socket(domain)?),
            Some(_) => Kind::Sim(OnceLock::new()),
        };
        Ok(Self { kind })
    }

    /// Gives it its own address; port 0 asks for a free one.
    ///
    /// # Errors
    /// Those of `bind`.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        match &self.kind {
            Kind::Os(socket) => socket.bind(&addr.into()),
            // The system's answer to a second time, too.
            Kind::Sim(bound) => bound.set(addr).map_err(|_| io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Listens, with at most `backlog` connections that are not accepted yet.
    ///
    /// # Errors
    /// Those of `listen`; if it cannot be registered. `InvalidInput` on a simulated network if it is not
    /// bound.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        let sock = match self.kind {
            Kind::Os(socket) => {
                socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
                Sock::os(socket.into())?
            }
            Kind::Sim(bound) => {
                let addr = *bound.get().ok_or(io::ErrorKind::InvalidInput)?;
                let network = network::current().ok_or_else(left)?;
                Sock::Sim(SimSocket::new(&*network, network.listen(addr, backlog)?))
            }
        };
        Ok(TcpListener::from_sock(sock))
    }

    /// Connects to `addr`; it begins at the call.
    ///
    /// # Errors
    /// Those of `connect`, with the address in the message; `Unsupported` on a simulated network if it is
    /// bound.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    ///
    /// # Cancel safety
    /// Dropping it gives the attempt up and closes the socket.
    #[track_caller]
    pub fn connect(self, addr: SocketAddr) -> Connect {
        Connect::begun(Addrs::One(addr), self.begin(addr))
    }

    #[track_caller]
    fn begin(self, addr: SocketAddr) -> io::Result<TcpStream> {
        match self.kind {
            Kind::Os(socket) => {
                os::begin_to_connect(&socket, addr)?;
                Sock::os(socket.into()).map(TcpStream::from_sock)
            }
            Kind::Sim(bound) if bound.get().is_some() => {
                Err(simulated("it cannot be bound before it connects"))
            }
            Kind::Sim(_) => TcpStream::begin(addr),
        }
    }

    /// Whether the address may be bound although connections of an earlier run linger (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_reuse_address(&self, reuse: bool) -> io::Result<()> {
        self.set(|socket| socket.set_reuse_address(reuse))
    }

    /// Whether several sockets may be bound to the same address and share its connections (`SO_REUSEPORT`).
    ///
    /// # Errors
    /// Those of the system.
    #[cfg(unix)]
    pub fn set_reuse_port(&self, reuse: bool) -> io::Result<()> {
        self.set(|socket| socket.set_reuse_port(reuse))
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.set(|socket| socket.set_tcp_nodelay(nodelay))
    }

    /// Whether the system asks from time to time if an idle peer is still there (`SO_KEEPALIVE`).
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.set(|socket| socket.set_keepalive(keepalive))
    }

    /// How much the system keeps to be sent (`SO_SNDBUF`); it may take more.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.set(|socket| socket.set_send_buffer_size(bytes))
    }

    /// How much the system keeps to be read (`SO_RCVBUF`); it may take more.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_receive_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.set(|socket| socket.set_recv_buffer_size(bytes))
    }

    fn set(&self, option: impl FnOnce(&Socket) -> io::Result<()>) -> io::Result<()> {
        match &self.kind {
            Kind::Os(socket) => option(socket),
            Kind::Sim(_) => Ok(()),
        }
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// Those of the system; `InvalidInput` on a simulated network if it is not bound.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let bound = match &self.kind {
            Kind::Os(socket) => socket.local_addr()?.as_socket(),
            Kind::Sim(bound) => bound.get().copied(),
        };
        bound.ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

fn left() -> io::Error {
    simulated("it cannot be used after its network was left")
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Os(socket) => socket.fmt(f),
            Kind::Sim(_) => f.debug_struct("TcpSocket").finish_non_exhaustive(),
        }
    }
}

impl AsFd for TcpSocket {
    /// # Panics
    /// If it is simulated.
    #[track_caller]
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.kind {
            Kind::Os(socket) => socket.as_fd(),
            Kind::Sim(_) => panic!("a simulated socket has no descriptor"),
        }
    }
}
