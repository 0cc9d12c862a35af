//! [`Stream`]: one end of a connection.
//!
//! What the other end has sent lies here, so a stream's buffer is its receiver's. The rules for errors are
//! Linux': what has arrived can be read even after a reset, the error is reported once, and then reading
//! gives the end of the stream and writing a broken pipe. An end that had received the end of the stream before
//! the reset reads it again; only its writes fail.

use super::address::Family;
use super::after::{After, Waiter};
use asyncio_net::network::{SocketId, Take};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::SocketAddr;

/// One end of a connection, made or on its way.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) family: Family,
    /// Canonical, like `remote`.
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    /// The other end, as long as it exists.
    pub(super) other: Option<SocketId>,
    /// It waits for room in the listener's queue.
    pub(super) is_connecting: bool,
    pub(super) resets_on_close: bool,
    pub(super) reader: Waiter,
    pub(super) writer: Waiter,
    received: VecDeque<u8>,
    /// The other end will send nothing more.
    has_ended: bool,
    read_shut: bool,
    write_shut: bool,
    /// Both directions are done with, in whatever way.
    is_over: bool,
    /// To be reported once.
    error: Option<Errno>,
}

impl Stream {
    /// An end of a connection that is made, or will be when the listener has room.
    pub(super) fn new(
        family: Family,
        local: SocketAddr,
        remote: SocketAddr,
        other: Option<SocketId>,
    ) -> Self {
        Self {
            family,
            local,
            remote,
            other,
            is_connecting: other.is_none(),
            resets_on_close: false,
            reader: Waiter::default(),
            writer: Waiter::default(),
            received: VecDeque::new(),
            has_ended: false,
            read_shut: false,
            write_shut: false,
            is_over: false,
            error: None,
        }
    }

    /// The connection was made.
    pub(super) fn establish(&mut self, other: SocketId, after: &mut After) {
        self.is_connecting = false;
        self.other = Some(other);
        self.writer.wake(after);
    }

    /// The other end has reset the connection.
    pub(super) fn reset(&mut self, after: &mut After) {
        if !self.is_over {
            self.fail(if self.has_ended { Errno::PIPE } else { Errno::CONNRESET }, after);
        }
    }

    /// The connection ends with an error.
    pub(super) fn fail(&mut self, error: Errno, after: &mut After) {
        self.error = Some(error);
        self.is_connecting = false;
        self.is_over = true;
        self.other = None;
        self.reader.wake(after);
        self.writer.wake(after);
    }

    /// The other end sends nothing more.
    pub(super) fn end(&mut self, after: &mut After) {
        self.has_ended = true;
        self.is_over |= self.write_shut;
        self.reader.wake(after);
    }

    /// The error that was not reported yet.
    pub(super) fn take_error(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), |errno| Err(errno.into()))
    }

    /// Whether anything can still be asked of the connection.
    pub(super) fn check_connected(&self) -> io::Result<()> {
        if self.is_over || self.is_connecting {
            return Err(Errno::NOTCONN.into());
        }
        Ok(())
    }

    /// Takes bytes in, as many as there is room for, and returns how many.
    pub(super) fn take_in(&mut self, bufs: &[IoSlice<'_>], limit: usize) -> usize {
        let before = self.received.len();
        for buf in bufs {
            let room = limit.saturating_sub(self.received.len());
            self.received.extend(&buf[..room.min(buf.len())]);
        }
        self.received.len() - before
    }

    /// Gives bytes out; `None` if there are none yet.
    pub(super) fn give_out(
        &mut self,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> io::Result<Option<usize>> {
        if self.received.is_empty() {
            // The end of the stream came first, and hides the error.
            if !self.has_ended {
                self.take_error()?;
            }
            return Ok((self.has_ended || self.read_shut || self.is_over).then_some(0));
        }
        let mut bytes: &[u8] = self.received.make_contiguous();
        let count = bytes.read_vectored(bufs)?;
        if take == Take::Consume {
            self.received.drain(..count);
        }
        Ok(Some(count))
    }

    /// Whether a writer has to wait for this end.
    pub(super) fn is_full(&self, limit: usize) -> bool {
        self.received.len() >= limit
    }

    /// Whether there is anything to read: bytes, the end, an error.
    pub(super) fn is_readable(&self) -> bool {
        !self.received.is_empty() || self.has_ended || self.read_shut || self.is_over
    }

    /// Whether what is written goes to the other end.
    pub(super) fn can_send(&self) -> bool {
        self.error.is_none() && !self.is_over && !self.write_shut
    }

    /// Says why nothing can be sent, if so.
    pub(super) fn check_sending(&mut self) -> io::Result<()> {
        self.take_error()?;
        if self.is_over || self.write_shut {
            return Err(Errno::PIPE.into());
        }
        Ok(())
    }

    /// Whether bytes that come are answered by a reset: both directions were shut here.
    pub(super) fn refuses_bytes(&self) -> bool {
        self.read_shut && self.write_shut
    }

    pub(super) fn shut_reading(&mut self, after: &mut After) {
        self.read_shut = true;
        self.reader.wake(after);
    }

    pub(super) fn shut_writing(&mut self, after: &mut After) {
        self.write_shut = true;
        self.is_over |= self.has_ended;
        self.writer.wake(after);
    }

    /// Whether closing it resets the connection: it was set to, or bytes were left unread.
    pub(super) fn resets(&self) -> bool {
        self.resets_on_close || !self.received.is_empty()
    }
}
