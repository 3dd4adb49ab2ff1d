//! The engine's tests, in one binary.

#[cfg(feature = "net")]
mod driver_contract;
mod fuzz_seeds;
#[cfg(feature = "handshake")]
mod head_pieces;
#[cfg(feature = "handshake")]
mod http;
mod http_body;
#[cfg(feature = "handshake")]
mod http_body_limits;
#[cfg(feature = "handshake")]
mod http_body_properties;
#[cfg(feature = "handshake")]
mod http_framing;
#[cfg(feature = "handshake")]
mod http_head;
#[cfg(feature = "handshake")]
mod http_persistence;
#[cfg(feature = "handshake")]
mod http_response;
#[cfg(feature = "net")]
mod loopback;
mod rfc6455;
#[cfg(feature = "net")]
mod simulation;
mod support;
