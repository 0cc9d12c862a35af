//! [`MessagePack`]: the codec that is used by default.
//!
//! rmp-serde writes and reads them, with the names of fields, in two ways not as it would by itself:
//!
//! - It calls itself readable by humans, which it is not. Types that flatten or have tags are read by way
//!   of a buffer of serde's that says so always, so whatever is written has to be written for it.
//! - Who writes is [watched](Watched): what would come back as another value, or not at all, is not sent.

// In dependence order: a module uses only what stands above it.
mod watch;
#[cfg(test)]
mod tests;

use crate::process::codec::{Codec, CodecError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use watch::{DEPTH, Watched};

/// [MessagePack](https://msgpack.org) with the names of fields: the default.
///
/// Values come back as they went, and so do untagged enums, flattened structs and values that describe
/// themselves; more compact formats cannot say those, and find out after the job has run. Three things
/// are errors, and never another value:
///
/// - A `Some` that holds nothing (`Some(None)`, `Some(())`, a `Some` of a unit struct) is not written: it
///   would come back as `None`. An enum with a variant for each case can say it, and so can a `bool`
///   instead of an `Option<()>`.
/// - Values that nest more than 256 levels deep are not written: whoever reads them does so on the stack.
///   Lists and trees that deep are better kept in a vector, with indices.
/// - An `i128` or `u128` inside of what is flattened, untagged or internally tagged cannot be read,
///   in this format or any other: serde has no room for it there. A `String` can say it.
///
/// What is written is for the other side alone and may change with every version.
#[derive(Debug)]
pub enum MessagePack {}

impl Codec for MessagePack {
    fn encode<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
        let mut serializer =
            rmp_serde::Serializer::new(into).with_struct_map().with_human_readable();
        Watched::new(value).serialize(&mut serializer).map_err(CodecError::new)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
        let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes).with_human_readable();
        // It stops before that many.
        deserializer.set_max_depth(DEPTH as usize + 1);
        T::deserialize(&mut deserializer).map_err(CodecError::new)
    }
}
