//! The operating system's side: one of two back ends with the same face.
//!
//! | | Linux, Android | elsewhere |
//! | --- | --- | --- |
//! | waits by | `epoll_wait`, own bell and own alarm, edge-triggered | `polling::Poller::wait` |
//! | registers by | `epoll_ctl`, safe | `Poller::add`, the crate's one unsafe block |
//! | says end of file with the event | yes | no |
//!
//! `--cfg polling_test_poll_backend` (polling's own switch) runs the right column on Linux.
//!
//! Both offer `Port`, which other threads may use (register, ring the bell), and `OsSelector`, which
//! stays with the loop.

#[cfg(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend)))]
mod epoll;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend)))]
pub(crate) use epoll::{OsSelector, Port};

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
pub(crate) use portable::{OsSelector, Port};

#[cfg(any(target_os = "linux", target_os = "android"))]
#[expect(unsafe_code, reason = "a page that a fork wipes: docs/unsafe.md")]
mod process;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use process::process_id;
/// The number of this process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use std::process::id as process_id;

use std::io;

/// Events taken from the system in one wait; more makes no measurable difference.
const EVENTS_PER_WAIT: usize = 256;

/// Which of a source's directions a re-armed registration is interested in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Interest {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) priority: bool,
}

/// What a registration of something that is always ready is answered with.
fn always_ready() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "regular files are always ready: use to_thread to read or write them without blocking the loop",
    )
}
