//! [`MessagePack`]: the codec that is used by default.
//!
//! rmp-serde writes and reads them, with the names of fields, in three ways not as it would by itself:
//!
//! - `None` is nil and `Some(x)` is `x`, so that `Some(None)` and `Some(())` would come back as `None`.
//!   A value with one of those in it is written as [RON](https://docs.rs/ron), which can say it. The
//!   first byte tells which of the two follows.
//! - It calls itself readable by humans, which it is not. Types that flatten or have tags are read by way
//!   of a buffer of serde's that says so always, so whatever is written has to be written for it.
//! - Who writes is [watched](Watched): values that nest deeper than [`DEPTH`], or have other numbers of
//!   elements than they announce, are not sent.

// In dependence order: a module uses only what stands above it.
mod notes;
mod watch;
#[cfg(test)]
mod tests;

use crate::process::codec::{Codec, CodecError};
use notes::{DEPTH, DEPTH_OF_RON, Notes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use watch::Watched;

const AS_MESSAGEPACK: u8 = 0;
const AS_RON: u8 = 1;

/// [MessagePack](https://msgpack.org) with the names of fields: the default.
///
/// Values come back as they went, `Some(None)` and `Some(())` included, and so do untagged enums,
/// flattened structs and values that describe themselves; more compact formats cannot say those, and find
/// out after the job has run. A value with a `Some` of nothing in it, which MessagePack cannot tell from
/// `None`, goes as [RON](https://docs.rs/ron) instead, ten times as slowly. Two things are errors, and
/// never another value:
///
/// - Values that nest more than 256 levels deep (64 if there is a `Some(None)` or `Some(())` in them)
///   are not written: whoever reads them does so on the stack. Lists and trees that deep are better kept
///   in a vector, with indices.
/// - An `i128` or `u128` inside of what is flattened, untagged or internally tagged cannot be read,
///   in this format or any other: serde has no room for it there. A `String` can say it.
///
/// What is written is for the other side alone and may change with every version.
#[derive(Debug)]
pub enum MessagePack {}

impl Codec for MessagePack {
    fn encode<T: Serialize>(value: &T, into: &mut Vec<u8>) -> Result<(), CodecError> {
        let start = into.len();
        into.push(AS_MESSAGEPACK);
        let notes = Notes::for_messagepack();
        let mut serializer =
            rmp_serde::Serializer::new(&mut *into).with_struct_map().with_human_readable();
        let written = Watched::new(value, &notes).serialize(&mut serializer);
        if !notes.met_some_of_nothing() {
            return written.map_err(CodecError::new);
        }
        into.truncate(start);
        into.push(AS_RON);
        let notes = Notes::for_ron();
        let text = ron().to_string(&Watched::new(value, &notes)).map_err(CodecError::new)?;
        into.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
        match bytes.split_first() {
            Some((&AS_MESSAGEPACK, rest)) => {
                let mut deserializer =
                    rmp_serde::Deserializer::from_read_ref(rest).with_human_readable();
                // It stops before that many.
                deserializer.set_max_depth(DEPTH as usize + 1);
                T::deserialize(&mut deserializer).map_err(CodecError::new)
            }
            Some((&AS_RON, text)) => ron().from_bytes(text).map_err(CodecError::new),
            _ => Err(CodecError::new("no value")),
        }
    }
}

fn ron() -> ron::Options {
    // A level of a value is up to three of the text, and the innermost one more.
    ron::Options::default().with_recursion_limit(3 * (DEPTH_OF_RON as usize + 1))
}
