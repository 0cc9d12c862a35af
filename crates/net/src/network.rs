//! [`Network`]: the face of a simulated kernel, at the level of socket calls, and the slot in which a
//! thread finds it.
//!
//! While a network is entered on a thread, the sockets made there belong to it and the operating system
//! is not asked. The types are the same: `TcpStream` and the others hold either a descriptor or a plain
//! pair of integers, so they stay `Send` and programs need not be generic.
//!
//! Budgets, pauses, retries and addresses are this crate's business above the seam, and the same for
//! both kinds; a network only does what a kernel does.

use crate::error::simulated;
use asyncio_core::ambient::{Entered, Slot};
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

/// The number of a [`Network`], different from that of every other in the process.
///
/// It is compared and never shown, so that it can change from run to run changes nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NetworkId(u64);

impl NetworkId {
    /// A number that no other network has.
    #[must_use]
    pub fn unique() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Relaxed))
    }
}

impl fmt::Debug for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetworkId")
    }
}

/// The number of a socket in its network; the network chooses it and does not use it again.
pub type SocketId = u64;

/// What a read does with the bytes it has read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Take {
    /// Takes them out of the receive buffer.
    Consume,
    /// Leaves them for the next read.
    Peek,
}

/// One of the two things a socket can be ready for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To receive: data, a datagram, the end of the stream, an error.
    Receive,
    /// To send.
    Send,
}

/// A simulated kernel, as sockets see it.
///
/// Methods mean what the system calls of their names mean on non-blocking sockets, with one difference:
/// where a call would say `WouldBlock`, the method keeps the task's waker and is pending. It wakes the
/// waker when trying again can help, and may do so in vain. One waker a direction is enough for
/// `poll_recv` and `poll_send`; any number of tasks may wait in `poll_accept` and on datagram sockets.
///
/// No method may be called, no waker woken and none dropped while the network borrows itself: wakes run
/// code that comes back here. A socket that does not exist is [`io::ErrorKind::NotConnected`].
pub trait Network: fmt::Debug {
    /// What tells this network from others.
    fn id(&self) -> NetworkId;

    /// The addresses of a host, in the order in which they are to be tried.
    ///
    /// # Errors
    /// If the name is not known.
    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;

    /// Makes a stream socket that listens; port 0 asks for a free one.
    ///
    /// # Errors
    /// What `bind` and `listen` say.
    fn listen(&self, addr: SocketAddr, backlog: u32) -> io::Result<SocketId>;

    /// Makes a stream socket with an address of its own; port 0 asks for a free one. It neither listens nor
    /// is connected.
    ///
    /// # Errors
    /// What `bind` says; `Unsupported` if the network has no such sockets.
    fn bind_stream(&self, _addr: SocketAddr) -> io::Result<SocketId> {
        Err(simulated("it is bound and used in one step"))
    }

    /// Lets a socket of [`bind_stream`](Self::bind_stream) listen.
    ///
    /// # Errors
    /// What `listen` says.
    fn listen_on(&self, _socket: SocketId, _backlog: u32) -> io::Result<()> {
        Err(simulated("it is bound and used in one step"))
    }

    /// Begins to connect a socket of [`bind_stream`](Self::bind_stream).
    ///
    /// # Errors
    /// What can be known at once.
    fn connect_from(&self, _socket: SocketId, _addr: SocketAddr) -> io::Result<()> {
        Err(simulated("it is bound and used in one step"))
    }

    /// Takes a connection out of the queue of a listener.
    fn poll_accept(
        &self,
        listener: SocketId,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(SocketId, SocketAddr)>>;

    /// Makes a stream socket and begins to connect it.
    ///
    /// # Errors
    /// What can be known at once.
    fn connect(&self, addr: SocketAddr) -> io::Result<SocketId>;

    /// Waits for a connection that was begun; refused, reset and unreachable are errors of this.
    fn poll_connected(&self, stream: SocketId, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Makes a datagram socket; port 0 asks for a free one.
    ///
    /// # Errors
    /// What `bind` says.
    fn bind_datagram(&self, addr: SocketAddr) -> io::Result<SocketId>;

    /// Sets the peer of a datagram socket.
    ///
    /// # Errors
    /// What `connect` says of such a socket.
    fn connect_datagram(&self, socket: SocketId, addr: SocketAddr) -> io::Result<()>;

    /// Receives bytes of a stream (0 at its end), or one datagram with its sender.
    fn poll_recv(
        &self,
        socket: SocketId,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> Poll<io::Result<(usize, Option<SocketAddr>)>>;

    /// Sends bytes, as many as there is room for, or one datagram; `to` is for datagram sockets.
    fn poll_send(
        &self,
        socket: SocketId,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Poll<io::Result<usize>>;

    /// Whether receiving or sending would be done at once; it keeps no waker and changes nothing.
    ///
    /// # Errors
    /// If there is no such socket; `Unsupported` if the network cannot tell.
    fn is_ready(&self, _socket: SocketId, _direction: Direction) -> io::Result<bool> {
        Err(simulated("readiness is not known on this network"))
    }

    /// Ends one or both directions of a stream.
    ///
    /// # Errors
    /// If it is not connected.
    fn shutdown(&self, stream: SocketId, how: Shutdown) -> io::Result<()>;

    /// Says whether closing a stream resets the connection (a linger of zero) or ends it in good order.
    ///
    /// # Errors
    /// If there is no such socket.
    fn set_reset_on_close(&self, stream: SocketId, reset: bool) -> io::Result<()>;

    /// Closes a socket of any kind, as the drop of a descriptor does.
    fn close(&self, socket: SocketId);

    /// The socket's own address.
    ///
    /// # Errors
    /// If there is no such socket.
    fn local_addr(&self, socket: SocketId) -> io::Result<SocketAddr>;

    /// The address of the socket's peer.
    ///
    /// # Errors
    /// If it has none.
    fn peer_addr(&self, socket: SocketId) -> io::Result<SocketAddr>;
}

thread_local! {
    static CURRENT: Slot<Rc<dyn Network>> = const { Slot::new() };
}

/// Makes `network` the one on which this thread's sockets are, until the guard is dropped.
pub fn enter(network: Rc<dyn Network>) -> Entered<Rc<dyn Network>> {
    Slot::enter(&CURRENT, network)
}

/// The simulated network of this thread; `None` means the operating system's.
#[must_use]
pub fn current() -> Option<Rc<dyn Network>> {
    Slot::get(&CURRENT)
}
