//! What the errors of this crate say beyond what the system says: which step, and for which address.

use std::error::Error;
use std::fmt;
use std::io;

/// An error of the system, with what was being done.
///
/// It travels inside an [`io::Error`] of the same kind; the system's own is its source.
#[derive(Debug)]
struct Failure {
    action: String,
    source: io::Error,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.action, self.source)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Says what was being done when `source` happened.
pub(crate) fn while_doing(action: impl Into<String>, source: io::Error) -> io::Error {
    io::Error::new(source.kind(), Failure { action: action.into(), source })
}

/// An operation that a simulated socket has no counterpart for.
pub(crate) fn simulated(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("a simulated socket has no descriptor, so {what}"),
    )
}
