//! The operating system's side: one of two back ends with the same face.
//!
//! | | Linux, Android | elsewhere |
//! | --- | --- | --- |
//! | waits by | `epoll_wait`, own eventfd and timerfd, edge-triggered | `polling::Poller::wait` |
//! | registers by | `epoll_ctl`, safe | `Poller::add`, the crate's one unsafe block |
//! | says end of file with the event | yes | no |
//!
//! `--cfg polling_test_poll_backend` (polling's own switch) runs the right column on Linux.
//!
//! Both offer `Registry`, which other threads may use (register, notify), and `OsSelector`, which
//! stays with the loop.

#[cfg(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend)))]
mod epoll;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend)))]
pub(crate) use epoll::{OsSelector, Registry};

#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend))))]
#[expect(
    unsafe_code,
    reason = "polling's registration contract; the protocol is at the file's head"
)]
mod register;
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend))))]
mod portable;
#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    not(polling_test_poll_backend)
)))]
pub(crate) use portable::{OsSelector, Registry};

#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(unsafe_code, reason = "a page that a fork wipes: docs/unsafe.md")]
mod process;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use process::process_id;
/// The number of this process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use std::process::id as process_id;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "a call of the C library: docs/unsafe.md")
)]
pub(crate) mod memory;

use std::io;
use std::os::fd::BorrowedFd;

/// Events taken from the system in one wait; more makes no measurable difference.
const EVENTS_PER_WAIT: usize = 256;

/// Which of a source's directions a re-armed registration is interested in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Interest {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// What using a closed loop is answered with.
pub(crate) fn closed() -> io::Error {
    io::Error::other("the event loop is closed")
}

/// What a registration of something that is always ready is answered with.
fn always_ready(fd: BorrowedFd<'_>) -> io::Error {
    let is_directory =
        fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
    let message = if is_directory {
        "directories are always ready: use to_thread to read one without blocking the loop"
    } else {
        "regular files are always ready: use to_thread to read or write them without blocking the loop"
    };
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// What a second registration on the same loop is answered with.
fn already_registered() -> io::Error {
    let message = "the descriptor is already registered on this loop: share the one AsyncFd, or register a \
                   duplicate of the descriptor";
    io::Error::new(io::ErrorKind::AlreadyExists, message)
}

/// Refuses a descriptor whose reads and writes would block the loop.
///
/// What is neither socket, pipe nor device passes in any mode: pidfds and epoll descriptors are waited for
/// and never read, and an eventfd cannot be told from them.
pub(crate) fn refuse_blocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    if fcntl_getfl(fd)?.contains(OFlags::NONBLOCK) {
        return Ok(());
    }
    match FileType::from_raw_mode(fstat(fd)?.st_mode) {
        FileType::Socket | FileType::Fifo | FileType::CharacterDevice => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the descriptor is in blocking mode, and a read or write of it would block the loop: call \
             set_nonblocking(true) or set O_NONBLOCK first",
        )),
        _ => Ok(()),
    }
}
