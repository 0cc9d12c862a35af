//! [`RegisterError`]: a descriptor that was not registered comes back with the reason.

use std::error::Error;
use std::fmt;
use std::io;

/// What [`AsyncFd::try_new`](crate::AsyncFd::try_new) gives back with the reason.
pub struct RegisterError<T> {
    io: T,
    error: io::Error,
}

impl<T> RegisterError<T> {
    pub(crate) fn new(io: T, error: io::Error) -> Self {
        Self { io, error }
    }

    /// What was to be registered, and why it was not.
    pub fn into_parts(self) -> (T, io::Error) {
        (self.io, self.error)
    }
}

impl<T> fmt::Debug for RegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for RegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the descriptor cannot be registered")
    }
}

impl<T> Error for RegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
