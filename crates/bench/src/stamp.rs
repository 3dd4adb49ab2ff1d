//! What every message begins with, by which it is known again.

/// Bytes of a stamp as bytes, and as text: in hexadecimal.
pub(crate) const STAMP_SIZE: usize = 16;
pub(crate) const STAMP_TEXT_SIZE: usize = 2 * STAMP_SIZE;

/// Who sent which message, and when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The connection, or the publisher, that sent it.
    pub(crate) sender: u16,
    /// How many it sent before. 48 bits of it travel.
    pub(crate) sequence: u64,
    /// When it was due, or sent where messages have no times: nanoseconds since the run's beginning.
    pub(crate) due: u64,
}

impl Stamp {
    #[inline]
    pub(crate) fn encode(&self) -> [u8; STAMP_SIZE] {
        let name = u64::from(self.sender) << 48 | self.sequence & SEQUENCE;
        let mut bytes = [0; STAMP_SIZE];
        bytes[..8].copy_from_slice(&name.to_be_bytes());
        bytes[8..].copy_from_slice(&self.due.to_be_bytes());
        bytes
    }

    #[inline]
    pub(crate) fn encode_text(&self) -> [u8; STAMP_TEXT_SIZE] {
        let mut text = [0; STAMP_TEXT_SIZE];
        for (digits, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.encode()) {
            *digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        text
    }

    /// `None`: it is too short.
    #[inline]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (name, rest) = bytes.split_first_chunk()?;
        let name = u64::from_be_bytes(*name);
        let due = u64::from_be_bytes(*rest.first_chunk()?);
        Some(Self { sender: (name >> 48) as u16, sequence: name & SEQUENCE, due })
    }

    /// `None`: it is too short, or not in hexadecimal.
    #[inline]
    pub(crate) fn decode_text(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; STAMP_SIZE];
        for (byte, digits) in
            bytes.iter_mut().zip(text.first_chunk::<STAMP_TEXT_SIZE>()?.as_chunks::<2>().0)
        {
            *byte = digit(digits[0])? << 4 | digit(digits[1])?;
        }
        Self::decode(&bytes)
    }
}

const fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";
const SEQUENCE: u64 = (1 << 48) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_as_bytes_and_as_text() {
        let stamp = Stamp { sender: 65_535, sequence: (1 << 48) - 2, due: 0x0123_4567_89ab_cdef };
        assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
        assert_eq!(&stamp.encode_text(), b"fffffffffffffffe0123456789abcdef");
        assert_eq!(Stamp::decode_text(&stamp.encode_text()), Some(stamp));
    }

    #[test]
    fn what_is_no_stamp_is_none() {
        assert_eq!(Stamp::decode(&[0; STAMP_SIZE - 1]), None);
        assert_eq!(Stamp::decode_text(&[b'0'; STAMP_TEXT_SIZE - 1]), None);
        assert_eq!(Stamp::decode_text(&[b'F'; STAMP_TEXT_SIZE]), None);
    }
}
