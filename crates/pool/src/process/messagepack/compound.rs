//! [`Compound`]: a value of several parts while it is written.

use crate::process::messagepack::Trouble;
use crate::process::messagepack::marks;
use crate::process::messagepack::write::Writer;
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

/// A value of several parts while it is written.
#[derive(Debug)]
pub(super) struct Compound<'a> {
    writer: &'a mut Writer,
    promised: Promised,
    /// How many parts were written; keys and values count each.
    parts: usize,
    /// How many parts an element has.
    parts_each: usize,
    is_variant: bool,
}

/// How many parts there are to be.
#[derive(Debug)]
enum Promised {
    Parts(usize),
    /// Nobody knows, and the length is written here when they are all there.
    Later(usize),
}

impl<'a> Compound<'a> {
    pub(super) fn sequence(writer: &'a mut Writer, length: Option<usize>) -> Result<Self, Trouble> {
        Self::begin(writer, &marks::ARRAY, length, 1)
    }

    pub(super) fn map(writer: &'a mut Writer, length: Option<usize>) -> Result<Self, Trouble> {
        Self::begin(writer, &marks::MAP, length, 2)
    }

    /// The inside of a variant, which is one level deeper.
    pub(super) fn of_variant(self) -> Self {
        Self { is_variant: true, ..self }
    }

    fn begin(
        writer: &'a mut Writer,
        marks: &marks::Marks,
        length: Option<usize>,
        parts_each: usize,
    ) -> Result<Self, Trouble> {
        writer.descend()?;
        let promised = match length {
            Some(length) => {
                writer.length(marks, length)?;
                Promised::Parts(length * parts_each)
            }
            None => {
                writer.bytes.push(marks.in_32_bits);
                let place = writer.bytes.len();
                writer.bytes.extend_from_slice(&[0; 4]);
                Promised::Later(place)
            }
        };
        Ok(Self { writer, promised, parts: 0, parts_each, is_variant: false })
    }

    fn part<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Trouble> {
        self.parts += 1;
        value.serialize(&mut *self.writer)
    }

    fn field<T: ?Sized + Serialize>(&mut self, name: &str, value: &T) -> Result<(), Trouble> {
        self.parts += 1;
        self.writer.text(name)?;
        self.part(value)
    }

    fn finish(self) -> Result<(), Trouble> {
        match self.promised {
            Promised::Parts(parts) if parts != self.parts => {
                return Err(Trouble::new("it has not as many elements as it announced"));
            }
            Promised::Parts(_) => {}
            Promised::Later(place) => {
                let length = u32::try_from(self.parts / self.parts_each)
                    .map_err(|_| Trouble::new("more elements than can be counted"))?;
                if let Some(gap) = self.writer.bytes.get_mut(place..place + 4) {
                    gap.copy_from_slice(&length.to_be_bytes());
                }
            }
        }
        self.writer.ascend();
        if self.is_variant {
            self.writer.ascend();
        }
        Ok(())
    }
}

/// Those whose parts are values alone.
macro_rules! of_values {
    ($($of:ident, $add:ident;)*) => {$(
        impl $of for Compound<'_> {
            type Ok = ();
            type Error = Trouble;

            fn $add<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Trouble> {
                self.part(value)
            }

            fn end(self) -> Result<(), Trouble> {
                self.finish()
            }
        }
    )*};
}

of_values! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
}

/// Those whose parts have names.
macro_rules! of_fields {
    ($($of:ident),*) => {$(
        impl $of for Compound<'_> {
            type Ok = ();
            type Error = Trouble;

            fn serialize_field<T: ?Sized + Serialize>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Trouble> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Trouble> {
                self.finish()
            }
        }
    )*};
}

of_fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = Trouble;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Trouble> {
        self.part(key)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Trouble> {
        self.part(value)
    }

    fn end(self) -> Result<(), Trouble> {
        self.finish()
    }
}
