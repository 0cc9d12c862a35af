//! The calls on real sockets that need more than std offers.

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::{Deref, Range};

/// How many connections the system keeps for a listener that does not accept; the system's own limit
/// (`net.core.somaxconn` on Linux) may be lower.
pub(crate) const BACKLOG: u16 = 1024;

/// A socket that listens.
pub(crate) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = stream_socket(Domain::for_address(addr))?;
    // On Unix it only means that connections of an earlier run that linger do not forbid the address; on
    // Windows it would let two programs listen at once.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&SockAddr::from(addr))?;
    socket.listen(BACKLOG.into())?;
    Ok(socket.into())
}

/// A socket whose connection is made or on its way: when it is writable, `take_error` tells.
pub(crate) fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let socket = stream_socket(Domain::for_address(addr))?;
    begin_to_connect(&socket, addr)?;
    Ok(socket.into())
}

/// Begins a connection.
pub(crate) fn begin_to_connect(socket: &Socket, addr: SocketAddr) -> io::Result<()> {
    match socket.connect(&SockAddr::from(addr)) {
        Err(error) if !is_on_its_way(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_on_its_way(error: &io::Error) -> bool {
    // An interrupted `connect` goes on by itself, like one that would block.
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
        || error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
}

/// A stream socket in non-blocking mode that sends small writes at once; what a listener accepts inherits
/// that, which saves a call each.
pub(crate) fn stream_socket(domain: Domain) -> io::Result<Socket> {
    #[cfg(target_os = "linux")]
    let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    #[cfg(not(target_os = "linux"))]
    let socket = {
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket
    };
    socket.set_tcp_nodelay(true)?;
    Ok(socket)
}

/// The most buffers that one call takes (`IOV_MAX`); all systems of today agree.
const BUFS_PER_CALL: usize = 1024;
/// The most bytes that one call transfers: read(2), "On Linux". Others take as many or more.
const BYTES_PER_CALL: usize = 0x7fff_f000;

/// What one call asks the system for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    pub(crate) bufs: Range<usize>,
    pub(crate) len: usize,
}

/// What of `bufs` goes into one call: from the first that is not empty, for a call of none would look
/// like the end of the stream, and as many as the system takes. `None` if all are empty.
pub(crate) fn one_call<B: Deref<Target = [u8]>>(bufs: &[B]) -> Option<Asked> {
    let start = bufs.iter().position(|buf| !buf.is_empty())?;
    let end = bufs.len().min(start + BUFS_PER_CALL);
    let len = bufs[start..end].iter().fold(0_usize, |len, buf| len.saturating_add(buf.len()));
    Some(Asked { bufs: start..end, len: at_most(len) })
}

/// How much of `len` bytes goes into one call.
pub(crate) fn at_most(len: usize) -> usize {
    len.min(BYTES_PER_CALL)
}

/// A write to a connection that is gone is an error and never a signal, whatever the program does about
/// `SIGPIPE`. Where the flag does not exist std has set the socket to do so.
const NO_SIGNAL: SendFlags = {
    #[cfg(not(target_vendor = "apple"))]
    {
        SendFlags::NOSIGNAL
    }
    #[cfg(target_vendor = "apple")]
    {
        SendFlags::empty()
    }
};

/// Sends what fits.
pub(crate) fn send(stream: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, buf, NO_SIGNAL)?)
}

/// Sends what fits of all buffers, of which there are no more than one call takes.
pub(crate) fn send_vectored(stream: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    Ok(sendmsg(stream, bufs, &mut SendAncillaryBuffer::default(), NO_SIGNAL)?)
}

/// Accepts one connection, in non-blocking mode.
#[cfg(target_os = "linux")]
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
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

/// Accepts one connection, in non-blocking mode.
#[cfg(not(target_os = "linux"))]
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    // Not every system lets accepted sockets inherit it.
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}

/// Whether an error of `accept` says nothing of the listener: what accept(2) tells to treat like "try
/// again", for Linux hands out the pending errors of the new socket, and what it knows besides.
pub(crate) fn concerns_one_connection(error: &io::Error) -> bool {
    const ERRORS: [Errno; 14] = [
        Errno::CONNABORTED,
        Errno::CONNRESET,
        Errno::PERM,
        Errno::PROTO,
        Errno::NETDOWN,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::OPNOTSUPP,
        Errno::NETUNREACH,
        Errno::TIMEDOUT,
        Errno::SOCKTNOSUPPORT,
        Errno::PROTONOSUPPORT,
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Errno::NONET,
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Errno::PROTO,
    ];
    error.kind() == io::ErrorKind::ConnectionAborted || is_one_of(error, &ERRORS)
}

/// Whether the process or the system has run out of what a new connection needs: descriptors, memory,
/// and places in the loop's own table of the kernel (epoll_ctl(2), ENOSPC).
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    let errors = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::NOSPC];
    is_one_of(error, &errors)
}

fn is_one_of(error: &io::Error, errors: &[Errno]) -> bool {
    error.raw_os_error().is_some_and(|code| errors.iter().any(|errno| errno.raw_os_error() == code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bufs: &[&[u8]]) -> Option<Asked> {
        one_call(&bufs.iter().map(|buf| IoSlice::new(buf)).collect::<Vec<_>>())
    }

    #[test]
    fn a_call_begins_with_a_buffer_that_is_not_empty() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[b"", b""]), None);
        assert_eq!(of(&[b"", b"ab", b"", b"c"]), Some(Asked { bufs: 1..4, len: 3 }));
        let mut bufs: Vec<&[u8]> = vec![b""; 1500];
        bufs.extend([&b"ab"[..]; 1500]);
        assert_eq!(of(&bufs), Some(Asked { bufs: 1500..2524, len: 2048 }));
    }

    #[test]
    fn a_call_asks_for_no_more_than_the_system_transfers() {
        assert_eq!(at_most(usize::MAX), 0x7fff_f000);
        assert_eq!(at_most(7), 7);
    }
}
