//! TLS, by rustls: what encrypts between the driver and the protocol; feature `tls`.
//!
//! The engine brings no cryptography of its own and chooses none: whoever makes the configurations passes a *provider*,
//! such as `rustls::crypto::ring::default_provider()`.
//!
//! ```text
//!   driver ─ records ─► Session ─ plaintext ─► protocol … send queue ─ plaintext, 64 KiB at a time ─► Session ─ records ─► driver
//! ```
//!
//! Send queues hold plaintext, which subscribers share; a batch of it is encrypted when it can leave, and the next when
//! that one has left. Between two reads a session keeps the part of a record that has arrived, and nothing when idle.
//!
//! TLS 1.2 and 1.3 are spoken, by the rules of rustls: no renegotiation, no compression, no early data, and only ciphers
//! that keep what was said a secret when a key leaks later.

mod client;
mod error;
mod files;
mod identity;
#[cfg(feature = "net")]
mod records;
mod server;
#[cfg(feature = "net")]
mod session;

pub use client::TlsClient;
pub(crate) use client::server_name;
pub use error::TlsError;
pub use files::{MakeTicketer, TlsFiles};
pub use identity::TlsIdentity;
pub use server::TlsServer;
#[cfg(feature = "net")]
pub(crate) use session::{Fault, Session};

pub use rustls;

/// RFC 7301 6: what a WebSocket over TLS begins with.
const ALPN: &[u8] = b"http/1.1";
