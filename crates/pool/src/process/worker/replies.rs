//! What a worker says to its pool. It waits for the pool to listen, which the pool always does.

use crate::process::wire::frame::{HEAD, Head, Kind};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};
use std::io::IoSlice;

/// Up to this length a message is sent as one piece.
const SMALL: usize = 512;

/// The worker's end of the connection.
#[derive(Debug)]
pub(crate) struct Replies {
    connection: OwnedFd,
}

impl Replies {
    pub(crate) fn new(connection: OwnedFd) -> Self {
        Self { connection }
    }

    pub(crate) fn connection(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }

    /// Sends a part of these bytes; returns the rest, unless nobody is there.
    fn send_some<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        loop {
            match send(&self.connection, bytes, SendFlags::NOSIGNAL) {
                Ok(sent) => return Some(&bytes[sent..]),
                Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Sends one message; returns whether it could be.
    #[must_use]
    pub(crate) fn send(&self, kind: Kind, sequence: u64, extra: u64, payload: &[u8]) -> bool {
        let head = Head { kind, length: payload.len() as u64, sequence, extra }.to_bytes();
        let mut small = [0; SMALL];
        let (mut head, mut payload) = match small.get_mut(..HEAD + payload.len()) {
            // One piece is sent in less time than two.
            Some(whole) => {
                let (front, back) = whole.split_at_mut(HEAD);
                front.copy_from_slice(&head);
                back.copy_from_slice(payload);
                (&*whole, &[][..])
            }
            None => (&head[..], payload),
        };
        if payload.is_empty() {
            while let Some(rest) = self.send_some(head) {
                if rest.is_empty() {
                    return true;
                }
                head = rest;
            }
            return false;
        }
        while !head.is_empty() || !payload.is_empty() {
            let slices = [IoSlice::new(head), IoSlice::new(payload)];
            let mut nothing = SendAncillaryBuffer::default();
            match sendmsg(&self.connection, &slices, &mut nothing, SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    let of_head = sent.min(head.len());
                    head = &head[of_head..];
                    payload = &payload[sent - of_head..];
                }
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}
