//! Arguments and results as bytes: raw where they are bytes already, else by the codec.
//!
//! Which of the two it is depends on the type alone, and both sides are the same program, so nothing on
//! the wire says so. Bytes through serde would cost twenty to a hundred times a copy.

use crate::process::codec::{Codec, CodecError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;

/// Writes `value`; byte vectors and strings give up their own buffer.
pub(crate) fn encode<C: Codec, T: Serialize + 'static>(value: T) -> Result<Vec<u8>, CodecError> {
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
