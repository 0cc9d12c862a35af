//! A socket is the operating system's or a simulated one, and nothing above this file knows which.
//!
//! For a real socket the cost is the tag of an enum beside a system call. A simulated one is two
//! integers that find their network in the thread's slot, so both kinds are `Send` and `Sync`.

use crate::error::simulated;
use crate::network::{self, Direction, Network, NetworkId, SocketId, Take};
use asyncio_core::budget;
use asyncio_core::wait_note::{WaitKind, pending_on};
use asyncio_reactor::{AsyncFd, Operation, Ready, RegisterError};
use futures_core::future::FusedFuture;
use rustix::io::Errno;
use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker, ready};

/// A socket, real or simulated.
pub(crate) enum Sock<T: AsFd> {
    Os(AsyncFd<T>),
    Sim(SimSocket),
}

impl<T: AsFd> Sock<T> {
    /// Registers a socket that is in non-blocking mode.
    #[track_caller]
    pub(crate) fn os(io: T) -> io::Result<Self> {
        Self::try_os(io).map_err(|(_, error)| error)
    }

    /// Registers a socket that is in non-blocking mode, or gives it back.
    #[track_caller]
    pub(crate) fn try_os(io: T) -> Result<Self, (T, io::Error)> {
        AsyncFd::from_nonblocking(io).map(Self::Os).map_err(RegisterError::into_parts)
    }

    /// Gives the descriptor's owner back.
    pub(crate) fn into_real(self) -> io::Result<T> {
        match self {
            Self::Os(fd) => Ok(fd.into_inner()),
            Self::Sim(_) => Err(simulated("it cannot become a socket of std")),
        }
    }

    /// The descriptor, for the `AsFd` of public types.
    #[track_caller]
    pub(crate) fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::Os(fd) => fd.as_fd(),
            Self::Sim(_) => {
                panic!("a simulated socket has no descriptor: ask `is_simulated` first")
            }
        }
    }

    pub(crate) fn is_simulated(&self) -> bool {
        matches!(self, Self::Sim(_))
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Sock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Os(fd) => fd.get_ref().fmt(f),
            Self::Sim(sim) => sim.fmt(f),
        }
    }
}

/// A handle to a socket of a simulated network.
///
/// Dropped where its network is current, it closes the socket; elsewhere it does nothing, and the socket
/// goes with its network.
pub(crate) struct SimSocket {
    network: NetworkId,
    id: SocketId,
    /// Kept to be shown again, for a simulated network has no use for them.
    nodelay: AtomicBool,
    ttl: AtomicU32,
}

/// The default of most systems.
const DEFAULT_TTL: u32 = 64;

impl SimSocket {
    pub(crate) fn new(network: &dyn Network, id: SocketId) -> Self {
        Self { network: network.id(), id, nodelay: true.into(), ttl: DEFAULT_TTL.into() }
    }

    pub(crate) fn nodelay(&self) -> bool {
        self.nodelay.load(Relaxed)
    }

    pub(crate) fn set_nodelay(&self, nodelay: bool) {
        self.nodelay.store(nodelay, Relaxed);
    }

    pub(crate) fn ttl(&self) -> u32 {
        self.ttl.load(Relaxed)
    }

    /// Refuses what does not fit into a packet, as systems do.
    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        if !(1..=255).contains(&ttl) {
            return Err(Errno::INVAL.into());
        }
        self.ttl.store(ttl, Relaxed);
        Ok(())
    }

    /// Calls the network. Nothing of ours is borrowed meanwhile.
    #[track_caller]
    pub(crate) fn call<R>(&self, f: impl FnOnce(&dyn Network, SocketId) -> R) -> R {
        match self.own_network() {
            Some(network) => f(&*network, self.id),
            None => panic!(
                "this simulated socket is attached to a different loop: \
                 a socket can be used only on the network on which it was made"
            ),
        }
    }

    /// Calls the network for an operation that may wait; it counts like one on a real socket.
    #[track_caller]
    pub(crate) fn poll<R>(
        &self,
        kind: WaitKind,
        cx: &mut Context<'_>,
        f: impl FnOnce(&dyn Network, SocketId, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        ready!(budget::poll_left(cx));
        let polled = self.call(|network, id| f(network, id, cx));
        if polled.is_pending() {
            pending_on(kind, self.id);
        } else {
            let _spent = budget::spend(budget::IO);
        }
        polled
    }

    /// Waits until an operation would be done at once.
    #[track_caller]
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let kind = match direction {
            Direction::Receive => WaitKind::Readable,
            Direction::Send => WaitKind::Writable,
        };
        self.poll(kind, cx, |network, id, cx| match network.is_ready(id, direction) {
            Ok(true) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(error)),
            // It would wait, so that it is asked for keeps the waker and does nothing else.
            Ok(false) => match direction {
                Direction::Receive => {
                    let mut byte = [0];
                    let bufs = &mut [IoSliceMut::new(&mut byte)];
                    network.poll_recv(id, cx, bufs, Take::Peek).map_ok(drop)
                }
                Direction::Send => {
                    network.poll_send(id, cx, &[IoSlice::new(&[0])], None).map_ok(drop)
                }
            },
        })
    }

    /// Calls the network for an operation that must not wait, and keeps no waker.
    #[track_caller]
    pub(crate) fn attempt<R>(
        &self,
        direction: Direction,
        f: impl FnOnce(&dyn Network, SocketId, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> io::Result<R> {
        let would_block = || Err(io::ErrorKind::WouldBlock.into());
        self.call(|network, id| {
            if !network.is_ready(id, direction)? {
                return would_block();
            }
            match f(network, id, &mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result,
                Poll::Pending => would_block(),
            }
        })
    }

    /// Calls the network if it is current on this thread.
    pub(crate) fn call_if_current<R>(
        &self,
        f: impl FnOnce(&dyn Network, SocketId) -> R,
    ) -> Option<R> {
        self.own_network().map(|network| f(&*network, self.id))
    }

    fn own_network(&self) -> Option<Rc<dyn Network>> {
        network::current().filter(|network| network.id() == self.network)
    }
}

impl fmt::Debug for SimSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimSocket").field(&self.id).finish()
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        // Elsewhere the socket stays until its network goes.
        let _closed = self.call_if_current(|network, id| network.close(id));
    }
}

