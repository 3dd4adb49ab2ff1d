//! Every way to unmask, compared with a byte loop at every size, alignment and offset.

use super::{apply_mask, apply_mask_portable, apply_to_many};

/// RFC 6455 section 5.3, word for word.
fn apply_mask_naive(payload: &mut [u8], key: [u8; 4], offset: usize) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[(offset + index) % 4];
    }
}

type Implementation = fn(&mut [u8], [u8; 4], usize);

/// Every way to mask, the vector path also for sizes at which `apply_mask` would not choose it.
const IMPLEMENTATIONS: [(&str, Implementation); 3] = [
    ("chosen by size", apply_mask),
    ("portable", apply_mask_portable),
    ("vector", |payload, key, offset| apply_to_many(payload, super::turn(key, offset))),
];

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Bytes in which neighbours, and bytes a power of two apart, differ.
fn sample(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index * 7 + index / 256) as u8).collect()
}

/// A buffer whose first byte lies on a 64-byte boundary.
#[repr(align(64))]
struct Aligned([u8; 8192]);

fn assert_masks_like_naive(size: usize, alignment: usize, offset: usize) {
    let original = sample(size);
    let mut expected = original.clone();
    apply_mask_naive(&mut expected, KEY, offset);

    for (name, apply) in IMPLEMENTATIONS {
        let mut buffer = Aligned([0xA5; 8192]);
        let range = alignment..alignment + size;
        buffer.0[range.clone()].copy_from_slice(&original);
        apply(&mut buffer.0[range.clone()], KEY, offset);
        let context = format_args!("{name}: size {size}, alignment {alignment}, offset {offset}");
        assert_eq!(buffer.0[range.clone()], expected, "{context}");
        let before = &buffer.0[..range.start];
        let after = &buffer.0[range.end..range.end + 64];
        assert_eq!(before, &[0xA5; 64][..alignment], "{context}: wrote before the payload");
        assert_eq!(after, [0xA5; 64], "{context}: wrote behind the payload");
    }
}

#[test]
fn every_implementation_agrees_with_a_byte_loop_at_every_small_size_alignment_and_offset() {
    for size in 0..=300 {
        for alignment in 0..8 {
            for offset in 0..4 {
                assert_masks_like_naive(size, alignment, offset);
            }
        }
    }
}

#[test]
fn every_implementation_agrees_with_a_byte_loop_where_stores_are_aligned() {
    for size in (1020..=1060).chain(2040..=2056).chain([4096, 8000]) {
        for alignment in 0..64 {
            assert_masks_like_naive(size, alignment, alignment % 4);
        }
    }
}

#[test]
fn a_payload_masked_in_two_pieces_is_the_payload_masked_whole() {
    for size in [1, 3, 4, 31, 125, 255, 256, 257, 300, 1500] {
        let mut whole = sample(size);
        apply_mask_naive(&mut whole, KEY, 0);
        for (name, apply) in IMPLEMENTATIONS {
            for cut in 0..=size {
                let mut payload = sample(size);
                let (first, second) = payload.split_at_mut(cut);
                apply(first, KEY, 0);
                apply(second, KEY, cut);
                assert_eq!(payload, whole, "{name}: size {size}, cut at {cut}");
            }
        }
    }
}

#[test]
fn a_payload_masked_byte_by_byte_is_the_payload_masked_whole() {
    let mut whole = sample(300);
    apply_mask_naive(&mut whole, KEY, 0);
    for (name, apply) in IMPLEMENTATIONS {
        let mut payload = sample(300);
        for (offset, byte) in payload.chunks_mut(1).enumerate() {
            apply(byte, KEY, offset);
        }
        assert_eq!(payload, whole, "{name}");
    }
}

#[test]
fn masking_twice_gives_the_payload_back() {
    for (name, apply) in IMPLEMENTATIONS {
        let mut payload = sample(1500);
        apply(&mut payload, KEY, 5);
        apply(&mut payload, KEY, 5);
        assert_eq!(payload, sample(1500), "{name}");
    }
}

#[test]
fn an_offset_at_the_end_of_the_address_space_does_not_overflow() {
    for (name, apply) in IMPLEMENTATIONS {
        let mut payload = [0; 4];
        apply(&mut payload, KEY, usize::MAX);
        assert_eq!(payload, [KEY[3], KEY[0], KEY[1], KEY[2]], "{name}");
    }
}

#[test]
fn the_masked_hello_of_rfc_6455_section_5_7_unmasks_to_hello() {
    let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
    apply_mask(&mut payload, KEY, 0);
    assert_eq!(&payload, b"Hello");
}
