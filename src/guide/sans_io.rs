//! The protocol alone, over any stream and with any runtime.
//!
//! [`protocol`] is bytes in, events out. It opens no socket, reads no clock, starts no thread and takes no lock; whoever
//! uses it moves the bytes and keeps the time. `default-features = false` builds the frames without any dependency;
//! feature `handshake` adds the opening handshake.
//!
//! What to call after what, as a server:
//!
//! 1. [`RequestParser::parse`] with all bytes so far, whenever some arrived, until it gives a request and its size.
//! 2. [`check_upgrade`] judges it. Send what [`encode_switching_protocols`] appends, or the error's `response()`, and then
//!    end the stream.
//! 3. [`Connection::handle_input`] with what followed the request, then with the bytes of each read, again and again until
//!    it answers `None`. Each event borrows from the input.
//! 4. After `None`, [`Connection::poll_fill`] until it answers `None` too: it asks for the rest of a large message to be
//!    read into the message's own buffer, which [`Connection::handle_fill`] takes back.
//! 5. On [`Event::Close`] answer with [`Connection::send_close`]; on an error, [`Connection::send_failure`] tells the peer
//!    why. Send that, end the stream, and read on until the peer has ended its own: closing with bytes unread resets the
//!    connection, and what was sent last is lost.
//!
//! A client has [`ClientHandshake`] in place of the first two, and [`Role::Client`]; [`client`] is one that blocks, over any
//! stream.
//!
//! ```
//! use sockeye::protocol::handshake::{check_upgrade, encode_switching_protocols};
//! use sockeye::protocol::http::RequestParser;
//! use sockeye::protocol::{Connection, Event, Input, Role};
//!
//! let mut output = Vec::new();
//! # let mut request = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//! #     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".to_vec();
//! # request.extend_from_slice(b"\x81\x82\0\0\0\0hi\x88\x80\0\0\0\0");
//! # let received = &mut request[..];
//! let (request, size) = RequestParser::new().parse(received)?.expect("it arrived whole");
//! encode_switching_protocols(&check_upgrade(&request)?, None, &[], &mut output)?;
//! # let head = output.len();
//!
//! let mut connection = Connection::new(Role::Server, 1024 * 1024);
//! let mut input = Input::new(&mut received[size..]);
//! while let Some(event) = connection.handle_input(&mut input)? {
//!     match event {
//!         Event::Message(message) => connection.send(message.as_message(), &mut output)?,
//!         Event::Ping(payload) => connection.send_pong(payload.as_bytes(), &mut output)?,
//!         Event::Close(frame) => connection.send_close(frame.as_ref(), &mut output)?,
//!         _ => {}
//!     }
//! }
//! // Now `output` is to be sent.
//! # assert!(output.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
//! # assert_eq!(output[head..], *b"\x81\x02hi\x88\x00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is left to you
//!
//! | what | where to look |
//! |---|---|
//! | deadlines: for the request, for silence, for a peer that takes nothing, for the closing handshake | `examples/sans_io.rs`; the engine's own are in [`Config`] |
//! | the bound on what waits to be sent: `send` appends as much as you say | read no more before it has left, as the example does |
//! | pings of one's own | [`Connection::send_ping`] |
//! | masking keys, as a client: unpredictable and new for each frame (RFC 6455 section 10.3) | [`random::mask_key`] |
//! | memory for messages | [`Input::with_spare`] and [`Input::recycle`] use a buffer again |
//!
//! Messages are bounded by [`Connection::new`], heads by [`HEAD_SIZE_MAX`].
//!
//! `examples/sans_io.rs` is all of this inside a tokio service.
//!
//! [`ClientHandshake`]: crate::protocol::handshake::ClientHandshake
//! [`Config`]: crate::Config
//! [`Connection::handle_fill`]: crate::protocol::Connection::handle_fill
//! [`Connection::handle_input`]: crate::protocol::Connection::handle_input
//! [`Connection::new`]: crate::protocol::Connection::new
//! [`Connection::poll_fill`]: crate::protocol::Connection::poll_fill
//! [`Connection::send_close`]: crate::protocol::Connection::send_close
//! [`Connection::send_failure`]: crate::protocol::Connection::send_failure
//! [`Connection::send_ping`]: crate::protocol::Connection::send_ping
//! [`Event::Close`]: crate::protocol::Event::Close
//! [`HEAD_SIZE_MAX`]: crate::limits::HEAD_SIZE_MAX
//! [`Input::recycle`]: crate::protocol::Input::recycle
//! [`Input::with_spare`]: crate::protocol::Input::with_spare
//! [`RequestParser::parse`]: crate::protocol::http::RequestParser::parse
//! [`Role::Client`]: crate::protocol::Role::Client
//! [`check_upgrade`]: crate::protocol::handshake::check_upgrade
//! [`encode_switching_protocols`]: crate::protocol::handshake::encode_switching_protocols
//! [`client`]: crate::client
//! [`protocol`]: crate::protocol
//! [`random::mask_key`]: crate::random::mask_key
