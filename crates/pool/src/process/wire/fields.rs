//! Fields: how the pool's own messages are laid out.
//!
//! Each field is its length in eight bytes, then its bytes; numbers are little-endian. The codec of the jobs
//! is not asked for this: it would be built into every program three times over, for three messages.

/// The fields one behind the other.
pub(crate) fn write<const N: usize>(fields: [&[u8]; N]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// The fields of a message, if it has as many and nothing else.
pub(crate) fn read<const N: usize>(mut bytes: &[u8]) -> Option<[&[u8]; N]> {
    let mut fields = [&[][..]; N];
    for field in &mut fields {
        let (length, rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        (*field, bytes) = rest.split_at_checked(length)?;
    }
    bytes.is_empty().then_some(fields)
}

/// A field that is a text.
pub(crate) fn text(field: &[u8]) -> Option<String> {
    String::from_utf8(field.to_vec()).ok()
}

/// A field that is a number of eight bytes.
pub(crate) fn number(field: &[u8]) -> Option<u64> {
    field.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_as_they_went() {
        let bytes = write([b"one", b"", &7_u64.to_le_bytes()]);
        let [one, empty, seven] = read(&bytes).unwrap();
        assert_eq!((text(one).as_deref(), empty, number(seven)), (Some("one"), &[][..], Some(7)));
    }

    #[test]
    fn a_message_that_is_cut_or_goes_on_is_none() {
        let bytes = write([b"one", b"two"]);
        for length in 0..bytes.len() {
            assert_eq!(read::<2>(&bytes[..length]), None);
        }
        assert_eq!(read::<1>(&bytes), None);
        assert_eq!(read::<3>(&bytes), None);
        assert_eq!(read::<1>(&u64::MAX.to_le_bytes()), None);
        assert_eq!((number(b"1234567"), text(b"\xff")), (None, None));
    }
}
