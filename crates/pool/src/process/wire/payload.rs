//! Arguments and results as bytes: raw where they are bytes already, else by the codec.
//!
//! Which of the two it is depends on the type alone, and both sides are the same program, so nothing on
//! the wire says so. Bytes through serde would cost twenty to a hundred times a copy.

use crate::process::codec::{Codec, CodecError};
use crate::process::wire::frame::PAYLOAD_MAX;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;

/// Writes `value`; byte vectors and strings give up their own buffer.
pub(crate) fn encode<C: Codec, T: Serialize + 'static>(value: T) -> Result<Vec<u8>, CodecError> {
    let bytes = write::<C, T>(value)?;
    within(bytes, PAYLOAD_MAX)
}

/// Refuses what the other side would not take for a message.
fn within(bytes: Vec<u8>, most: u64) -> Result<Vec<u8>, CodecError> {
    if bytes.len() as u64 <= most { Ok(bytes) } else { Err(CodecError::new("more than 4 GiB")) }
}

fn write<C: Codec, T: Serialize + 'static>(value: T) -> Result<Vec<u8>, CodecError> {
    let mut value = Some(value);
    if let Some(bytes) = encode_raw(&mut value) {
        return Ok(bytes);
    }
    let mut bytes = Vec::new();
    if let Some(value) = &value {
        C::encode(value, &mut bytes)?;
    }
    Ok(bytes)
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode<C: Codec, T: DeserializeOwned + 'static>(
    bytes: Vec<u8>,
) -> Result<T, CodecError> {
    let mut bytes = Some(bytes);
    let mut value: Option<T> = None;
    if decode_raw(&mut bytes, &mut value)?
        && let Some(value) = value
    {
        return Ok(value);
    }
    C::decode(&bytes.unwrap_or_default())
}

/// The types of numbers whose vectors cross as they are.
macro_rules! for_each_number {
    ($do:ident) => {
        $do!(u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64)
    };
}

/// Takes the value and gives its bytes, if its type is one that crosses as it is.
#[inline]
fn encode_raw(value: &mut dyn Any) -> Option<Vec<u8>> {
    if let Some(bytes) = value.downcast_mut::<Option<Vec<u8>>>() {
        return bytes.take();
    }
    if let Some(text) = value.downcast_mut::<Option<String>>() {
        return text.take().map(String::into_bytes);
    }
    if value.is::<Option<()>>() {
        return Some(Vec::new());
    }
    macro_rules! numbers {
        ($($number:ty),*) => {$(
            if let Some(numbers) = value.downcast_mut::<Option<Vec<$number>>>() {
                let numbers = numbers.take()?;
                let mut bytes = vec![0; size_of::<$number>() * numbers.len()];
                let (places, _) = bytes.as_chunks_mut();
                for (place, number) in places.iter_mut().zip(numbers) {
                    *place = number.to_ne_bytes();
                }
                return Some(bytes);
            }
        )*};
    }
    for_each_number!(numbers);
    None
}

/// Fills `value` from `bytes`, if its type is one that crosses as it is.
#[inline]
fn decode_raw(bytes: &mut Option<Vec<u8>>, value: &mut dyn Any) -> Result<bool, CodecError> {
    if let Some(value) = value.downcast_mut::<Option<Vec<u8>>>() {
        *value = bytes.take();
        return Ok(true);
    }
    if let Some(value) = value.downcast_mut::<Option<String>>() {
        let text = String::from_utf8(bytes.take().unwrap_or_default());
        *value = Some(text.map_err(CodecError::new)?);
        return Ok(true);
    }
    if let Some(value) = value.downcast_mut::<Option<()>>() {
        *value = Some(());
        return Ok(true);
    }
    macro_rules! numbers {
        ($($number:ty),*) => {$(
            if let Some(value) = value.downcast_mut::<Option<Vec<$number>>>() {
                let bytes = bytes.take().unwrap_or_default();
                let (places, []) = bytes.as_chunks() else {
                    return Err(CodecError::new("a vector of numbers ends in the middle of one"));
                };
                *value = Some(places.iter().copied().map(<$number>::from_ne_bytes).collect());
                return Ok(true);
            }
        )*};
    }
    for_each_number!(numbers);
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_than_a_message_may_be_is_refused_by_whoever_writes_it() {
        assert_eq!(within(vec![7; 8], 8).unwrap(), [7; 8]);
        let error = within(vec![7; 9], 8).unwrap_err();
        assert_eq!(error.to_string(), "more than 4 GiB");
    }
}
