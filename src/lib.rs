//! A WebSocket engine (RFC 6455), written from scratch: sans-IO at its heart, on thread-per-core event loops, without an
//! async runtime.
//!
//! # A server
//!
#![cfg_attr(feature = "net", doc = "```no_run")]
#![cfg_attr(not(feature = "net"), doc = "```text")]
//! use sockeye::protocol::{Message, http::Request};
//! use sockeye::{Config, Context, Handler, Reply, RequestContext, Server};
//!
//! struct Echo;
//!
//! impl Handler for Echo {
//!     type State = ();
//!     type Mail = ();
//!
//!     fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
//!         Reply::upgrade(())
//!     }
//!
//!     fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
//!         let _closing_or_full = connection.send(message);
//!     }
//! }
//!
//! fn main() -> std::io::Result<()> {
//!     Server::bind("127.0.0.1:8000", Config::default())?.run(|_worker| Echo)
//! }
//! ```
//!
//! # How it runs
//!
//! [`Server::start`] makes one thread per worker. A worker owns its connections, its handler and its loop; nothing in it
//! is shared or locked. It calls the [`Handler`] for what happens and gives it a [`Context`], through which the handler
//! queues messages, subscribes and publishes. What was queued leaves at the end of the worker's turn, in one send per
//! connection.
//!
//! - **Messages are lent.** One that arrived whole lies unmasked in the worker's receive buffer; copy it to keep it.
//! - **What blocks a handler blocks its worker.** Do slow work elsewhere and come back with [`Remote::mail`] or
//!   [`Remote::send`].
//! - **Backpressure is told.** [`Context::send`] answers how much waits; past [`Config::send_queue_bytes_max`] it refuses,
//!   and by default the connection closes with 1013. Reading from a connection pauses while its backlog is over
//!   [`Config::read_pause_bytes`].
//! - **A slow subscriber has no queue of its own publications.** Past [`Config::lag_bytes`] it leaves the topic and [`Handler::on_lag`] says
//!   what it missed.
//! - **Costs.** An idle connection owns no buffer. A message costs no allocation in the steady state. A publication is
//!   encoded once per worker, and each receiver costs a reference to it.
//!
//! # Without the loop
//!
//! [`protocol`] is the protocol alone: bytes in, events out, over any stream and with any runtime. With
//! `default-features = false` nothing else is built, and the crate has no dependency at all.
//!
//! # Map
//!
//! | module | what it is |
//! |---|---|
//! | [`protocol`] | frames, messages, the closing handshake; with feature `handshake` also [`protocol::http`] and [`protocol::handshake`] |
//! | [`client`] | a client that blocks its thread, over TCP or any other stream; feature `handshake` |
//! | [`random`] | masking keys that nobody can predict; feature `handshake` |
//! | [`handler`] | what an embedder writes, and what it is called with |
//! | [`worker`] | one thread's loop, to be driven by [`Server`] or by your own loop |
//! | [`driver`] | what moves bytes: epoll, or a simulation |
//! | [`buffer`] | what drivers and workers hand each other |
//! | [`limits`] | every bound |

pub mod limits;
pub mod protocol;

#[cfg(feature = "net")]
pub mod buffer;
#[cfg(feature = "handshake")]
pub mod client;
#[cfg(feature = "net")]
mod config;
#[cfg(feature = "net")]
pub mod driver;
#[cfg(feature = "net")]
pub mod handler;
#[cfg(feature = "handshake")]
pub mod random;
#[cfg(feature = "net")]
mod serve;
#[cfg(feature = "net")]
mod server;
#[cfg(feature = "net")]
pub mod worker;

#[cfg(feature = "handshake")]
pub use client::{ClientConfig, WebSocket};
#[cfg(feature = "net")]
pub use config::{Config, ConfigError, WhenFull};
#[cfg(feature = "net")]
pub use handler::{Context, Handler, Reply, RequestContext, WorkerContext};
#[cfg(feature = "net")]
pub use serve::{OnMessage, serve};
#[cfg(feature = "net")]
pub use server::{Running, Server};
#[cfg(feature = "net")]
pub use worker::{ConnectionId, Remote, RemoteError, WorkerId};
