//! The bytes of [`MessagePack`](crate::process::MessagePack): what serde says, and back.
//!
//! It is [MessagePack](https://msgpack.org) with the names of fields and variants, and with what a value
//! needs to come back as it went:
//!
//! - `None` is nil and `Some(x)` is `x`. Where `x` is nil itself, as in `Some(None)` or `Some(())`, a
//!   byte that MessagePack never uses stands before it, or it would come back as `None`.
//! - It calls itself readable by humans, which it is not. Types that flatten or have tags are read by way
//!   of a buffer of serde's that says so always, so whatever is written has to be written for it.
//! - A value that announces more or fewer elements than it has is an error when it is written; what
//!   follows it would be taken for something else.
//! - Depth has a [limit](DEPTH), for whoever reads a value does so on the stack.

// In dependence order: a module uses only what stands above it.
mod marks;
mod write;
mod compound;
mod serialize;
mod read;
mod access;
mod deserialize;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::{self, DeserializeOwned};
use serde::ser;
use std::error::Error;
use std::fmt;

/// How deep values may nest: sequences, maps, structs, enums with data and `Some`s in each other.
///
/// Without optimization, and by way of serde's buffer, types of a few fields take half a mebibyte of stack
/// for it. The least that usually reads results is a thread of two, and types of many fields take more.
pub(crate) const DEPTH: u32 = 256;

/// What is wrong with a value or its bytes.
#[derive(Debug)]
pub(crate) struct Trouble(Box<str>);

/// Appends `value` to `into`.
pub(crate) fn write<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), Trouble> {
    let mut writer = write::Writer::new(std::mem::take(into), DEPTH);
    let written = value.serialize(&mut writer);
    *into = writer.into_bytes();
    written
}

/// Reads what [`write()`] wrote, which must be all of `bytes`.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Trouble> {
    let mut reader = read::Reader::new(bytes, DEPTH);
    let value = T::deserialize(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

impl Trouble {
    fn new(text: &str) -> Self {
        Self(text.into())
    }

    #[cold]
    fn too_deep() -> Self {
        Self(format!("nested more than {DEPTH} levels deep").into())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Trouble {}

impl ser::Error for Trouble {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string().into())
    }
}

impl de::Error for Trouble {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string().into())
    }
}
