//! The proof that a server read a WebSocket request and no other, RFC 6455 section 1.3.

use base64::Engine;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};

/// The value of `Sec-WebSocket-Accept` that answers this `Sec-WebSocket-Key`.
#[must_use]
pub fn accept_key(key: &[u8]) -> [u8; ACCEPT_SIZE] {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    let mut accept = [0; ACCEPT_SIZE];
    let size = BASE64_STANDARD.encode_slice(hash, &mut accept);
    assert_eq!(size, Ok(ACCEPT_SIZE), "a SHA-1 is 28 characters of base64");
    accept
}

/// The value of `Sec-WebSocket-Key` for these random bytes.
pub(super) fn encode_key(nonce: [u8; NONCE_SIZE]) -> String {
    BASE64_STANDARD.encode(nonce)
}

/// Whether this is base64 of 16 bytes (RFC 6455 section 4.2.1).
pub(super) fn is_key(value: &[u8]) -> bool {
    // Two bytes more than needed: decoding may ask for room in whole groups of three.
    let mut nonce = [0; NONCE_SIZE + 2];
    BASE64_LENIENT.decode_slice(value, &mut nonce) == Ok(NONCE_SIZE)
}

/// A key's last digit has four bits that mean nothing. Clients that draw 22 random digits set them, so they may be set.
const BASE64_LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const NONCE_SIZE: usize = 16;
const ACCEPT_SIZE: usize = 28;
