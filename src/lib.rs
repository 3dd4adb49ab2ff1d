//! A WebSocket engine (RFC 6455), written from scratch: sans-IO at its heart, on thread-per-core event loops, without an
//! async runtime.
//!
//! # A server in five lines
//!
#![cfg_attr(feature = "net", doc = "```no_run")]
#![cfg_attr(not(feature = "net"), doc = "```text")]
//! fn main() -> std::io::Result<()> {
//!     sockeye::serve("127.0.0.1:8000", |connection, message| {
//!         let _closing_or_full = connection.send(message);
//!     })
//! }
//! ```
//!
//! It sends every message back; `connection.subscribe("news")` and `connection.publish("news", message)` make it a
//! broadcast. It takes whoever connects.
//!
//! # A server with a handler
//!
//! A handler of your own decides about requests, keeps a state for each connection, and hears of everything that happens:
//!
#![cfg_attr(feature = "net", doc = "```no_run")]
#![cfg_attr(not(feature = "net"), doc = "```text")]
//! use sockeye::protocol::Message;
//! use sockeye::protocol::http::{Request, Response, Status};
//! use sockeye::{Config, Context, Handler, Reply, RequestContext, Server};
//!
//! struct Rooms;
//!
//! impl Handler for Rooms {
//!     type State = String;   // kept per connection: the room
//!     type Mail = ();        // what workers and other threads tell each other
//!
//!     fn on_request(
//!         &mut self,
//!         _: &mut RequestContext<'_, Self>,
//!         request: &Request<'_>,
//!     ) -> Reply<String> {
//!         match request.path().strip_prefix("/room/") {
//!             Some(room) => Reply::upgrade(room.to_owned()),
//!             None => Response::text(Status::NOT_FOUND, "try /room/NAME\n").into(),
//!         }
//!     }
//!
//!     fn on_open(&mut self, connection: &mut Context<'_, Self>) {
//!         let room = connection.state().clone();
//!         connection.subscribe(room);
//!     }
//!
//!     fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
//!         let room = connection.state().clone();
//!         connection.publish(room, message);
//!     }
//! }
//!
//! fn main() -> std::io::Result<()> {
//!     let mut config = Config::default();
//!     config.message_bytes_max = 64 * 1024;
//!     Server::bind("127.0.0.1:8000", config)?.run(|_worker| Rooms)
//! }
//! ```
//!
//! # How it runs
//!
//! A server starts one thread per worker. A worker owns its connections, its handler and its loop; nothing in it is shared
//! or locked. It calls the handler for what happens and gives it a context, through which the handler queues messages,
//! subscribes and publishes. What was queued leaves at the end of the worker's turn, in one send per connection.
//!
//! - **Messages are lent.** One that arrived whole lies unmasked in the worker's receive buffer; copy it to keep it.
//! - **What blocks a handler blocks its worker.** Do slow work elsewhere, and come back by mail.
//! - **Backpressure is told.** `send` answers how much waits, and refuses past a bound; reading from a connection pauses
//!   while much waits for it.
//! - **A slow subscriber has no queue of its own publications.** It leaves the topic, and is told what it missed.
//! - **Costs.** An idle connection owns no buffer, unless it keeps a context of compression. A message costs no allocation in the steady state. A publication is
//!   encoded once per worker, and each receiver costs a reference to it.
//!
#![cfg_attr(
    feature = "net",
    doc = "The [`guide`] has a chapter for each of these: what is called when, threads, backpressure, costs, limits and errors,"
)]
#![cfg_attr(feature = "net", doc = "your own loop, no loop at all.")]
//!
//! # A client
//!
//! `client` connects, blocks and reads, over TCP or any stream of yours; `WorkerContext::connect` makes connections on a
//! worker's loop, thousands if need be, whose messages arrive at the same handler.
//!
#![cfg_attr(feature = "handshake", doc = "```no_run")]
#![cfg_attr(not(feature = "handshake"), doc = "```text")]
//! let config = sockeye::ClientConfig::new("ws://127.0.0.1:8000/room/kitchen")?;
//! let mut socket = sockeye::WebSocket::connect(&config)?;
//! socket.send("hello")?;
//! while let Some(message) = socket.receive()? {
//!     println!("{message:?}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Without the loop
//!
//! [`protocol`] is the protocol alone: bytes in, events out, over any stream and with any runtime. With
//! `default-features = false` nothing else is built, and the crate has no dependency at all.
//!
//! ```
//! use sockeye::protocol::{Connection, Event, Input, Role};
//!
//! # let mut received = *b"\x81\x82\x01\x02\x03\x04ik";
//! let mut connection = Connection::new(Role::Server, 1024 * 1024);
//! let mut input = Input::new(&mut received);
//! let mut output = Vec::new();
//! while let Some(event) = connection.handle_input(&mut input)? {
//!     if let Event::Message(message) = event {
//!         connection.send(message.as_message(), &mut output)?;
//!     }
//! }
//! # assert_eq!(output, b"\x81\x02hi");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! Each adds and none changes what the others do.
//!
//! | feature | what it adds | dependencies |
//! |---|---|---|
//! | none | frames, messages, the closing handshake | none |
//! | `handshake` | the opening handshake, HTTP/1.1, the client that blocks | `base64`, `getrandom`, `httparse`, `sha1` |
//! | `net`, the default | servers: workers on epoll, so on Linux | and `crossbeam-channel`, `mio`, `slab`, `socket2` |
//! | `deflate` | compressed messages: permessage-deflate | those of `handshake`, and `zlib-rs` |
//! | `uring` | a second driver, on io_uring, to choose with `Config` | those of `net`, and `io-uring`, `libc` |
//! | `tls` | `wss://` for the client that blocks and, with `net`, for servers and for clients on workers | those of `handshake`, and `rustls` without a provider |
//!
//! # Map
//!
//! | module | what it is |
//! |---|---|
#![cfg_attr(feature = "net", doc = "| [`guide`] | how the engine behaves, chapter by chapter |")]
#![cfg_attr(
    feature = "net",
    doc = "| [`handler`] | what an embedder writes, and what it is called with |"
)]
//! | [`protocol`] | frames, messages, the closing handshake; with feature `handshake` also HTTP and the opening one |
#![cfg_attr(
    feature = "handshake",
    doc = "| [`client`] | a WebSocket over any stream that reads and writes, blocking |"
)]
#![cfg_attr(
    feature = "handshake",
    doc = "| [`random`] | bytes that nobody can predict, for masking |"
)]
#![cfg_attr(
    feature = "net",
    doc = "| [`worker`] | one thread's loop, to be driven by [`Server`] or by your own loop |"
)]
#![cfg_attr(
    feature = "net",
    doc = "| [`driver`] | what moves bytes: epoll, io_uring, or a simulation |"
)]
#![cfg_attr(feature = "tls", doc = "| [`tls`] | certificates, and whom to trust |")]
#![cfg_attr(feature = "net", doc = "| [`buffer`] | what drivers and workers hand each other |")]
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
pub mod guide;
#[cfg(feature = "net")]
pub mod handler;
#[cfg(feature = "handshake")]
pub mod random;
#[cfg(feature = "net")]
mod serve;
#[cfg(feature = "net")]
mod server;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "net")]
pub mod worker;

#[cfg(feature = "handshake")]
pub use client::{ClientConfig, WebSocket};
#[cfg(feature = "net")]
pub use config::{Config, ConfigError, DriverKind, WhenFull};
#[cfg(feature = "net")]
pub use handler::{Context, Handler, Reply, RequestContext, WorkerContext};
#[cfg(feature = "net")]
pub use serve::{OnMessage, serve};
#[cfg(feature = "net")]
pub use server::{Running, Server};
#[cfg(feature = "net")]
pub use worker::{ConnectionId, Remote, RemoteError, WorkerId};

/// The README's programs compile.
#[cfg(all(doctest, feature = "net"))]
#[doc = include_str!("../README.md")]
struct Readme;
