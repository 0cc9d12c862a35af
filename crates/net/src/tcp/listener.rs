//! [`TcpListener`]: accepts connections, and pauses when the process has run out of descriptors.

use crate::addr::{Addrs, AfterResolving, ToSocketAddrs, first_that, resolve};
use crate::network;
use crate::os;
use crate::sock::{SimSocket, Sock};
use crate::tcp::pause::Pause;
use crate::tcp::stream::TcpStream;
use asyncio_core::exception::{ExceptionContext, report};
use asyncio_core::wait_note::WaitKind;
use asyncio_reactor::{Operation, Sleep, sleep_until};
use futures_core::future::FusedFuture;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, Ready, ready as at_once};
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Accepts TCP connections.
///
/// The system queues up to 1024 connections that are not accepted yet (or fewer, by its own limit). On
/// Unix the address may be bound again at once after an earlier run (`SO_REUSEADDR`), as in Python.
///
/// When descriptors or memory run out, accepting **pauses** for 100 ms, then for twice as long each
/// time and at most for a second, until a connection is accepted: it does not spin and does not fail.
/// The first pause of a series is reported to the exception handler. Errors that concern only
/// the connection that was to be accepted are passed over, with a pause after several in a row. A connection
/// that was accepted when there was no memory to wait for it is kept until there is.
///
/// # Examples
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use asyncio::net::TcpListener;
///
/// asyncio::run(async {
///     let listener = TcpListener::bind("127.0.0.1:8080").await?;
///     let (stream, peer) = listener.accept().await?;
///     println!("{peer} has connected");
///     Ok(())
/// })
/// # }
/// ```
#[doc(alias = "start_server")]
#[doc(alias = "create_server")]
pub struct TcpListener {
    sock: Sock<net::TcpListener>,
    pause: Pause,
    /// Connections that were accepted when there was no memory to register them; empty unless a pause is
    /// begun. Only the listener's own loop comes here, so nobody ever waits for the lock.
    kept: Mutex<VecDeque<(net::TcpStream, SocketAddr)>>,
    /// The pause that [`poll_accept`](Self::poll_accept) waits for.
    timer: Mutex<Option<Sleep>>,
}

impl TcpListener {
    /// Listens on `addr`, on the first of its addresses that can be bound. Port 0 asks for a free one. A
    /// name begins to be resolved at the call.
    ///
    /// # Errors
    /// Those of the last address that was tried, with that address in the message; `InvalidInput` for a
    /// string that is not `host:port`; if the name is not known.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    ///
    /// # Cancel safety
    /// Nothing is bound before it is done.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> impl FusedFuture<Output = io::Result<Self>> + use<A> {
        AfterResolving::new(resolve(&addr), Self::bind_first)
    }

    fn bind_first(addrs: Addrs) -> io::Result<Ready<io::Result<Self>>> {
        first_that(&addrs, "cannot listen on", Self::listen).map(|listener| at_once(Ok(listener)))
    }

    pub(crate) fn from_sock(sock: Sock<net::TcpListener>) -> Self {
        Self { sock, pause: Pause::default(), kept: Mutex::default(), timer: Mutex::default() }
    }

    fn listen(addr: SocketAddr) -> io::Result<Self> {
        let sock = match network::current() {
            None => Sock::os(os::listen(addr)?)?,
            Some(network) => {
                let id = network.listen(addr, os::BACKLOG.into())?;
                Sock::Sim(SimSocket::new(&*network, id))
            }
        };
        Ok(Self::from_sock(sock))
    }

    /// Takes a listener of std's over; `TCP_NODELAY` is set for the connections it will accept.
    ///
    /// # Errors
    /// If the system refuses to register it.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    #[track_caller]
    pub fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
        Sock::os(listener).map(Self::from_sock)
    }

    /// Gives the listener back to std, in blocking mode.
    ///
    /// # Errors
    /// If the system refuses; `Unsupported` if it is simulated.
    pub fn into_std(self) -> io::Result<net::TcpListener> {
        let listener = self.sock.into_real()?;
        listener.set_nonblocking(false)?;
        Ok(listener)
    }

    /// Waits for a connection. Any number of tasks may wait; each connection goes to one of them.
    ///
    /// # Errors
    /// Only what no waiting can mend, above all if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// A connection that was not given out stays in the listener's queue.
    pub fn accept(&self) -> Accept<'_> {
        Accept { listener: self, stage: Stage::Idle, is_done: false }
    }

    /// Polls for what [`accept`](Self::accept) waits for. Of several tasks the last to ask is woken.
    ///
    /// # Errors
    /// As for [`accept`](Self::accept).
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        loop {
            ready!(self.poll_pause(cx));
            let accepted = match (self.take_kept(), &self.sock) {
                (Some(kept), _) => self.register(kept),
                (None, Sock::Os(fd)) => {
                    ready!(fd.poll_read_with(cx, os::accept)).and_then(|new| self.register(new))
                }
                (None, Sock::Sim(sim)) => ready!(poll_simulated(sim, cx)),
            };
            if let Some(result) = self.settle(accepted) {
                return Poll::Ready(result);
            }
        }
    }

    /// Waits for the end of a pause, if there is one.
    #[track_caller]
    fn poll_pause(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.pause.over() else { return Poll::Ready(()) };
        // Taken out while it is polled: wakers are not ours, and may come back here.
        let kept = self.timer.lock().take().filter(|timer| timer.deadline() == until);
        let mut timer = kept.unwrap_or_else(|| sleep_until(until));
        let polled = Pin::new(&mut timer).poll(cx);
        let replaced = self.timer.lock().replace(timer);
        drop(replaced);
        polled
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// Those of the system.
    #[track_caller]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().local_addr(),
            Sock::Sim(sim) => sim.call(|network, id| network.local_addr(id)),
        }
    }

    /// Whether it belongs to a simulated network, and so has no descriptor.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.sock.is_simulated()
    }

    /// Registers what was accepted. If there is no room for that now, it is kept for after the pause.
    fn register(
        &self,
        (stream, peer): (net::TcpStream, SocketAddr),
    ) -> io::Result<(Sock<net::TcpStream>, SocketAddr)> {
        Sock::try_os(stream).map(|sock| (sock, peer)).map_err(|(stream, error)| {
            if os::is_exhausted(&error) {
                self.kept.lock().push_back((stream, peer));
            }
            error
        })
    }

    /// What was accepted before and could not be registered then.
    fn take_kept(&self) -> Option<(net::TcpStream, SocketAddr)> {
        if self.pause.is_begun() { self.kept.lock().pop_front() } else { None }
    }

    /// What an attempt comes to; `None`: try again, after the pause if one has begun.
    fn settle(
        &self,
        accepted: io::Result<(Sock<net::TcpStream>, SocketAddr)>,
    ) -> Option<io::Result<(TcpStream, SocketAddr)>> {
        let error = match accepted {
            Ok((sock, peer)) => {
                if !self.pause.is_begun() || self.kept.lock().is_empty() {
                    self.pause.end();
                }
                return Some(Ok((TcpStream::from_sock(sock), peer)));
            }
            Err(error) => error,
        };
        if os::is_exhausted(&error) {
            self.rest(&error, "for want of resources");
        } else if !os::concerns_one_connection(&error) {
            return Some(Err(error));
        } else if !self.pause.may_try_on() {
            self.rest(&error, "since one after the other has failed");
        }
        None
    }

    /// Puts off the next attempt; the first time in a series the exception handler hears of it.
    #[cold]
    fn rest(&self, error: &io::Error, why: &str) {
        if self.pause.begin() {
            let listener = match self.local_addr() {
                Ok(addr) => addr.to_string(),
                Err(_) => String::from("a listener"),
            };
            let message = format!("accepting connections on {listener} pauses {why}");
            report(&ExceptionContext::from_error(message, error));
        }
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sock.fmt(f)
    }
}

