//! [`Writer`]: the bytes that values become.

use crate::process::messagepack::Trouble;
use crate::process::messagepack::marks::{self, Marks};

/// Takes values from serde: see `serialize`.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
    /// How much deeper it may go.
    room: u32,
}

impl Writer {
    pub(super) fn new(bytes: Vec<u8>, room: u32) -> Self {
        Self { bytes, room }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Goes one level down. After an error nobody goes on, so only success has to come up again.
    pub(super) fn descend(&mut self) -> Result<(), Trouble> {
        self.room = self.room.checked_sub(1).ok_or_else(Trouble::too_deep)?;
        Ok(())
    }

    pub(super) fn ascend(&mut self) {
        self.room += 1;
    }

    #[inline]
    pub(super) fn marked<const N: usize>(
        &mut self,
        mark: u8,
        bytes: [u8; N],
    ) -> Result<(), Trouble> {
        self.bytes.push(mark);
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    #[inline]
    pub(super) fn length(&mut self, marks: &Marks, length: usize) -> Result<(), Trouble> {
        match (marks, length) {
            (&Marks { fixed: Some((mark, most)), .. }, _) if length <= most => {
                self.bytes.push(mark + length as u8);
                Ok(())
            }
            (&Marks { in_8_bits: Some(mark), .. }, 0..0x100) => self.marked(mark, [length as u8]),
            (_, 0..0x1_0000) => self.marked(marks.in_16_bits, (length as u16).to_be_bytes()),
            _ => {
                let length = u32::try_from(length)
                    .map_err(|_| Trouble::new("more than 4 GiB, or as many elements"))?;
                self.marked(marks.in_32_bits, length.to_be_bytes())
            }
        }
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), Trouble> {
        self.length(&marks::TEXT, text.len())?;
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// A variant that is more than its name.
    pub(super) fn variant(&mut self, name: &str) -> Result<(), Trouble> {
        self.descend()?;
        self.length(&marks::MAP, 1)?;
        self.text(name)
    }
}
