//! [`ShortCalls`]: what it says of a descriptor that a call did less than it was asked to.

use crate::os::Registry;
use std::os::fd::BorrowedFd;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

/// What is known of a descriptor's short calls; the first asks the system.
///
/// The atomic makes it `Sync` and orders nothing: whoever asks gets the same answer.
#[derive(Debug, Default)]
pub(crate) struct ShortCalls(AtomicU8);

/// The next call would block.
const DRAIN: u8 = 1;
/// The next call may do more.
const PROVE_NOTHING: u8 = 2;

impl ShortCalls {
    /// Whether a short call on `fd`, the descriptor whose this is, has left nothing to do.
    #[inline]
    pub(crate) fn drain(&self, fd: BorrowedFd<'_>) -> bool {
        match self.0.load(Relaxed) {
            0 => self.learn(fd),
            known => known == DRAIN,
        }
    }

    #[cold]
    fn learn(&self, fd: BorrowedFd<'_>) -> bool {
        let is_drained = Registry::is_drained_by_a_short_call(fd);
        self.0.store(if is_drained { DRAIN } else { PROVE_NOTHING }, Relaxed);
        is_drained
    }
}
