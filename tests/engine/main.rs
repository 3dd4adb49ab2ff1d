//! The engine's tests, in one binary.

#[cfg(feature = "net")]
mod accepted;
#[cfg(feature = "handshake")]
mod client;
#[cfg(feature = "net")]
mod connecting;
#[cfg(feature = "net")]
mod driver_contract;
mod fuzz_seeds;
#[cfg(feature = "handshake")]
mod head_pieces;
#[cfg(feature = "net")]
mod http;
#[cfg(feature = "net")]
mod loopback;
#[cfg(feature = "net")]
mod promptness;
mod rfc6455;
#[cfg(feature = "deflate")]
mod rfc7692;
#[cfg(feature = "handshake")]
mod rfc9112;
#[cfg(feature = "net")]
mod sent_on;
#[cfg(feature = "net")]
mod simulation;
mod support;
#[cfg(feature = "net")]
mod system_calls;
#[cfg(all(feature = "net", feature = "tls"))]
mod tls;
