//! How a connection is made: each address of a name in turn.

use crate::addr::{Addrs, Resolving, ToSocketAddrs, resolve};
use crate::error::while_doing;
use crate::tcp::stream::TcpStream;
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
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let stage = &mut self.get_mut().stage;
        loop {
            match stage {
                Stage::Resolving(resolving) => {
                    let addrs = ready!(Pin::new(resolving).poll(cx))?;
                    *stage = Stage::Trying { addrs, index: 0, stream: None };
                }
                Stage::Trying { addrs, index, stream } => {
                    let addr = addrs.as_slice()[*index];
                    let error = match ready!(poll_attempt(stream, addr, cx)) {
                        Ok(stream) => return Poll::Ready(Ok(stream)),
                        Err(error) => error,
                    };
                    if *index + 1 == addrs.as_slice().len() {
                        let error = while_doing(format!("cannot connect to {addr}"), error);
                        return Poll::Ready(Err(error));
                    }
                    *index += 1;
                }
            }
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
