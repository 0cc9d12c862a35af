//! The crate's one unsafe block: `Poller::add` of the portable back end.
//!
//! # The contract and who keeps it
//!
//! `Poller::add` asks that a source be deleted from the poller before it is dropped.
//!
//! 1. [`add`] is called by `Registry::add` only, and that by `Source::register`, which is private to the
//!    crate and called by `AsyncFd` with the descriptor of the value the `AsyncFd` owns.
//! 2. `AsyncFd` never gives its value out mutably, and both ways in which it loses it
//!    (`AsyncFd::into_inner` and `Drop`) call `Registry::delete` first.
//! 3. An `AsyncFd` that is leaked keeps its value, and so an owned descriptor stays open for ever. If
//!    it only borrowed one that is closed later, the poller polls a number that is closed or was given
//!    to another file: it reports events for a key, and the key's generation decides what they mean.
//!    No memory is reached through a descriptor or a key.

use polling::{Event, PollMode, Poller};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Adds a descriptor whose owner keeps the contract at the head of this file.
pub(super) fn add(
    poller: &Poller,
    fd: BorrowedFd<'_>,
    interest: Event,
    mode: PollMode,
) -> io::Result<()> {
    // SAFETY: by the contract above the descriptor is deleted from the poller before it is closed.
    unsafe { poller.add_with_mode(fd.as_raw_fd(), interest, mode) }
}