/// One operation on a socket of either kind, for as many tasks as want to wait for it.
///
/// It is a type of its own so that its `poll` can pass on where it is awaited.
pub(crate) enum Call<'a, T: AsFd, Op, Sim> {
    Os(Operation<'a, T, Op>),
    Sim(&'a SimSocket, WaitKind, Sim),
    Done,
}

impl<'a, T: AsFd, Op, Sim> Call<'a, T, Op, Sim> {
    /// An operation on a simulated socket, which waits for `kind`.
    pub(crate) fn simulated<R>(socket: &'a SimSocket, kind: WaitKind, call: Sim) -> Self
    where
        Sim: FnMut(&dyn Network, SocketId, &mut Context<'_>) -> Poll<io::Result<R>>,
    {
        Self::Sim(socket, kind, call)
    }
}

// Neither closure is ever pinned.
impl<T: AsFd, Op, Sim> Unpin for Call<'_, T, Op, Sim> {}

impl<T, R, Op, Sim> Future for Call<'_, T, Op, Sim>
where
    T: AsFd,
    Op: FnMut(&T) -> io::Result<R>,
    Sim: FnMut(&dyn Network, SocketId, &mut Context<'_>) -> Poll<io::Result<R>>,
{
    type Output = io::Result<R>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        let this = self.get_mut();
        let result = match this {
            Self::Os(operation) => ready!(Pin::new(operation).poll(cx)),
            Self::Sim(sim, kind, call) => ready!(sim.poll(*kind, cx, call)),
            Self::Done => panic!("an operation was polled after its result"),
        };
        *this = Self::Done;
        Poll::Ready(result)
    }
}

impl<T, R, Op, Sim> FusedFuture for Call<'_, T, Op, Sim>
where
    T: AsFd,
    Op: FnMut(&T) -> io::Result<R>,
    Sim: FnMut(&dyn Network, SocketId, &mut Context<'_>) -> Poll<io::Result<R>>,
{
    fn is_terminated(&self) -> bool {
        matches!(self, Self::Done)
    }
}

/// Waits for a socket of either kind to be ready.
pub(crate) enum Wait<'a> {
    Os(Ready<'a>),
    Sim(&'a SimSocket, Direction),
    Done,
}

impl<T: AsFd> Sock<T> {
    pub(crate) fn wait(&self, direction: Direction) -> Wait<'_> {
        match (self, direction) {
            (Self::Os(fd), Direction::Receive) => Wait::Os(fd.readable()),
            (Self::Os(fd), Direction::Send) => Wait::Os(fd.writable()),
            (Self::Sim(sim), direction) => Wait::Sim(sim, direction),
        }
    }
}

impl Future for Wait<'_> {
    type Output = io::Result<()>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = match this {
            Self::Os(ready) => ready!(Pin::new(ready).poll(cx)),
            Self::Sim(sim, direction) => ready!(sim.poll_ready(*direction, cx)),
            Self::Done => panic!("readiness was polled after its result"),
        };
        *this = Self::Done;
        Poll::Ready(result)
    }
}

impl FusedFuture for Wait<'_> {
    fn is_terminated(&self) -> bool {
        matches!(self, Self::Done)
    }
}

/// What a network receives from a stream.
pub(crate) fn bytes_only<A>(received: Poll<io::Result<(usize, A)>>) -> Poll<io::Result<usize>> {
    let (count, _) = ready!(received)?;
    Poll::Ready(Ok(count))
}
