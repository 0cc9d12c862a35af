//! [`Reader`]: what there is in bytes, one item after the other.

use crate::process::messagepack::Trouble;
use crate::process::messagepack::marks;

/// Gives values to serde: see `deserialize`.
#[derive(Debug)]
pub(super) struct Reader<'de> {
    bytes: &'de [u8],
    /// How much deeper it may go.
    room: u32,
}

/// A value, or the head of one that has parts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Item<'de> {
    Nil,
    /// What follows is the inside of a `Some`.
    Some,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Text(&'de str),
    Bytes(&'de [u8]),
    Array(usize),
    Map(usize),
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8], room: u32) -> Self {
        Self { bytes, room }
    }

    /// There must be nothing left.
    pub(super) fn finish(&self) -> Result<(), Trouble> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Trouble::new("it goes on after its end")) }
    }

    /// At most so many values can follow.
    pub(super) fn most(&self) -> usize {
        self.bytes.len()
    }

    /// Takes this mark, if it comes next.
    pub(super) fn takes(&mut self, mark: u8) -> bool {
        let rest = self.bytes.split_first().filter(|&(&first, _)| first == mark);
        if let Some((_, rest)) = rest {
            self.bytes = rest;
        }
        rest.is_some()
    }

    /// Reads something that is one level deeper. After an error nobody goes on, so only success has to
    /// come up again.
    pub(super) fn inside<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.room = self.room.checked_sub(1).ok_or_else(Trouble::too_deep)?;
        let value = read(self)?;
        self.room += 1;
        Ok(value)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or_else(ends_early)?;
        self.bytes = rest;
        Ok(*array)
    }

    #[inline]
    fn slice(&mut self, length: usize) -> Result<&'de [u8], Trouble> {
        let (slice, rest) = self.bytes.split_at_checked(length).ok_or_else(ends_early)?;
        self.bytes = rest;
        Ok(slice)
    }

    fn text(&mut self, length: usize) -> Result<Item<'de>, Trouble> {
        let text = std::str::from_utf8(self.slice(length)?);
        text.map(Item::Text).map_err(|_| Trouble::new("a text is not UTF-8"))
    }

    fn bytes(&mut self, length: usize) -> Result<Item<'de>, Trouble> {
        Ok(Item::Bytes(self.slice(length)?))
    }

    fn length_8(&mut self) -> Result<usize, Trouble> {
        Ok(u8::from_be_bytes(self.array()?).into())
    }

    fn length_16(&mut self) -> Result<usize, Trouble> {
        Ok(u16::from_be_bytes(self.array()?).into())
    }

    fn length_32(&mut self) -> Result<usize, Trouble> {
        Ok(u32::from_be_bytes(self.array()?) as usize)
    }

    #[inline(always)]
    pub(super) fn item(&mut self) -> Result<Item<'de>, Trouble> {
        let [mark] = self.array()?;
        Ok(match mark {
            0..0x80 => Item::Unsigned(mark.into()),
            0x80..0x90 => Item::Map(usize::from(mark & 0x0f)),
            0x90..0xa0 => Item::Array(usize::from(mark & 0x0f)),
            0xa0..0xc0 => return self.text(usize::from(mark & 0x1f)),
            marks::NIL => Item::Nil,
            marks::SOME => Item::Some,
            marks::FALSE => Item::Bool(false),
            marks::TRUE => Item::Bool(true),
            0xc4 => self.length_8().and_then(|length| self.bytes(length))?,
            0xc5 => self.length_16().and_then(|length| self.bytes(length))?,
            0xc6 => self.length_32().and_then(|length| self.bytes(length))?,
            marks::F32 => Item::F32(f32::from_be_bytes(self.array()?)),
            marks::F64 => Item::F64(f64::from_be_bytes(self.array()?)),
            marks::U8 => Item::Unsigned(u8::from_be_bytes(self.array()?).into()),
            marks::U16 => Item::Unsigned(u16::from_be_bytes(self.array()?).into()),
            marks::U32 => Item::Unsigned(u32::from_be_bytes(self.array()?).into()),
            marks::U64 => Item::Unsigned(u64::from_be_bytes(self.array()?)),
            marks::I8 => Item::Signed(i8::from_be_bytes(self.array()?).into()),
            marks::I16 => Item::Signed(i16::from_be_bytes(self.array()?).into()),
            marks::I32 => Item::Signed(i32::from_be_bytes(self.array()?).into()),
            marks::I64 => Item::Signed(i64::from_be_bytes(self.array()?)),
            0xd9 => self.length_8().and_then(|length| self.text(length))?,
            0xda => self.length_16().and_then(|length| self.text(length))?,
            0xdb => self.length_32().and_then(|length| self.text(length))?,
            0xdc => Item::Array(self.length_16()?),
            0xdd => Item::Array(self.length_32()?),
            0xde => Item::Map(self.length_16()?),
            0xdf => Item::Map(self.length_32()?),
            0xe0.. => Item::Signed(mark.cast_signed().into()),
            _ => return Err(Trouble::new("there is a byte that starts no value")),
        })
    }

    /// Sixteen bytes, which is how numbers of 128 bits are written.
    pub(super) fn wide(&mut self) -> Result<[u8; 16], Trouble> {
        let Item::Bytes(bytes) = self.item()? else {
            return Err(Trouble::new("there is no number of 128 bits"));
        };
        bytes.try_into().map_err(|_| Trouble::new("there is no number of 128 bits"))
    }
}

#[cold]
fn ends_early() -> Trouble {
    Trouble::new("it ends in the middle of a value")
}
