//! Masking, RFC 6455 section 5.3.

/// Masks or unmasks `payload`, of whose frame `offset` bytes went before.
pub fn apply_mask(payload: &mut [u8], key: [u8; 4], offset: usize) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[(offset + index) % 4];
    }
}
