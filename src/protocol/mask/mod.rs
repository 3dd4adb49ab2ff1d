//! Masking, RFC 6455 section 5.3: byte `i` of a frame's payload is XORed with byte `i % 4` of its key. Doing it twice
//! undoes it, so clients mask and servers unmask with the same function.
//!
//! ```text
//!                     ┌─ under 256 bytes, inlined ─────────────────► portable
//!  apply_mask ────────┤
//!                     └─ from there on ─┬─ x86-64 with AVX2 ───────► x86_64
//!                                       └─ any other processor ────► portable
//! ```

mod portable;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86_64;

/// Masks or unmasks `payload` in place. `offset` is how many bytes of the same frame went before it, so that a frame
/// can be unmasked piece by piece as it arrives.
#[inline]
pub fn apply_mask(payload: &mut [u8], key: [u8; 4], offset: usize) {
    let key = turn(key, offset);
    if payload.len() < VECTOR_SIZE_MIN {
        portable::apply(payload, key);
    } else {
        apply_to_many(payload, key);
    }
}

/// What [`apply_mask`] does where there are no vector instructions: public for benches and fuzz targets only.
#[doc(hidden)]
pub fn apply_mask_portable(payload: &mut [u8], key: [u8; 4], offset: usize) {
    portable::apply(payload, turn(key, offset));
}

#[inline(never)]
fn apply_to_many(payload: &mut [u8], key: [u8; 4]) {
    #[cfg(target_arch = "x86_64")]
    if x86_64::apply(payload, key) {
        return;
    }
    portable::apply(payload, key);
}

/// The key as a payload meets it that starts `offset` bytes into its frame.
#[inline]
fn turn(key: [u8; 4], offset: usize) -> [u8; 4] {
    let bits = 8 * (offset % 4) as u32;
    u32::from_le_bytes(key).rotate_right(bits).to_le_bytes()
}

/// From this size on AVX2 is worth the call and the look at what the processor can do. Measured:
/// `docs/decisions/0001-masking-and-utf8.md`.
const VECTOR_SIZE_MIN: usize = 256;
