//! What a worker says to its pool. It waits for the pool to listen, which the pool always does.

use crate::process::wire::frame::{Head, Kind};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use std::io::IoSlice;

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

    /// Sends one message; returns whether it could be.
    #[must_use]
    pub(crate) fn send(&self, kind: Kind, sequence: u64, extra: u64, payload: &[u8]) -> bool {
        let head = Head { kind, length: payload.len() as u64, sequence, extra }.to_bytes();
        let (mut head, mut payload) = (&head[..], payload);
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
