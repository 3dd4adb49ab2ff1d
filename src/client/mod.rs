//! The client that blocks its thread: a WebSocket over TCP, with TLS where the address asks for it, or over any stream that
//! reads and writes.
//!
//! ```
//! use sockeye::protocol::{CloseCode, Message};
//! use sockeye::{ClientConfig, WebSocket};
//! # use std::io::{Read, Write};
//! # use sockeye::protocol::{handshake, http};
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let address = format!("ws://{}/greetings", listener.local_addr()?);
//! # let server = std::thread::spawn(move || -> std::io::Result<()> {
//! #     let (mut stream, _) = listener.accept()?;
//! #     let mut head = Vec::new();
//! #     while !head.ends_with(b"\r\n\r\n") {
//! #         let mut byte = [0];
//! #         stream.read_exact(&mut byte)?;
//! #         head.push(byte[0]);
//! #     }
//! #     let (request, _) = http::parse_head(&head).unwrap().unwrap();
//! #     let upgrade = handshake::check_upgrade(&request).unwrap();
//! #     let mut answer = Vec::new();
//! #     handshake::encode_switching_protocols(&upgrade, None, &[], &mut answer).unwrap();
//! #     answer.extend_from_slice(b"\x81\x02hi\x88\x02\x03\xE8");
//! #     stream.write_all(&answer)?;
//! #     stream.shutdown(std::net::Shutdown::Write)?;
//! #     stream.read_to_end(&mut head)?;
//! #     Ok(())
//! # });
//!
//! let config = ClientConfig::new(&address)?;
//! let mut socket = WebSocket::connect(&config)?;
//! socket.send("hello")?;
//! while let Some(message) = socket.receive()? {
//!     if let Message::Text(text) = message {
//!         assert_eq!(text, "hi");
//!     }
//! }
//! // The server has closed. Without it: socket.close(CloseCode::NORMAL, "")?;
//! assert_eq!(socket.close_frame().map(|frame| frame.code), Some(CloseCode::NORMAL));
//! # drop(socket);
//! # server.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What to call after what:
//!
//! 1. [`WebSocket::connect`], or [`WebSocket::handshake`] over a stream of your own, such as one that encrypts.
//! 2. [`WebSocket::send`], [`WebSocket::ping`], [`WebSocket::receive`] in any order. Pings are answered while something is
//!    being received, and at no other time.
//! 3. `receive` gives `None` once the server has closed and has been answered. [`WebSocket::close`] closes from our side.
//!
//! One that is dropped without closing ends its stream, and the server sees that as a loss (1006).
//!
//! An error ends the connection, but for [`WebSocketError::TimedOut`] and for what was our caller's fault
//! ([`WebSocketError::Send`]); after it every call answers [`WebSocketError::Closed`].
//!
//! # What it waits for, and how long
//!
//! Over TCP every wait but one has a limit from [`ClientConfig`]: connecting, the handshake, the closing handshake, and a
//! write of which the kernel takes nothing. Receiving waits as long as `read_timeout` says, by default for ever. Resolving
//! a name takes as long as the system's resolver does. Over another stream waits have limits where its [`Controls`] can
//! set them.
//!
//! One thread at a time has the WebSocket: who wants to send while nothing arrives sets `read_timeout`.
//!
//! Both sides can wait for each other: who sends megabytes to a server that sends as many back, and receives nothing
//! meanwhile, fills the kernel's buffers both ways and gets an error after `write_timeout`.

mod clock;
mod config;
mod connect;
mod error;
mod opening;
mod receiving;
#[cfg(feature = "tls")]
mod secure;
mod websocket;
mod wire;

pub use config::{ClientConfig, ClientConfigError, Proxy};
pub use error::{ConnectError, WebSocketError};
pub use websocket::{Incoming, WebSocket};
pub use wire::Controls;
