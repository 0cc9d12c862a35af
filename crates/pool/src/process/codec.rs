//! [`Codec`]: how values become bytes for the other process.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::fmt;

/// Why a value could not be written or read.
#[derive(Debug)]
pub struct CodecError {
    source: Box<dyn Error + Send + Sync>,
}

impl CodecError {
    /// The error of a codec's own library, or a text.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl Error for CodecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

/// Writes values for another process, and reads what it wrote.
///
/// Both sides are the same program, so a codec needs neither versions nor a schema. Byte vectors,
/// strings and vectors of numbers never come to it: they cross as they are.
///
/// # Examples
/// A pool that speaks JSON:
/// ```
/// use asyncio::pool::{Codec, CodecError, ProcessPoolExecutor};
/// use serde::{Serialize, de::DeserializeOwned};
///
/// struct Json;
///
/// impl Codec for Json {
///     fn encode<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
///         serde_json::to_writer(into, value).map_err(CodecError::new)
///     }
///
///     fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
///         serde_json::from_slice(bytes).map_err(CodecError::new)
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ProcessPoolExecutor::builder().workers(1).codec::<Json>().build()?;
/// assert_eq!(pool.run_blocking(|(a, b)| a + b, (1, 2))?, 3);
/// # Ok(())
/// # }
/// ```
pub trait Codec: 'static {
    /// Appends `value` to `into`.
    ///
    /// # Errors
    /// If the format cannot say it.
    fn encode<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// If `bytes` are not a `T`.
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError>;
}
