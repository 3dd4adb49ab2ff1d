//! Every bound of the dialects.

/// Bytes of what a dialect has put into each delivery to one subscription ([`crate::Fill::Tag`]).
pub const TAG_SIZE_MAX: usize = 256;

/// Bytes that are made for one delivery ([`crate::Fill::PerDelivery`]).
pub const PER_DELIVERY_SIZE_MAX: usize = 20;

/// Bytes of the name and of the version of a client's program that are worth keeping.
pub const CLIENT_NAME_SIZE_MAX: usize = 64;

/// Memory that an empty [`crate::Encoded`] keeps. Beyond it, what a large message took is given back.
pub const ENCODED_KEPT_SIZE_MAX: usize = 64 * 1024;

/// How deep JSON may be nested that is given on to others: many readers take 128 levels at most, and what it is given on in
/// has some of them.
pub const JSON_DEPTH_MAX: usize = 120;

/// Attachments of one packet of Socket.IO: as many as its own parser takes.
pub const SOCKET_IO_ATTACHMENTS_MAX: usize = 10;
/// Bytes of a packet that has attachments, with them.
pub const SOCKET_IO_PACKET_SIZE_MAX: usize = 1024 * 1024;
/// Namespaces of Socket.IO that a client is in.
pub const SOCKET_IO_NAMESPACES_MAX: usize = 16;
/// Rooms of one namespace that a client has joined.
pub const SOCKET_IO_ROOMS_MAX: usize = 256;

/// Headers of one frame of STOMP.
pub const STOMP_HEADERS_MAX: usize = 32;
/// Bytes of a line before the body of a frame of STOMP, with its end.
pub const STOMP_LINE_SIZE_MAX: usize = 4096;
/// Subscriptions of one client of STOMP.
pub const STOMP_SUBSCRIPTIONS_MAX: usize = 256;
/// Receipts that a client of STOMP awaits.
pub const STOMP_RECEIPTS_MAX: usize = 256;
/// Bytes of the name of a receipt.
pub const STOMP_RECEIPT_SIZE_MAX: usize = 256;
