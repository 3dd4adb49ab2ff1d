//! Compressed messages: permessage-deflate, RFC 7692, with feature `deflate`.
//!
//! It is off unless [`Config::deflate`] says otherwise, and then for those clients that offer it; browsers do. A connection
//! that this engine makes offers it if [`ClientConfig::deflate`] says so.
//!
//! ```
//! use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
//!
//! let mut config = sockeye::Config::default();
//! config.deflate = DeflateConfig::new(DeflateMode::Shared);
//! assert_eq!(config.check(), Ok(()));
//! ```
//!
//! | mode | what a message may refer to | memory of a connection | JSON of 1 KiB |
//! |---|---|---|---|
//! | [`Off`] | | none | 1 KiB |
//! | [`Shared`] | itself | none | 430 B, 6 µs |
//! | [`Dedicated`] with 8 KiB | the last 4 KiB in its direction | at most 8 KiB | 290 B, 9 µs |
//! | [`Dedicated`] with 512 KiB | the last 32 KiB | at most 512 KiB | 280 B, 2 µs |
//!
//! [`Budget`] says what a number of bytes buys. What compresses and inflates is the worker's, some 430 KiB.
//!
//! - **Handlers see nothing of it.** Messages arrive inflated, and what is sent is compressed on its way, unless it is smaller
//!   than [`DeflateConfig::threshold_bytes`] or would not become smaller.
//! - **A publication is compressed once** for all subscribers of a worker that take it with the same of three windows (512 bytes,
//!   4 KiB, 32 KiB). It refers to nothing before it, also
//!   for connections with a context of their own.
//! - **What must not be compressed** is sent with [`send_uncompressed`], or published as [`Prepared::uncompressed`]: images,
//!   which are compressed already, and secrets beside what an attacker can choose, whose size would tell about them.
//! - **A message is inflated when it is whole**, up to [`DeflateConfig::inflated_bytes_max`], which is
//!   [`Config::message_bytes_max`] unless you choose. Past that the connection closes with 1009, and no more is inflated.
//!
//! [`Budget`]: crate::protocol::deflate::Budget
//! [`ClientConfig::deflate`]: crate::ClientConfig::deflate
//! [`Config::deflate`]: crate::Config::deflate
//! [`Config::message_bytes_max`]: crate::Config::message_bytes_max
//! [`Dedicated`]: crate::protocol::deflate::DeflateMode::Dedicated
//! [`DeflateConfig::inflated_bytes_max`]: crate::protocol::deflate::DeflateConfig::inflated_bytes_max
//! [`DeflateConfig::threshold_bytes`]: crate::protocol::deflate::DeflateConfig::threshold_bytes
//! [`Off`]: crate::protocol::deflate::DeflateMode::Off
//! [`Prepared::uncompressed`]: crate::protocol::Prepared::uncompressed
//! [`Shared`]: crate::protocol::deflate::DeflateMode::Shared
//! [`send_uncompressed`]: crate::Context::send_uncompressed
