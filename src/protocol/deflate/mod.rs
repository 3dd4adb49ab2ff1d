//! permessage-deflate, RFC 7692: messages that are compressed one by one.
//!
//! ```text
//!   client                                     server
//!   DeflateConfig::offer ───── request ─────►  DeflateConfig::accept
//!   DeflateConfig::check_answer ◄── 101 ─────  its answer
//!         │                                        │
//!         └── Connection::with_deflate ────────────┘
//! ```
//!
//! What costs memory is kept apart from connections: a [`Compressor`] and an [`Inflater`], some 430 KiB, serve all connections
//! of a thread, and nothing of a message stays in them. What a connection keeps between two messages is its *window*, and
//! that only where both sides agreed on context takeover (RFC 7692 section 7.1.1): the last bytes that were sent, or
//! received, to which the next message may refer. Before a message that window is read again, which costs a few
//! microseconds for one of 4 KiB, and makes a connection with takeover cost some kilobytes instead of hundreds.
//!
//! A received message is inflated when all of it is there, up to the bound of the inflated size and never beyond.

mod agreement;
mod budget;
mod compressor;
mod config;
mod context;
#[cfg(feature = "net")]
mod frames;
mod inflater;
mod window;

pub use agreement::Agreement;
pub use budget::Budget;
pub use compressor::Compressor;
pub use config::{DeflateConfig, DeflateConfigError, DeflateMode};
pub use inflater::Inflater;

#[cfg(feature = "net")]
pub(crate) use compressor::Shape;
pub(crate) use context::Context;
#[cfg(feature = "net")]
pub(crate) use frames::compress_frames;

/// The name under which the extension is registered (RFC 7692 section 9.1).
pub const EXTENSION_NAME: &str = "permessage-deflate";

/// The smallest window, as a power of two, with which we compress: zlib has none of 256 bytes, which RFC 7692 would allow.
pub const WINDOW_BITS_MIN: u8 = 9;

/// The largest window that there is in DEFLATE, as a power of two: 32 KiB.
pub const WINDOW_BITS_MAX: u8 = 15;
