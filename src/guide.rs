//! The guide: how the engine behaves, chapter by chapter. There is no code here.
//!
//! | chapter | what it answers |
//! |---|---|
//! | [`lifecycle`] | what a handler is called for, in which order, how often |
//! | [`http`] | what a request can become besides a WebSocket: a response, a stream, a reply that comes later |
//! | [`threads`] | what is shared and what is not, how to reach a connection from elsewhere, what must not block |
//! | [`backpressure`] | what happens when a peer is slow, and what a handler can do about it |
//! | [`cost`] | what allocates, what copies, what a publication costs |
#![cfg_attr(
    feature = "deflate",
    doc = "| [`compression`] | compressed messages: which memory buys what, and what not to compress |"
)]
//! | [`endings`] | limits, errors, close codes: how things go wrong and who is told |
//! | [`embedding`] | the engine in a loop of your own |
//! | [`tls`] | certificates, whom to trust, what encryption costs |
//! | [`sans_io`] | the protocol alone, over any stream and with any runtime |
//!
//! The programs in `examples/` show each of these at work, in a hundred lines: `echo`, `chat`, `embed`,
//! `prepared_broadcast` and `sans_io`.

pub mod backpressure;
#[cfg(feature = "deflate")]
pub mod compression;
pub mod cost;
pub mod embedding;
pub mod endings;
pub mod http;
pub mod lifecycle;
pub mod sans_io;
pub mod threads;
pub mod tls;
