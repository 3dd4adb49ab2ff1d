//! A WebSocket engine (RFC 6455), written from scratch.

pub mod limits;
pub mod protocol;

#[cfg(feature = "net")]
pub mod buffer;
#[cfg(feature = "net")]
pub mod driver;
