//! Masking against a byte loop, in any pieces: four bytes of key, one of offset, cuts, payload.

use super::pieces::Cuts;
use sockeye::protocol::{apply_mask, apply_mask_portable};

/// Checks that masking piece by piece, by either implementation, is masking byte by byte, and undoes itself.
pub fn check(input: &[u8]) {
    let Some((&key, rest)) = input.split_first_chunk::<4>() else {
        return;
    };
    let Some((&offset, rest)) = rest.split_first() else {
        return;
    };
    let offset = usize::from(offset);
    let (cuts, payload) = Cuts::read(rest);

    let expected = mask_byte_by_byte(payload, key, offset);
    for apply in [apply_mask, apply_mask_portable] {
        let mut masked = payload.to_vec();
        for range in cuts.ranges(payload.len()) {
            let already = offset + range.start;
            apply(&mut masked[range], key, already);
        }
        assert!(masked == expected, "masking in pieces differs");

        apply(&mut masked, key, offset);
        assert!(masked == payload, "masking twice does not give the payload back");
    }
}

fn mask_byte_by_byte(payload: &[u8], key: [u8; 4], offset: usize) -> Vec<u8> {
    let masked = payload.iter().enumerate();
    masked.map(|(index, byte)| byte ^ key[(offset + index) % 4]).collect()
}
