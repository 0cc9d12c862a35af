//! [`Watched`]: a value that is watched while a serializer writes it.

use crate::process::messagepack::notes::Notes;
use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// A value that is watched while a serializer writes it.
#[derive(Debug)]
pub(super) struct Watched<'n, 'v, T: ?Sized> {
    value: &'v T,
    place: Place<'n>,
}

/// Where in the whole a value stands.
#[derive(Clone, Copy, Debug)]
struct Place<'n> {
    notes: &'n Notes,
    depth: u32,
    /// Whether it is what a `Some` holds, of which nothing was written.
    is_in_some: bool,
}

/// A serializer that writes what stands there.
#[derive(Debug)]
struct Watch<'n, S> {
    inner: S,
    place: Place<'n>,
}

/// A value of several parts while it is written: they are counted.
#[derive(Debug)]
struct Parts<'n, C> {
    inner: C,
    place: Place<'n>,
    /// How many there are still to be, if that was announced.
    left: Option<usize>,
}

impl<'n, 'v, T: ?Sized> Watched<'n, 'v, T> {
    pub(super) fn new(value: &'v T, notes: &'n Notes) -> Self {
        Self { value, place: Place { notes, depth: 0, is_in_some: false } }
    }
}

impl<T: ?Sized + Serialize> Serialize for Watched<'_, '_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Watch { inner: serializer, place: self.place })
    }
}

impl<'n> Place<'n> {
    /// One level further in.
    #[inline]
    fn inside<E: Error>(self) -> Result<Self, E> {
        match self.depth < self.notes.depth {
            true => Ok(Self { depth: self.depth + 1, is_in_some: false, ..self }),
            false => Err(self.notes.too_deep()),
        }
    }

    fn watch<T: ?Sized>(self, value: &T) -> Watched<'n, '_, T> {
        Watched { value, place: self }
    }

    /// Nothing is to be written here.
    fn is_nothing<E: Error>(self) -> Result<(), E> {
        if self.is_in_some && !self.notes.meet_some_of_nothing() {
            return Err(E::custom("a `Some` of nothing would come back as `None`"));
        }
        Ok(())
    }
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

impl<'n, S: Serializer> Serializer for Watch<'n, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Parts<'n, S::SerializeSeq>;
    type SerializeTuple = Parts<'n, S::SerializeTuple>;
    type SerializeTupleStruct = Parts<'n, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<'n, S::SerializeTupleVariant>;
    type SerializeMap = Parts<'n, S::SerializeMap>;
    type SerializeStruct = Parts<'n, S::SerializeStruct>;
    type SerializeStructVariant = Parts<'n, S::SerializeStructVariant>;

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
        let place = Place { is_in_some: true, ..self.place.inside()? };
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
        let place = Place { is_in_some: self.place.is_in_some, ..self.place.inside()? };
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

impl<C> Parts<'_, C> {
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
        impl<C: $of> $of for Parts<'_, C> {
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

impl<C: SerializeMap> SerializeMap for Parts<'_, C> {
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
