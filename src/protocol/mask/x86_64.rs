//! Masking with AVX2, where the processor has it: the portable loop, compiled for 32-byte registers.
//!
//! Written as ordinary Rust, because the compiler makes of it what intrinsics would say: four registers a turn.
//! AVX-512 is left out on purpose: it gains nothing below 16 KiB.

use super::{portable, turn};
use std::arch::is_x86_feature_detected;

/// Masks `payload`, whose first byte meets `key[0]`. `false`: this processor has no AVX2, and nothing was done.
pub(super) fn apply(payload: &mut [u8], key: [u8; 4]) -> bool {
    if !is_x86_feature_detected!("avx2") {
        return false;
    }
    // SAFETY: the processor has AVX2, which is all that `apply_avx2` asks for.
    unsafe { apply_avx2(payload, key) };
    true
}

#[target_feature(enable = "avx2")]
fn apply_avx2(payload: &mut [u8], key: [u8; 4]) {
    if payload.len() < ALIGNED_SIZE_MIN {
        portable::apply(payload, key);
        return;
    }
    // A payload starts wherever its header ended. Unaligned, every second store would touch two cache lines.
    let head_size = payload.as_ptr().align_offset(REGISTER_SIZE);
    let Some((head, body)) = payload.split_at_mut_checked(head_size) else {
        portable::apply(payload, key);
        return;
    };
    portable::apply(head, key);
    portable::apply(body, turn(key, head_size));
}

const REGISTER_SIZE: usize = 32;

/// From this size on aligned stores gain more than masking the unaligned head apart costs.
const ALIGNED_SIZE_MIN: usize = 1024;
