//! The calls on real sockets that need more than std offers.

use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

/// How many connections the system keeps for a listener that does not accept; the system's own limit
/// (`net.core.somaxconn` on Linux) may be lower.
pub(crate) const BACKLOG: u16 = 1024;

/// A socket that listens.
pub(crate) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = stream_socket(addr)?;
    // On Unix it only means that connections of an earlier run that linger do not forbid the address; on
    // Windows it would let two programs listen at once.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit this from their listener, which saves a call each.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&SockAddr::from(addr))?;
    socket.listen(BACKLOG.into())?;
    Ok(socket.into())
}

/// A socket whose connection is made or on its way: when it is writable, `take_error` tells.
pub(crate) fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let socket = stream_socket(addr)?;
    socket.set_tcp_nodelay(true)?;
    match socket.connect(&SockAddr::from(addr)) {
        Err(error) if !is_on_its_way(&error) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn is_on_its_way(error: &io::Error) -> bool {
    // An interrupted `connect` goes on by itself, like one that would block.
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
        || error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
}

fn stream_socket(addr: SocketAddr) -> io::Result<Socket> {
    #[cfg(target_os = "linux")]
    let socket =
        Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    #[cfg(not(target_os = "linux"))]
    let socket = {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket
    };
    Ok(socket)
}

/// Accepts one connection; what ails only that connection becomes `Interrupted`, to be tried again.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    accept_nonblocking(listener).map_err(|error| {
        if concerns_one_connection(&error) { io::ErrorKind::Interrupted.into() } else { error }
    })
}

#[cfg(target_os = "linux")]
fn accept_nonblocking(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    use rustix::net::{SocketFlags, acceptfrom_with};
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (fd, peer) = acceptfrom_with(listener, flags)?;
    let stream = TcpStream::from(fd);
    match peer.and_then(|peer| SocketAddr::try_from(peer).ok()) {
        Some(peer) => Ok((stream, peer)),
        // A connection that was reset meanwhile may have no address any more.
        None => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn accept_nonblocking(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    // Not every system lets accepted sockets inherit it.
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

/// Linux hands the pending errors of the new socket to `accept`; they say nothing of the listener.
fn concerns_one_connection(error: &io::Error) -> bool {
    const ERRORS: [Errno; 9] = [
        Errno::CONNABORTED,
        Errno::CONNRESET,
        Errno::PROTO,
        Errno::NETDOWN,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::NETUNREACH,
        Errno::TIMEDOUT,
    ];
    error.kind() == io::ErrorKind::ConnectionAborted || is_one_of(error, &ERRORS)
}

/// Whether the process or the system has run out of what a new connection needs.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    is_one_of(error, &[Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM])
}

fn is_one_of(error: &io::Error, errors: &[Errno]) -> bool {
    error.raw_os_error().is_some_and(|code| errors.iter().any(|errno| errno.raw_os_error() == code))
}
