//! [`Incoming`] and [`IntoIncoming`]: the connections of a listener as an endless stream.

use crate::tcp::listener::{Accept, TcpListener};
use crate::tcp::stream::TcpStream;
use futures_core::stream::{FusedStream, Stream};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl TcpListener {
    /// The connections as an endless stream, for loops that do not ask for the peer's address.
    ///
    /// It is not bounded: whoever serves each connection in a task of its own should count them.
    ///
    /// # Cancel safety
    /// As for [`accept`](Self::accept).
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { accept: self.accept() }
    }

    /// The connections as an endless stream that owns the listener; otherwise as
    /// [`incoming`](Self::incoming).
    ///
    /// # Cancel safety
    /// As for [`accept`](Self::accept).
    pub fn into_incoming(self) -> IntoIncoming {
        IntoIncoming { listener: self }
    }
}

/// The stream of [`TcpListener::incoming`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a> {
    accept: Accept<'a>,
}

impl Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    #[track_caller]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = ready!(Pin::new(&mut self.accept).poll(cx));
        Poll::Ready(Some(accepted.map(|(stream, _)| stream)))
    }
}

impl FusedStream for Incoming<'_> {
    fn is_terminated(&self) -> bool {
        false
    }
}

/// The stream of [`TcpListener::into_incoming`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct IntoIncoming {
    listener: TcpListener,
}

impl IntoIncoming {
    /// The listener.
    pub fn get_ref(&self) -> &TcpListener {
        &self.listener
    }

    /// The listener again. Connections that were not given out stay in its queue.
    #[must_use]
    pub fn into_inner(self) -> TcpListener {
        self.listener
    }
}

impl Stream for IntoIncoming {
    type Item = io::Result<TcpStream>;

    #[track_caller]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let accepted = ready!(self.listener.poll_accept(cx));
        Poll::Ready(Some(accepted.map(|(stream, _)| stream)))
    }
}

impl FusedStream for IntoIncoming {
    fn is_terminated(&self) -> bool {
        false
    }
}