impl AsFd for TcpListener {
    /// # Panics
    /// If it is simulated.
    #[track_caller]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sock.fd()
    }
}

impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    #[track_caller]
    fn try_from(listener: net::TcpListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}

/// The future of [`TcpListener::accept`].
#[must_use = "futures do nothing unless awaited"]
pub struct Accept<'a> {
    listener: &'a TcpListener,
    stage: Stage<'a>,
    is_done: bool,
}

type AcceptOs = fn(&net::TcpListener) -> io::Result<(net::TcpStream, SocketAddr)>;

enum Stage<'a> {
    Idle,
    Pausing(Sleep),
    Os(Operation<'a, net::TcpListener, AcceptOs>),
    Sim(&'a SimSocket),
}

impl<'a> Accept<'a> {
    fn next_stage(listener: &'a TcpListener) -> Stage<'a> {
        match &listener.sock {
            Sock::Os(fd) => Stage::Os(fd.read_with(os::accept as AcceptOs)),
            Sock::Sim(sim) => Stage::Sim(sim),
        }
    }
}

impl Future for Accept<'_> {
    type Output = io::Result<(TcpStream, SocketAddr)>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { listener, stage, is_done } = self.get_mut();
        *is_done = false;
        loop {
            let accepted = match stage {
                Stage::Idle => {
                    if let Some(until) = listener.pause.over() {
                        *stage = Stage::Pausing(sleep_until(until));
                        continue;
                    }
                    let Some(kept) = listener.take_kept() else {
                        *stage = Self::next_stage(listener);
                        continue;
                    };
                    listener.register(kept)
                }
                Stage::Pausing(sleep) => {
                    ready!(Pin::new(sleep).poll(cx));
                    *stage = Stage::Idle;
                    continue;
                }
                Stage::Os(operation) => {
                    ready!(Pin::new(operation).poll(cx)).and_then(|new| listener.register(new))
                }
                Stage::Sim(sim) => ready!(poll_simulated(sim, cx)),
            };
            // The future can be polled again after its result: that is how a stream of them is made.
            *stage = Stage::Idle;
            if let Some(result) = listener.settle(accepted) {
                *is_done = true;
                return Poll::Ready(result);
            }
        }
    }
}

impl FusedFuture for Accept<'_> {
    fn is_terminated(&self) -> bool {
        self.is_done
    }
}

#[track_caller]
fn poll_simulated(
    sim: &SimSocket,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(Sock<net::TcpStream>, SocketAddr)>> {
    sim.poll(WaitKind::Readable, cx, |network, id, cx| {
        let accepted = ready!(network.poll_accept(id, cx));
        Poll::Ready(accepted.map(|(id, peer)| (Sock::Sim(SimSocket::new(network, id)), peer)))
    })
}

impl fmt::Debug for Accept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept").field("listener", self.listener).finish_non_exhaustive()
    }
}
