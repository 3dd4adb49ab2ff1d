//! Messages, RFC 6455 section 5.6: what an application sends and gets.

use super::frame::{FINAL, FrameHeader};
use super::opcode::Opcode;
use crate::limits::{HEADER_SIZE_MAX, SMALL_PAYLOAD_SIZE_MAX};
use std::fmt;

/// A whole message. Receiving lends one, sending takes one, so that an echo is `connection.send(message)`.
///
/// Texts and bytes that are borrowed become one by themselves:
///
/// ```
/// use sockeye::protocol::Message;
///
/// let greeting = format!("{} people", 3);
/// assert_eq!(Message::from(&greeting), Message::Text("3 people"));
/// assert_eq!(Message::from("hello"), Message::Text("hello"));
/// assert_eq!(Message::from(&vec![1, 2]), Message::Binary(&[1, 2]));
/// assert_eq!(Message::from(b"\x01\x02"), Message::Binary(&[1, 2]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 6455 defines these two and no others")]
pub enum Message<'a> {
    /// UTF-8 text.
    Text(&'a str),
    /// Any bytes.
    Binary(&'a [u8]),
}

impl<'a> Message<'a> {
    /// The payload, whatever its kind.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    pub(crate) const fn opcode(&self) -> Opcode {
        match self {
            Self::Text(_) => Opcode::Text,
            Self::Binary(_) => Opcode::Binary,
        }
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes)
    }
}

/// So that `&format!(…)` is a message.
impl<'a> From<&'a String> for Message<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Vec<u8>> for Message<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl<'a, const SIZE: usize> From<&'a [u8; SIZE]> for Message<'a> {
    fn from(bytes: &'a [u8; SIZE]) -> Self {
        Self::Binary(bytes)
    }
}

/// Appends one unmasked frame, as servers send them: what a broadcast shares among its receivers.
#[inline]
pub fn encode_frame(opcode: Opcode, payload: &[u8], output: &mut Vec<u8>) {
    if payload.len() > SMALL_PAYLOAD_SIZE_MAX {
        output.reserve(HEADER_SIZE_MAX + payload.len());
    }
    encode_header(opcode, payload.len(), output);
    output.extend_from_slice(payload);
}

/// Appends one unmasked frame with a message that was compressed to `payload` (RFC 7692 section 6.1).
#[cfg(all(feature = "deflate", feature = "net"))]
pub(crate) fn encode_compressed_frame(opcode: Opcode, payload: &[u8], output: &mut Vec<u8>) {
    let mut header = [0; HEADER_SIZE_MAX];
    let frame = FrameHeader { is_compressed: true, ..FrameHeader::new(opcode, payload.len()) };
    let size = frame.encode(&mut header);
    output.reserve(size + payload.len());
    output.extend_from_slice(&header[..size]);
    output.extend_from_slice(payload);
}

/// Appends the header of an unmasked frame whose payload of `payload_size` bytes the caller sends behind it.
// Nearly all are two bytes, which cost less than a call.
#[inline(always)]
pub fn encode_header(opcode: Opcode, payload_size: usize, output: &mut Vec<u8>) {
    if let small @ 0..=SMALL_PAYLOAD_SIZE_MAX = payload_size {
        output.extend_from_slice(&small_header(opcode, small));
        return;
    }
    encode_long_header(opcode, payload_size, output);
}

/// The same of a payload of at most [`SMALL_PAYLOAD_SIZE_MAX`] bytes (RFC 6455 section 5.2).
#[inline(always)]
pub(crate) const fn small_header(opcode: Opcode, payload_size: usize) -> [u8; 2] {
    debug_assert!(
        payload_size <= SMALL_PAYLOAD_SIZE_MAX,
        "the length is seven bits, two values aside"
    );
    [FINAL | opcode.to_bits(), payload_size as u8]
}

#[inline(never)]
fn encode_long_header(opcode: Opcode, payload_size: usize, output: &mut Vec<u8>) {
    let mut header = [0; HEADER_SIZE_MAX];
    let size = FrameHeader::new(opcode, payload_size).encode(&mut header);
    output.extend_from_slice(&header[..size]);
}

/// A payload as it came: inside the receive buffer, or assembled from several reads or fragments.
#[expect(clippy::exhaustive_enums, reason = "a payload is either whole or put together")]
pub enum Payload<'b> {
    /// It arrived whole in one read and was unmasked in place.
    Lent(&'b mut [u8]),
    /// It was put together in a buffer of its own, which the receiver may keep or recycle.
    Assembled(Vec<u8>),
}

impl Payload<'_> {
    /// The unmasked bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Assembled(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Lent(_) => "Lent",
            Self::Assembled(_) => "Assembled",
        };
        write!(f, "{kind}({} bytes)", self.as_bytes().len())
    }
}

/// A message that a peer sent: complete, unmasked and, where it is text, valid UTF-8.
#[derive(Debug)]
pub struct Received<'b> {
    /// Only [`Received::new`] makes one, so text was validated before.
    is_text: bool,
    payload: Payload<'b>,
}

impl<'b> Received<'b> {
    /// The caller has validated the payload of a text message.
    pub(crate) const fn new(is_text: bool, payload: Payload<'b>) -> Self {
        Self { is_text, payload }
    }

    /// The message, borrowed.
    #[inline]
    #[must_use]
    pub fn as_message(&self) -> Message<'_> {
        Self::message(self.is_text, self.payload.as_bytes())
    }

    /// The message whose payload these bytes are. As for [`Received::new`], they were validated before if it is text.
    #[inline]
    pub(crate) fn message(is_text: bool, bytes: &[u8]) -> Message<'_> {
        if !is_text {
            return Message::Binary(bytes);
        }
        debug_assert!(std::str::from_utf8(bytes).is_ok(), "text was validated as it arrived");
        // SAFETY: `Connection` makes a text message only after `Utf8Validator` took every byte of it and found it
        // complete. The bytes cannot have changed since: nothing hands them out for writing but `poll_fill`, and text
        // that was filled is validated whole at its end. The safe twin is the assertion above, which every debug build
        // of the tests runs.
        Message::Text(unsafe { std::str::from_utf8_unchecked(bytes) })
    }

    /// The payload, as it came.
    #[must_use]
    pub const fn payload(&self) -> &Payload<'b> {
        &self.payload
    }

    /// The payload; an assembled one may be given back with [`super::Input::recycle`].
    #[must_use]
    pub fn into_payload(self) -> Payload<'b> {
        self.payload
    }
}
