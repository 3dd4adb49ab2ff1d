//! Every bound of the engine, in one place, with how they relate.

/// Bytes of the longest frame header: two, eight of extended length, four of masking key (RFC 6455 section 5.2).
pub const HEADER_SIZE_MAX: usize = 2 + 8 + 4;

/// Bytes of payload that a control frame may carry (RFC 6455 section 5.5).
pub const CONTROL_PAYLOAD_SIZE_MAX: usize = 125;

/// Bytes of a frame that must still be missing before they are received straight into the message's own buffer.
/// Below, the copy from the shared receive buffer costs less than another read.
pub const FILL_SIZE_MIN: usize = 16 * 1024;

/// Bytes of a message that must have arrived before memory is set aside for all of the rest. A frame's length is
/// only a claim, and a peer that makes it pays with this much of its own.
pub const FILL_TRUST_SIZE: usize = 64 * 1024;

const _: () = assert!(FILL_SIZE_MIN <= FILL_TRUST_SIZE);

/// Bytes of a worker's shared receive buffer: what one read can bring.
pub const RECEIVE_SIZE: usize = 64 * 1024;

/// Connections accepted in one tick, so that a flood of them leaves time for those that exist.
pub const ACCEPTS_PER_TICK_MAX: usize = 64;
