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

#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "a call of the C library: docs/unsafe.md")
)]
pub(crate) mod memory;

use socket2::SockRef;
use std::fs::{File, FileType};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileTypeExt;

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
    let message = if file_type(fd).is_ok_and(|kind| kind.is_dir()) {
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
    // `F_GETFL` of fcntl(2), which takes any descriptor. rustix has it beside a thousand functions for
    // files, which are a quarter of its build.
    if SockRef::from(&fd).nonblocking()? {
        return Ok(());
    }
    // Without a descriptor to spare for the question, what cannot be told passes.
    let blocks = |kind: FileType| kind.is_socket() || kind.is_fifo() || kind.is_char_device();
    match file_type(fd).is_ok_and(blocks) {
        false => Ok(()),
        true => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the descriptor is in blocking mode, and a read or write of it would block the loop: call \
             set_nonblocking(true) or set O_NONBLOCK first",
        )),
    }
}

/// What kind of file a descriptor leads to; std says so of a descriptor that it owns.
fn file_type(fd: BorrowedFd<'_>) -> io::Result<FileType> {
    Ok(File::from(fd.try_clone_to_owned()?).metadata()?.file_type())
}
