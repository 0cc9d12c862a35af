//! What serde says, as bytes.

use crate::process::messagepack::Trouble;
use crate::process::messagepack::compound::Compound;
use crate::process::messagepack::marks;
use crate::process::messagepack::write::Writer;
use serde::{Serialize, Serializer};

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Trouble;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    fn is_human_readable(&self) -> bool {
        true
    }

    fn serialize_bool(self, value: bool) -> Result<(), Trouble> {
        self.marked(if value { marks::TRUE } else { marks::FALSE }, [])
    }

    fn serialize_i8(self, value: i8) -> Result<(), Trouble> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Trouble> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Trouble> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Trouble> {
        match value {
            0.. => self.serialize_u64(value.unsigned_abs()),
            -32..0 => self.marked(value as i8 as u8, []),
            -0x80..-32 => self.marked(marks::I8, (value as i8).to_be_bytes()),
            -0x8000..-0x80 => self.marked(marks::I16, (value as i16).to_be_bytes()),
            -0x8000_0000..-0x8000 => self.marked(marks::I32, (value as i32).to_be_bytes()),
            _ => self.marked(marks::I64, value.to_be_bytes()),
        }
    }

    fn serialize_i128(self, value: i128) -> Result<(), Trouble> {
        self.serialize_bytes(&value.to_be_bytes())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Trouble> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Trouble> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Trouble> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Trouble> {
        match value {
            0..0x80 => self.marked(value as u8, []),
            0x80..0x100 => self.marked(marks::U8, [value as u8]),
            0x100..0x1_0000 => self.marked(marks::U16, (value as u16).to_be_bytes()),
            0x1_0000..0x1_0000_0000 => self.marked(marks::U32, (value as u32).to_be_bytes()),
            _ => self.marked(marks::U64, value.to_be_bytes()),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<(), Trouble> {
        self.serialize_bytes(&value.to_be_bytes())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Trouble> {
        self.marked(marks::F32, value.to_be_bytes())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Trouble> {
        self.marked(marks::F64, value.to_be_bytes())
    }

    fn serialize_char(self, value: char) -> Result<(), Trouble> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Trouble> {
        self.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Trouble> {
        self.length(&marks::BYTES, value.len())?;
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Trouble> {
        self.serialize_unit()
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Trouble> {
        self.descend()?;
        let start = self.bytes.len();
        value.serialize(&mut *self)?;
        if let Some(&(marks::NIL | marks::SOME)) = self.bytes.get(start) {
            // Nothing but nil, perhaps with marks like this one, comes after it.
            self.bytes.insert(start, marks::SOME);
        }
        self.ascend();
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Trouble> {
        self.marked(marks::NIL, [])
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Trouble> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<(), Trouble> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Trouble> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Trouble> {
        self.variant(name)?;
        value.serialize(&mut *self)?;
        self.ascend();
        Ok(())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Compound<'a>, Trouble> {
        Compound::sequence(self, length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Compound<'a>, Trouble> {
        Compound::sequence(self, Some(length))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        length: usize,
    ) -> Result<Compound<'a>, Trouble> {
        Compound::sequence(self, Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Compound<'a>, Trouble> {
        self.variant(name)?;
        Ok(Compound::sequence(self, Some(length))?.of_variant())
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Compound<'a>, Trouble> {
        Compound::map(self, length)
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Compound<'a>, Trouble> {
        Compound::map(self, Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Compound<'a>, Trouble> {
        self.variant(name)?;
        Ok(Compound::map(self, Some(length))?.of_variant())
    }
}
