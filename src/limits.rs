//! Every bound of the engine, in one place, with how they relate.

/// Bytes of the longest frame header: two, eight of extended length, four of masking key (RFC 6455 section 5.2).
pub const HEADER_SIZE_MAX: usize = 2 + 8 + 4;

/// Bytes of payload that a control frame may carry (RFC 6455 section 5.5).
pub const CONTROL_PAYLOAD_SIZE_MAX: usize = 125;
