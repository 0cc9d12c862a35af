//! Why a URL could not be fetched.

use std::io;
use std::time::Duration;

/// Why a URL could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("`{0}` is not a URL: {1}")]
    NotAUrl(String, &'static str),
    #[error("`{0}` needs TLS: only plain http:// is spoken here")]
    NeedsTls(String),
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// Its text names the address already.
    #[error("{0}")]
    Connect(#[source] io::Error),
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    #[error("the connection was closed before the end of the {0}")]
    ClosedEarly(&'static str),
    #[error("the answer is not HTTP: {0}")]
    NotHttp(#[from] httparse::Error),
    #[error("the {0} is longer than {1} bytes")]
    TooLong(&'static str, usize),
    #[error("the answer's {0} makes no sense")]
    BadFraming(&'static str),
    #[error("timed out after {0:?}")]
    TimedOut(Duration),
}
