//! Standard error, for reports that nobody else can be given.
//!
//! Writing here never panics, whatever has become of standard error, and holds the thread up for a tenth of
//! a second at most: a text that cannot be written is dropped, counted, and the count is said with the next
//! text that gets through.
//!
//! A pipe or a socket that is full is waited for by poll(2), because standard error is usually a blocking
//! descriptor. Up to `PIPE_BUF` bytes can be written without blocking to what poll(2) calls writable (pipe(7)).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Texts that could not be written since the last one that could.
static DROPPED: AtomicU64 = AtomicU64::new(0);
/// The last text could not be written: the next one does not wait.
static STUCK: AtomicBool = AtomicBool::new(false);

/// Writes `text` and a line feed to standard error, or drops it.
///
/// # Blocking
/// For at most 100 ms, if nobody reads what standard error is connected to.
pub fn print(text: &str) {
    let dropped = DROPPED.swap(0, Ordering::Relaxed);
    let note = match dropped {
        0 => String::new(),
        _ => format!(
            "asyncio: {dropped} reports were dropped: standard error could not be written\n"
        ),
    };
    let written =
        system::write(format!("{note}{text}\n").as_bytes(), STUCK.load(Ordering::Relaxed));
    STUCK.store(!written, Ordering::Relaxed);
    if !written {
        DROPPED.fetch_add(dropped + 1, Ordering::Relaxed);
    }
}

#[cfg(unix)]
mod system {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::{Errno, write as write_to};
    use rustix::stdio::stderr;

    /// What a writable pipe takes without blocking.
    const CHUNK: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };
    /// How long a full pipe is waited for.
    const LIMIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    const NONE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

    /// Writes all of `bytes`; `false` if it could not.
    pub(super) fn write(bytes: &[u8], is_stuck: bool) -> bool {
        let timeout = if is_stuck { NONE } else { LIMIT };
        bytes.chunks(CHUNK).all(|chunk| write_chunk(chunk, &timeout))
    }

    fn write_chunk(mut chunk: &[u8], timeout: &Timespec) -> bool {
        while !chunk.is_empty() {
            if !is_writable(timeout) {
                return false;
            }
            match write_to(stderr(), chunk) {
                Ok(count) => chunk = &chunk[count.min(chunk.len())..],
                // Somebody else has filled what was free; poll(2) waits for it again.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// Whether a write may be tried; a descriptor that is closed or broken may, for it fails at once.
    fn is_writable(timeout: &Timespec) -> bool {
        loop {
            match poll(&mut [PollFd::from_borrowed_fd(stderr(), PollFlags::OUT)], Some(timeout)) {
                Ok(count) => return count > 0,
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io::Write;

    /// Writes all of `bytes`; `false` if it could not.
    pub(super) fn write(bytes: &[u8], _is_stuck: bool) -> bool {
        std::io::stderr().write_all(bytes).is_ok()
    }
}
