//! [`Watched`]: a value that is watched while a serializer writes it.
//!
//! Three things end the writing with an error: a `Some` of nothing, for MessagePack writes it like `None`;
//! more levels than [`DEPTH`]; another number of elements than was announced.

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use std::any::type_name;

/// How deep values may nest: sequences, maps, structs, enums with data and `Some`s in each other.
///
/// Without optimization, and by way of serde's buffer, types of a few fields take half a mebibyte of stack
/// for it. The least that usually reads results is a thread of two, and types of many fields take more.
pub(crate) const DEPTH: u32 = 256;

/// A value that is watched while a serializer writes it.
#[derive(Debug)]
pub(super) struct Watched<'v, T: ?Sized> {
    value: &'v T,
    place: Place,
}

/// Where in the whole a value stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    depth: u32,
    /// The type of what a `Some` holds, if it is that and nothing of it was written yet.
    held_by_some: Option<&'static str>,
}

/// A serializer that writes what stands there.
#[derive(Debug)]
struct Watch<S> {
    inner: S,
    place: Place,
}

/// A value of several parts while it is written: they are counted.
#[derive(Debug)]
struct Parts<C> {
    inner: C,
    place: Place,
    /// How many there are still to be, if that was announced.
    left: Option<usize>,
}

impl<'v, T: ?Sized> Watched<'v, T> {
    pub(super) fn new(value: &'v T) -> Self {
        Self { value, place: Place { depth: 0, held_by_some: None } }
    }
}

impl<T: ?Sized + Serialize> Serialize for Watched<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Watch { inner: serializer, place: self.place })
    }
}

impl Place {
    /// One level further in.
    #[inline]
    fn inside<E: Error>(self) -> Result<Self, E> {
        match self.depth < DEPTH {
            true => Ok(Self { depth: self.depth + 1, held_by_some: None }),
            false => Err(too_deep()),
        }
    }

    fn watch<T: ?Sized>(self, value: &T) -> Watched<'_, T> {
        Watched { value, place: self }
    }

    /// Nothing is to be written here.
    #[inline]
    fn is_nothing<E: Error>(self) -> Result<(), E> {
        match self.held_by_some {
            None => Ok(()),
            Some(held) => Err(some_of_nothing(held)),
        }
    }
}

#[cold]
fn too_deep<E: Error>() -> E {
    E::custom(format_args!("nested more than {DEPTH} levels deep"))
}

#[cold]
fn some_of_nothing<E: Error>(held: &'static str) -> E {
    E::custom(format_args!(
        "a `Some` that holds nothing (of type `{held}`) would come back as `None`; \
         use an enum of your own with a variant for each case"
    ))
}

/// What is a value by itself and never nothing.
macro_rules! plain {
    ($($write:ident($value:ty),)*) => {$(
        #[inline]
        fn $write(self, value: $value) -> Result<S::Ok, S::Error> {
            self.inner.$write(value)
        }
    )*};
}

/// What has parts, and what else is told of it before they come.
macro_rules! compound {
    ($($write:ident($($name:ident: $type:ty),*; $count:expr, $length:ty) -> $parts:ident,)*) => {$(
        #[inline]
        fn $write(self, $($name: $type,)* length: $length) -> Result<Self::$parts, S::Error> {
            let left = ($count)(length);
            let inner = self.inner.$write($($name,)* length)?;
            Ok(Parts { inner, place: self.place.inside()?, left })
        }
    )*};
}

impl<S: Serializer> Serializer for Watch<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Parts<S::SerializeSeq>;
    type SerializeTuple = Parts<S::SerializeTuple>;
    type SerializeTupleStruct = Parts<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<S::SerializeTupleVariant>;
    type SerializeMap = Parts<S::SerializeMap>;
    type SerializeStruct = Parts<S::SerializeStruct>;
    type SerializeStructVariant = Parts<S::SerializeStructVariant>;

    plain! {
        serialize_bool(bool), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64),
        serialize_i128(i128), serialize_u128(u128), serialize_f32(f32), serialize_f64(f64),
    }

    compound! {
        serialize_seq(; |length| length, Option<usize>) -> SerializeSeq,
        serialize_map(; |length| length, Option<usize>) -> SerializeMap,
        serialize_tuple(; Some, usize) -> SerializeTuple,
        serialize_tuple_struct(name: &'static str; Some, usize) -> SerializeTupleStruct,
        serialize_struct(name: &'static str; Some, usize) -> SerializeStruct,
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str; Some, usize)
            -> SerializeTupleVariant,
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str; Some, usize)
            -> SerializeStructVariant,
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.place.is_nothing()?;
        self.inner.serialize_none()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<S::Ok, S::Error> {
        let place = Place { held_by_some: Some(type_name::<T>()), ..self.place.inside()? };
        self.inner.serialize_some(&place.watch(value))
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.place.is_nothing()?;
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.place.is_nothing()?;
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        // Nothing is written for the struct itself.
        let place = Place { held_by_some: self.place.held_by_some, ..self.place.inside()? };
        self.inner.serialize_newtype_struct(name, &place.watch(value))
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.place.inside()?.watch(value);
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<C> Parts<C> {
    /// One more part comes.
    fn count<E: Error>(&mut self) -> Result<(), E> {
        match &mut self.left {
            Some(0) => Err(E::custom("it has more elements than it announced")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// No more come.
    fn finish<E: Error>(self) -> Result<C, E> {
        match self.left {
            None | Some(0) => Ok(self.inner),
            Some(_) => Err(E::custom("it has fewer elements than it announced")),
        }
    }
}

/// Those whose parts are values alone, and those whose parts have names.
macro_rules! parts {
    ($($of:ident, $write:ident $(, $key:ident)?;)*) => {$(
        impl<C: $of> $of for Parts<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $write<T: ?Sized + Serialize>(
                &mut self,
                $($key: &'static str,)?
                value: &T,
            ) -> Result<(), C::Error> {
                self.count()?;
                self.inner.$write($($key,)? &self.place.watch(value))
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.finish()?.end()
            }
        }
    )*};
}

parts! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
    SerializeStruct, serialize_field, name;
    SerializeStructVariant, serialize_field, name;
}

impl<C: SerializeMap> SerializeMap for Parts<C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), C::Error> {
        self.count()?;
        self.inner.serialize_key(&self.place.watch(key))
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), C::Error> {
        self.inner.serialize_value(&self.place.watch(value))
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.finish()?.end()
    }
}
