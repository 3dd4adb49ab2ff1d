//! Masking on any processor: eight bytes at a time. Also the twin that the vector paths are tested against, and the
//! loop that they compile again with wider registers.

/// Masks `payload`, whose first byte meets `key[0]`.
#[inline(always)]
pub(super) fn apply(payload: &mut [u8], key: [u8; 4]) {
    let key = u32::from_ne_bytes(key);
    let word_key = u64::from(key) << 32 | u64::from(key);
    let (words, rest) = payload.as_chunks_mut();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ word_key).to_ne_bytes();
    }
    // At most seven bytes are left: half a word first, so that the loop by bytes runs three times at most.
    let (halves, rest) = rest.as_chunks_mut();
    for half in halves {
        *half = (u32::from_ne_bytes(*half) ^ key).to_ne_bytes();
    }
    for (byte, key_byte) in rest.iter_mut().zip(key.to_ne_bytes()) {
        *byte ^= key_byte;
    }
}
