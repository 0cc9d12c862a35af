//! Messages into a stream of bytes, as far as it takes them.
//!
//! A pool must never wait for a worker that waits for the pool, so what the socket does not take stays
//! here. Small messages are gathered in one buffer; large payloads are written from where they are.

use crate::process::wire::frame::Head;
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;

/// Payloads up to this length are copied next to their head.
const SMALL: usize = 16 * 1024;
/// How many pieces are handed to the system at a time.
const PIECES: usize = 16;
/// A buffer that has grown beyond this is not kept.
const KEPT: usize = 256 * 1024;

/// Something that owns a payload and outlives its sending.
pub(crate) trait Payload: Send + Sync {
    fn bytes(&self) -> &[u8];
}

impl Payload for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// What is still to be written to one descriptor.
#[derive(Default)]
pub(crate) struct Writer {
    pieces: VecDeque<Piece>,
    /// How much of the first piece was written.
    written: usize,
    /// An empty buffer, kept for the next small messages.
    spare: Vec<u8>,
}

enum Piece {
    Buffer(Vec<u8>),
    Large(Arc<dyn Payload>),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Buffer(bytes) => bytes,
            Self::Large(payload) => payload.bytes(),
        }
    }
}

impl Writer {
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Appends a message.
    pub(crate) fn push(&mut self, head: Head, payload: &[u8]) {
        let buffer = self.buffer();
        buffer.extend_from_slice(&head.to_bytes());
        buffer.extend_from_slice(payload);
    }

    /// Appends a message whose payload may be large.
    pub(crate) fn push_shared<P: Payload + 'static>(&mut self, head: Head, payload: &Arc<P>) {
        if payload.bytes().len() <= SMALL {
            return self.push(head, payload.bytes());
        }
        self.push(head, &[]);
        self.pieces.push_back(Piece::Large(Arc::<P>::clone(payload)));
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        if !matches!(self.pieces.back(), Some(Piece::Buffer(_))) {
            self.pieces.push_back(Piece::Buffer(std::mem::take(&mut self.spare)));
        }
        match self.pieces.back_mut() {
            Some(Piece::Buffer(buffer)) => buffer,
            // The last piece is a buffer since the line above.
            _ => &mut self.spare,
        }
    }

    /// Writes as much as the descriptor takes; returns whether all is written.
    ///
    /// # Errors
    /// If the other side is gone.
    pub(crate) fn flush(&mut self, fd: BorrowedFd<'_>) -> io::Result<bool> {
        while !self.pieces.is_empty() {
            let mut slices = [IoSlice::new(&[]); PIECES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                let skip = if count == 0 { self.written } else { 0 };
                *slice = IoSlice::new(&piece.bytes()[skip..]);
                count += 1;
            }
            let mut nothing = SendAncillaryBuffer::default();
            let sent = match &slices[..count] {
                [one] => send(fd, one, SendFlags::NOSIGNAL),
                all => sendmsg(fd, all, &mut nothing, SendFlags::NOSIGNAL),
            };
            match sent {
                Ok(sent) => self.advance(sent),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(false),
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(true)
    }

    fn advance(&mut self, sent: usize) {
        self.written += sent;
        while let Some(piece) = self.pieces.front() {
            let length = piece.bytes().len();
            if self.written < length {
                break;
            }
            self.written -= length;
            if let Some(Piece::Buffer(mut buffer)) = self.pieces.pop_front()
                && buffer.capacity() <= KEPT
            {
                buffer.clear();
                self.spare = buffer;
            }
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("pieces", &self.pieces.len()).finish_non_exhaustive()
    }
}
