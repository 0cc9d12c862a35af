//! Bytes, for whatever serde asks.
//!
//! Values describe themselves, so nearly all that serde asks for is answered by what is there, and the
//! type itself refuses what it cannot be.

use crate::process::messagepack::Trouble;
use crate::process::messagepack::access::{Elements, Variant};
use crate::process::messagepack::marks;
use crate::process::messagepack::read::{Item, Reader};
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Trouble;

    fn is_human_readable(&self) -> bool {
        true
    }

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        let item = self.item()?;
        give(self, item, visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_i128(i128::from_be_bytes(self.wide()?))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_u128(u128::from_be_bytes(self.wide()?))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        if self.takes(marks::NIL) {
            return visitor.visit_none();
        }
        let _stood_there = self.takes(marks::SOME);
        self.inside(|reader| visitor.visit_some(reader))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        match self.item()? {
            Item::Text(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Item::Map(1) => self.inside(|reader| visitor.visit_enum(Variant::new(reader))),
            _ => Err(Trouble::new("there is no variant of an enum")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Gives a value to a visitor that takes what comes.
#[inline]
fn give<'de, V: Visitor<'de>>(
    reader: &mut Reader<'de>,
    item: Item<'de>,
    visitor: V,
) -> Result<V::Value, Trouble> {
    match item {
        Item::Nil => visitor.visit_unit(),
        Item::Some => reader.inside(|reader| visitor.visit_some(reader)),
        Item::Bool(value) => visitor.visit_bool(value),
        Item::Unsigned(value) => visitor.visit_u64(value),
        Item::Signed(value) => visitor.visit_i64(value),
        Item::F32(value) => visitor.visit_f32(value),
        Item::F64(value) => visitor.visit_f64(value),
        Item::Text(text) => visitor.visit_borrowed_str(text),
        Item::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
        Item::Array(length) => reader.inside(|reader| {
            let mut elements = Elements::new(reader, length);
            let value = visitor.visit_seq(&mut elements)?;
            elements.finish()?;
            Ok(value)
        }),
        Item::Map(length) => reader.inside(|reader| {
            let mut elements = Elements::new(reader, length);
            let value = visitor.visit_map(&mut elements)?;
            elements.finish()?;
            Ok(value)
        }),
    }
}
