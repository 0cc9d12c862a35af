//! The first bytes of values.

pub(super) const NIL: u8 = 0xc0;
/// MessagePack never uses it. Here: what follows is the inside of a `Some`, though it looks like `None`.
pub(super) const SOME: u8 = 0xc1;
pub(super) const FALSE: u8 = 0xc2;
pub(super) const TRUE: u8 = 0xc3;
pub(super) const F32: u8 = 0xca;
pub(super) const F64: u8 = 0xcb;
pub(super) const U8: u8 = 0xcc;
pub(super) const U16: u8 = 0xcd;
pub(super) const U32: u8 = 0xce;
pub(super) const U64: u8 = 0xcf;
pub(super) const I8: u8 = 0xd0;
pub(super) const I16: u8 = 0xd1;
pub(super) const I32: u8 = 0xd2;
pub(super) const I64: u8 = 0xd3;

/// The marks of one kind of value that has a length, by how the length is written.
#[derive(Debug)]
pub(super) struct Marks {
    /// The first of those that have the length in them, and the longest of these.
    pub(super) fixed: Option<(u8, usize)>,
    pub(super) in_8_bits: Option<u8>,
    pub(super) in_16_bits: u8,
    pub(super) in_32_bits: u8,
}

pub(super) const TEXT: Marks =
    Marks { fixed: Some((0xa0, 31)), in_8_bits: Some(0xd9), in_16_bits: 0xda, in_32_bits: 0xdb };
pub(super) const BYTES: Marks =
    Marks { fixed: None, in_8_bits: Some(0xc4), in_16_bits: 0xc5, in_32_bits: 0xc6 };
pub(super) const ARRAY: Marks =
    Marks { fixed: Some((0x90, 15)), in_8_bits: None, in_16_bits: 0xdc, in_32_bits: 0xdd };
pub(super) const MAP: Marks =
    Marks { fixed: Some((0x80, 15)), in_8_bits: None, in_16_bits: 0xde, in_32_bits: 0xdf };
