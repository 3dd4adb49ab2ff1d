//! The frame header, RFC 6455 section 5.2.
//!
//! ```text
//!   byte 0            byte 1           0, 2 or 8 bytes    0 or 4 bytes
//!  +-+-+-+-+--------+-+-------------+------------------+--------------+
//!  |F|R|R|R| opcode |M| length      | extended length  | masking key  |
//!  +-+-+-+-+--------+-+-------------+------------------+--------------+
//! ```
//!
//! Decoding reads at most [`HEADER_SIZE_MAX`] bytes. It neither allocates nor touches the payload, and it judges
//! each byte as soon as it is there: a reserved opcode is an error before the length has arrived.

use super::error::ProtocolError;
use super::opcode::Opcode;
use crate::limits::{CONTROL_PAYLOAD_SIZE_MAX, HEADER_SIZE_MAX};

/// A frame header. The payload follows it on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "RFC 6455 fixes the fields")]
pub struct FrameHeader {
    /// FIN: the last, or only, fragment of its message.
    pub is_final: bool,
    /// RSV1. With permessage-deflate: this message is compressed (RFC 7692 section 6).
    pub is_compressed: bool,
    /// What the frame carries.
    pub opcode: Opcode,
    /// The masking key; there is one from clients only.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload that follow.
    pub payload_size: u64,
}

impl FrameHeader {
    /// The header of an unfragmented, unmasked frame, as servers send it.
    #[must_use]
    pub const fn new(opcode: Opcode, payload_size: usize) -> Self {
        Self {
            is_final: true,
            is_compressed: false,
            opcode,
            mask: None,
            payload_size: payload_size as u64,
        }
    }

    /// Decodes the header that `input` starts with, and says how many bytes it took.
    ///
    /// `None` means that `input` ends inside the header and has no fault so far.
    ///
    /// # Errors
    ///
    /// Each rule that one header alone can break: reserved bits and opcodes, control frames that are fragmented or
    /// too big, lengths that are not in their shortest form.
    #[inline]
    pub fn decode(input: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some((&first, rest)) = input.split_first() else {
            return Ok(None);
        };
        // RFC 6455 5.2: "MUST be 0 unless an extension is negotiated".
        if first & RSV2_RSV3 != 0 {
            return Err(ProtocolError::ReservedBitSet);
        }
        let opcode = Opcode::from_bits(first & OPCODE)?;
        // RFC 6455 5.5: control frames carry at most 125 bytes and are never fragmented.
        if opcode.is_control() && first & FINAL == 0 {
            return Err(ProtocolError::ControlFrameFragmented);
        }
        let Some((&second, rest)) = rest.split_first() else {
            return Ok(None);
        };
        if opcode.is_control() && u64::from(second & LENGTH) > CONTROL_PAYLOAD_SIZE_MAX as u64 {
            return Err(ProtocolError::ControlFrameTooBig);
        }
        let Some((payload_size, rest)) = decode_length(second & LENGTH, rest)? else {
            return Ok(None);
        };
        let Some((mask, rest)) = decode_mask(second & MASKED != 0, rest) else {
            return Ok(None);
        };
        let header = Self {
            is_final: first & FINAL != 0,
            is_compressed: first & RSV1 != 0,
            opcode,
            mask,
            payload_size,
        };
        Ok(Some((header, input.len() - rest.len())))
    }

    /// Writes the header into `output` and says how many bytes it took.
    #[inline]
    pub fn encode(&self, output: &mut [u8; HEADER_SIZE_MAX]) -> usize {
        output[0] = self.opcode.to_bits()
            | if self.is_final { FINAL } else { 0 }
            | if self.is_compressed { RSV1 } else { 0 };
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        let mut size = match self.payload_size {
            length @ 0..=125 => {
                output[1] = masked | length as u8;
                2
            }
            length @ 126..=0xFFFF => {
                output[1] = masked | 126;
                output[2..4].copy_from_slice(&(length as u16).to_be_bytes());
                4
            }
            length => {
                output[1] = masked | 127;
                output[2..10].copy_from_slice(&length.to_be_bytes());
                10
            }
        };
        if let Some(mask) = self.mask {
            output[size..size + 4].copy_from_slice(&mask);
            size += 4;
        }
        size
    }
}

fn decode_length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, ProtocolError> {
    let (length, rest, shortest) = match short {
        126 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from(u16::from_be_bytes(*bytes)), rest, 126),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from_be_bytes(*bytes), rest, 0x1_0000),
            None => return Ok(None),
        },
        _ => (u64::from(short), rest, 0),
    };
    // RFC 6455 5.2: "the minimal number of bytes MUST be used"; the top bit "MUST be 0".
    if length < shortest || length > i64::MAX as u64 {
        return Err(ProtocolError::LengthInvalid);
    }
    Ok(Some((length, rest)))
}

fn decode_mask(is_masked: bool, rest: &[u8]) -> Option<(Option<[u8; 4]>, &[u8])> {
    if !is_masked {
        return Some((None, rest));
    }
    let (mask, rest) = rest.split_first_chunk()?;
    Some((Some(*mask), rest))
}

pub(super) const FINAL: u8 = 0b1000_0000;
const RSV1: u8 = 0b0100_0000;
const RSV2_RSV3: u8 = 0b0011_0000;
const OPCODE: u8 = 0b0000_1111;
pub(super) const MASKED: u8 = 0b1000_0000;
const LENGTH: u8 = 0b0111_1111;
