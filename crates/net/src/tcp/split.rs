//! [`ReadHalf`] and [`WriteHalf`]: one stream in two tasks.

use crate::tcp::stream::TcpStream;
use futures_io::{AsyncRead, AsyncWrite};
use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The half of a [`TcpStream`] that reads; made by [`TcpStream::split`].
///
/// Dropping it changes nothing for the other half.
#[derive(Debug)]
pub struct ReadHalf {
    stream: Arc<TcpStream>,
}

/// The half of a [`TcpStream`] that writes; made by [`TcpStream::split`].
///
/// Dropping it ends the writing direction: the peer sees the end of the stream.
#[derive(Debug)]
pub struct WriteHalf {
    /// `None` only after a reunion.
    stream: Option<Arc<TcpStream>>,
}

/// Two halves that are not of one stream; they come back with it.
pub struct ReuniteError(pub ReadHalf, pub WriteHalf);

impl TcpStream {
    /// Splits it into a half that reads and a half that writes, each for a task of its own.
    ///
    /// Dropping the writing half ends the writing direction, so that the peer sees the end.
    /// [`ReadHalf::reunite`] puts them together again.
    #[must_use]
    pub fn split(self) -> (ReadHalf, WriteHalf) {
        let stream = Arc::new(self);
        (ReadHalf { stream: Arc::clone(&stream) }, WriteHalf { stream: Some(stream) })
    }
}

impl ReadHalf {
    /// Puts the stream together again.
    ///
    /// # Errors
    /// If the halves are not of the same stream.
    #[expect(clippy::missing_panics_doc, reason = "the halves are the only owners")]
    pub fn reunite(self, mut write: WriteHalf) -> Result<TcpStream, ReuniteError> {
        let Some(stream) = write.stream.take_if(|stream| Arc::ptr_eq(stream, &self.stream)) else {
            return Err(ReuniteError(self, write));
        };
        drop(self);
        Ok(Arc::into_inner(stream).expect("a stream has two halves and no third"))
    }
}

impl AsRef<TcpStream> for ReadHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

impl AsRef<TcpStream> for WriteHalf {
    fn as_ref(&self) -> &TcpStream {
        self.stream.as_ref().expect("only a reunion takes it, and the half with it")
    }
}

impl Drop for WriteHalf {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.end_writing();
        }
    }
}

impl fmt::Debug for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReuniteError").finish_non_exhaustive()
    }
}

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the halves are not of the same stream")
    }
}

impl Error for ReuniteError {}

impl AsyncRead for ReadHalf {
    #[track_caller]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().as_ref()).poll_read(cx, buf)
    }

    #[track_caller]
    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().as_ref()).poll_read_vectored(cx, bufs)
    }
}

impl AsyncWrite for WriteHalf {
    #[track_caller]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().as_ref()).poll_write(cx, buf)
    }

    #[track_caller]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().as_ref()).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().as_ref()).poll_flush(cx)
    }

    #[track_caller]
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().as_ref()).poll_close(cx)
    }
}
