//! How a connection is made: each address of a name in turn.

use crate::addr::{Addrs, Resolving, ToSocketAddrs, resolve};
use crate::error::while_doing;
use crate::tcp::stream::TcpStream;
use futures_core::future::FusedFuture;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl TcpStream {
    /// Connects to `addr`, trying each of its addresses in order. A name begins to be resolved at the call.
    ///
    /// # Errors
    /// Those of the last address that was tried, with that address in the message; `InvalidInput` for a
    /// string that is not `host:port`; if the name is not known.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    ///
    /// # Cancel safety
    /// Dropping it gives the attempt up and closes its socket.
    #[track_caller]
    #[doc(alias = "create_connection")]
    #[doc(alias = "open_connection")]
    pub fn connect<A: ToSocketAddrs>(addr: A) -> Connect {
        Connect { stage: Stage::Resolving(resolve(&addr)) }
    }
}

/// The future of [`TcpStream::connect`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Connect {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Resolving(Resolving),
    Trying {
        addrs: Addrs,
        /// Which of them is tried.
        index: usize,
        /// `None` until that one is begun.
        stream: Option<TcpStream>,
    },
    /// The first attempt could not even begin.
    Failed(SocketAddr, io::Error),
    Done,
}

impl Connect {
    /// An attempt that was begun with a socket of its own.
    pub(crate) fn begun(addrs: Addrs, stream: io::Result<TcpStream>) -> Self {
        let stage = match stream {
            Ok(stream) => Stage::Trying { addrs, index: 0, stream: Some(stream) },
            Err(error) => Stage::Failed(addrs.first(), error),
        };
        Self { stage }
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let stage = &mut self.get_mut().stage;
        let result = ready!(stage.poll(cx));
        *stage = Stage::Done;
        Poll::Ready(result)
    }
}

impl FusedFuture for Connect {
    fn is_terminated(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }
}

impl Stage {
    #[track_caller]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        loop {
            let (addr, error) = match self {
                Self::Resolving(resolving) => {
                    let addrs = ready!(Pin::new(resolving).poll(cx))?;
                    *self = Self::Trying { addrs, index: 0, stream: None };
                    continue;
                }
                Self::Trying { addrs, index, stream } => {
                    let addr = addrs.as_slice()[*index];
                    let error = match ready!(poll_attempt(stream, addr, cx)) {
                        Ok(stream) => return Poll::Ready(Ok(stream)),
                        Err(error) => error,
                    };
                    if *index + 1 < addrs.as_slice().len() {
                        *index += 1;
                        continue;
                    }
                    (addr, error)
                }
                Self::Failed(addr, error) => {
                    (*addr, std::mem::replace(error, io::ErrorKind::Other.into()))
                }
                Self::Done => panic!("a connection was polled after its result"),
            };
            return Poll::Ready(Err(while_doing(format!("cannot connect to {addr}"), error)));
        }
    }
}

/// One attempt at one address; what failed is closed.
#[track_caller]
fn poll_attempt(
    slot: &mut Option<TcpStream>,
    addr: SocketAddr,
    cx: &mut Context<'_>,
) -> Poll<io::Result<TcpStream>> {
    let stream = match slot.take() {
        Some(stream) => stream,
        None => TcpStream::begin(addr)?,
    };
    match stream.poll_connected(cx) {
        Poll::Pending => {
            *slot = Some(stream);
            Poll::Pending
        }
        Poll::Ready(result) => Poll::Ready(result.map(|()| stream)),
    }
}
