//! [`TcpSocket`]: a socket that gets its options and its address before it listens or connects.

use crate::addr::Addrs;
use crate::error::simulated;
use crate::network;
use crate::os;
use crate::sock::{SimSocket, Sock};
use crate::tcp::connect::Connect;
use crate::tcp::listener::TcpListener;
use crate::tcp::stream::TcpStream;
use rustix::io::Errno;
use socket2::{Domain, Socket};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
/// use asyncio::net::TcpSocket;
///
/// asyncio::run(async {
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
/// })
/// # }
/// ```
pub struct TcpSocket {
    kind: Kind,
}

enum Kind {
    Os(Socket),
    Sim(Simulated),
}

/// A socket on a simulated network, which exists there when it is bound.
struct Simulated {
    /// All addresses of its family.
    unspecified: IpAddr,
    bound: OnceLock<SimSocket>,
}

impl Simulated {
    fn new(unspecified: impl Into<IpAddr>) -> Self {
        Self { unspecified: unspecified.into(), bound: OnceLock::new() }
    }

    /// Refuses addresses of the other family as Linux does, which takes an IPv4 address for a short one.
    fn check(&self, addr: SocketAddr) -> io::Result<()> {
        match (self.unspecified, addr) {
            (IpAddr::V4(_), SocketAddr::V6(_)) => Err(Errno::AFNOSUPPORT.into()),
            (IpAddr::V6(_), SocketAddr::V4(_)) => Err(Errno::INVAL.into()),
            _ => Ok(()),
        }
    }

    fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        self.check(addr)?;
        if self.bound.get().is_some() {
            return Err(Errno::INVAL.into());
        }
        let network = network::current().ok_or_else(left)?;
        let socket = SimSocket::new(&*network, network.bind_stream(addr)?);
        self.bound.set(socket).map_err(|_| Errno::INVAL.into())
    }

    #[track_caller]
    fn listen(self, backlog: u32) -> io::Result<SimSocket> {
        if self.bound.get().is_none() {
            self.bind(SocketAddr::new(self.unspecified, 0))?;
        }
        let socket = self.bound.into_inner().ok_or(Errno::INVAL)?;
        socket.call(|network, id| network.listen_on(id, backlog))?;
        Ok(socket)
    }

    #[track_caller]
    fn connect(self, addr: SocketAddr) -> io::Result<TcpStream> {
        self.check(addr)?;
        let Some(socket) = self.bound.into_inner() else { return TcpStream::begin(addr) };
        socket.call(|network, id| network.connect_from(id, addr))?;
        Ok(TcpStream::from_sock(Sock::Sim(socket)))
    }

    #[track_caller]
    fn local_addr(&self) -> io::Result<SocketAddr> {
        match self.bound.get() {
            Some(socket) => socket.call(|network, id| network.local_addr(id)),
            None => Ok(SocketAddr::new(self.unspecified, 0)),
        }
    }
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// If the system has no descriptors left, for instance.
    #[doc(alias = "socket")]
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Domain::IPV4, Ipv4Addr::UNSPECIFIED)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// If the system has no descriptors left, or no IPv6.
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Domain::IPV6, Ipv6Addr::UNSPECIFIED)
    }

    fn new(domain: Domain, unspecified: impl Into<IpAddr>) -> io::Result<Self> {
        let kind = match network::current() {
            None => Kind::Os(os::stream_socket(domain)?),
            Some(_) => Kind::Sim(Simulated::new(unspecified)),
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
            Kind::Sim(socket) => socket.bind(addr),
        }
    }

    /// Listens, with at most `backlog` connections that are not accepted yet.
    ///
    /// # Errors
    /// Those of `listen`; if it cannot be registered.
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
            Kind::Sim(socket) => Sock::Sim(socket.listen(backlog)?),
        };
        Ok(TcpListener::from_sock(sock))
    }

    /// Connects to `addr`; it begins at the call.
    ///
    /// # Errors
    /// Those of `connect`, with the address in the message.
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
            Kind::Sim(socket) => socket.connect(addr),
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

    /// The address it is bound to; unspecified, with port 0, if it is not.
    ///
    /// # Errors
    /// Those of the system.
    #[track_caller]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.kind {
            Kind::Os(socket) => {
                socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::InvalidInput.into())
            }
            Kind::Sim(socket) => socket.local_addr(),
        }
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
