//! Section 5.2, the base framing protocol, and what section 5.5 says about the headers of control frames.

use sockeye::limits::HEADER_SIZE_MAX;
use sockeye::protocol::{FrameHeader, Opcode, ProtocolError};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const OPCODES: [Opcode; 6] =
    [Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong];

/// The header and its size; panics where `bytes` is not a whole header.
fn decode(bytes: &[u8]) -> (FrameHeader, usize) {
    let decoded = FrameHeader::decode(bytes).expect("the header follows the rules");
    decoded.expect("the header is whole")
}

fn encode(header: &FrameHeader) -> Vec<u8> {
    let mut output = [0; HEADER_SIZE_MAX];
    let size = header.encode(&mut output);
    output[..size].to_vec()
}

/// A header in each length form, each with and without a key, and every combination of flags a header may have.
fn valid_headers() -> Vec<FrameHeader> {
    let sizes = [0, 1, 125, 126, 127, 0xFFFE, 0xFFFF, 0x1_0000, 0x1_0001, i64::MAX as u64];
    let mut headers = Vec::new();
    for opcode in OPCODES {
        for payload_size in sizes {
            for mask in [None, Some(KEY)] {
                for (is_final, is_compressed) in
                    [(true, false), (true, true), (false, false), (false, true)]
                {
                    if !opcode.is_control() || (is_final && payload_size <= 125) {
                        headers.push(FrameHeader {
                            is_final,
                            is_compressed,
                            opcode,
                            mask,
                            payload_size,
                        });
                    }
                }
            }
        }
    }
    headers
}

#[test]
fn every_header_survives_encoding_and_decoding() {
    for header in valid_headers() {
        let encoded = encode(&header);
        assert_eq!(decode(&encoded), (header, encoded.len()));
    }
}

#[test]
fn bytes_behind_the_header_are_left_alone() {
    for header in valid_headers() {
        let encoded = encode(&header);
        let with_payload = [&encoded[..], &[0xFF; 20]].concat();
        assert_eq!(decode(&with_payload), (header, encoded.len()));
    }
}

#[test]
fn every_truncated_header_asks_for_more_bytes() {
    for header in valid_headers() {
        let encoded = encode(&header);
        for size in 0..encoded.len() {
            assert_eq!(FrameHeader::decode(&encoded[..size]), Ok(None), "{header:?} at {size}");
        }
    }
}

#[test]
fn the_examples_of_section_5_7_decode_as_the_rfc_says() {
    let hello = FrameHeader::new(Opcode::Text, 5);
    assert_eq!(decode(&[0x81, 0x05]), (hello, 2));
    let masked = FrameHeader { mask: Some(KEY), ..hello };
    assert_eq!(decode(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d]), (masked, 6));
    let first = FrameHeader { is_final: false, payload_size: 3, ..hello };
    assert_eq!(decode(&[0x01, 0x03]), (first, 2));
    assert_eq!(decode(&[0x80, 0x02]), (FrameHeader::new(Opcode::Continuation, 2), 2));
    assert_eq!(decode(&[0x89, 0x05]), (FrameHeader::new(Opcode::Ping, 5), 2));
    assert_eq!(decode(&[0x82, 0x7E, 0x01, 0x00]), (FrameHeader::new(Opcode::Binary, 256), 4));
    let large = [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0];
    assert_eq!(decode(&large), (FrameHeader::new(Opcode::Binary, 65_536), 10));
}

#[test]
fn encoding_uses_the_shortest_length_form() {
    for (payload_size, size) in
        [(0, 2), (125, 2), (126, 4), (0xFFFF, 4), (0x1_0000, 10), (i64::MAX as usize, 10)]
    {
        let header = FrameHeader::new(Opcode::Binary, payload_size);
        assert_eq!(encode(&header).len(), size, "{payload_size}");
        let masked = FrameHeader { mask: Some(KEY), ..header };
        assert_eq!(encode(&masked).len(), size + 4, "{payload_size}, masked");
    }
}

#[test]
fn a_sixteen_bit_length_that_fits_into_seven_bits_is_refused() {
    for length in 0..=125_u16 {
        let header = [&[0x82, 126][..], &length.to_be_bytes()].concat();
        assert_eq!(FrameHeader::decode(&header), Err(ProtocolError::LengthInvalid), "{length}");
    }
    assert_eq!(decode(&[0x82, 126, 0, 126]).0.payload_size, 126);
}

#[test]
fn a_sixty_four_bit_length_that_fits_into_sixteen_bits_is_refused() {
    for length in [0, 1, 125, 126, 127, 0xFFFE, 0xFFFF_u64] {
        let header = [&[0x82, 127][..], &length.to_be_bytes()].concat();
        assert_eq!(FrameHeader::decode(&header), Err(ProtocolError::LengthInvalid), "{length}");
    }
    assert_eq!(decode(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]).0.payload_size, 0x1_0000);
}

#[test]
fn a_length_with_its_top_bit_set_is_refused() {
    for length in [1 << 63, (1 << 63) | 0x1_0000, u64::MAX] {
        let header = [&[0x82, 127][..], &length.to_be_bytes()].concat();
        assert_eq!(FrameHeader::decode(&header), Err(ProtocolError::LengthInvalid), "{length}");
    }
}

#[test]
fn a_wrong_length_is_refused_before_the_masking_key_has_arrived() {
    let header = [0x82, 0x80 | 126, 0, 125];
    assert_eq!(FrameHeader::decode(&header), Err(ProtocolError::LengthInvalid));
}

#[test]
fn reserved_bits_two_and_three_are_refused_with_the_first_byte() {
    for bits in [0x10, 0x20, 0x30] {
        for opcode in OPCODES {
            let first = 0x80 | bits | opcode.to_bits();
            let expected = Err(ProtocolError::ReservedBitSet);
            assert_eq!(FrameHeader::decode(&[first]), expected, "{first:#04x}");
        }
    }
}

#[test]
fn reserved_bit_one_is_passed_on_as_compressed() {
    assert!(decode(&[0xC1, 0x00]).0.is_compressed);
    assert!(!decode(&[0x81, 0x00]).0.is_compressed);
}

#[test]
fn reserved_opcodes_are_refused_with_the_first_byte() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        for first in [opcode, 0x80 | opcode] {
            let expected = Err(ProtocolError::ReservedOpcode);
            assert_eq!(FrameHeader::decode(&[first]), expected, "{first:#04x}");
        }
    }
}

#[test]
fn the_six_opcodes_of_the_rfc_keep_their_bits() {
    let bits = OPCODES.map(Opcode::to_bits);
    assert_eq!(bits, [0x0, 0x1, 0x2, 0x8, 0x9, 0xA]);
    assert_eq!(bits.map(Opcode::from_bits), OPCODES.map(Ok));
}

#[test]
fn a_fragmented_control_frame_is_refused_with_the_first_byte() {
    for opcode in [0x8, 0x9, 0xA] {
        let expected = Err(ProtocolError::ControlFrameFragmented);
        assert_eq!(FrameHeader::decode(&[opcode]), expected, "{opcode:#x}");
    }
}

#[test]
fn a_control_frame_over_125_bytes_is_refused_with_the_second_byte() {
    for first in [0x88, 0x89, 0x8A] {
        for second in [126, 127, 0x80 | 126, 0x80 | 127] {
            let expected = Err(ProtocolError::ControlFrameTooBig);
            assert_eq!(FrameHeader::decode(&[first, second]), expected, "{first:#x} {second}");
        }
        assert_eq!(decode(&[first, 125]).0.payload_size, 125);
    }
}
