//! The ways in which a worker ends and does not end by signals.

#![expect(unsafe_code, reason = "_exit(2), which std does not offer")]

use crate::process::sys::linux::fault::{ignore, survive};

/// Ends the process without running any more of its code.
pub(crate) fn exit_at_once(code: i32) -> ! {
    // SAFETY: nothing is left to be done in this process.
    unsafe { libc::_exit(code) }
}

/// Ctrl-C is the pool's business; a pipe that breaks is an error and not a death, as in any Rust program.
pub(crate) fn prepare_signals() {
    survive(&[libc::SIGINT, libc::SIGQUIT]);
    ignore(libc::SIGPIPE);
}
