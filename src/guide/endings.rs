//! Limits, errors, close codes: how things go wrong and who is told.
//!
//! # Limits
//!
//! Fields of [`Config`] are yours to set, for a whole server; [`Config::check`] says which values go together, and
//! [`Server::bind`] asks it. The constants in [`limits`] are fixed.
//!
//! | limit | default | what happens | where |
//! |---|---|---|---|
//! | a request's head | 16 KiB, 100 headers | 431, or 414 for its first line | [`HEAD_SIZE_MAX`], [`HEADERS_MAX`] |
//! | … in this time | 10 s | 408 | [`handshake_timeout`] |
//! | a request's body | 1 MiB | 413 | [`body_bytes_max`] |
//! | … in this time | 60 s | 408 | [`message_timeout`] |
//! | the next request on a connection | 60 s | the connection ends | [`keep_alive_timeout`] |
//! | a reply that is pending | as given with it | 503 | [`Reply::pending`] |
//! | a message | 1 MiB | close 1009, by its length, before memory is set aside | [`message_bytes_max`] |
//! | … in this time | 60 s | close 1008 | [`message_timeout`] |
//! | silence | 25 s, then a ping | 10 s later the connection ends | [`idle_timeout`], [`pong_timeout`] |
//! | what waits to be sent | 4 MiB | close 1013, or an error | [`send_queue_bytes_max`], [`when_full`] |
//! | … for a subscriber | 64 KiB | it leaves the topic: [`on_lag`] | [`lag_bytes`] |
//! | … of a peer that takes nothing | 30 s | the connection ends | [`write_stall_timeout`] |
//! | a closing handshake | 5 s | a reset | [`close_timeout`] |
//! | connections of a worker | 1,000,000 | more wait in the kernel | [`connections_per_worker_max`] |
//! | mail for a worker | 16,384 pieces, 1024 batches | see [`backpressure`] | [`OUTBOX_MAIL_MAX`], [`MAILBOX_BATCHES_MAX`] |
//!
//! ```
//! use std::time::Duration;
//!
//! let mut config = sockeye::Config::default();
//! config.message_bytes_max = 64 * 1024;
//! config.send_queue_bytes_max = 256 * 1024;
//! config.idle_timeout = Duration::from_secs(5);
//! assert_eq!(config.check(), Ok(()));
//!
//! config.send_queue_bytes_max = 100;
//! let error = config.check().expect_err("no message would fit");
//! assert_eq!(error.to_string(), "send_queue_bytes_max must be at least twice message_bytes_max");
//! ```
//!
//! Who may connect is the handler's to decide: a browser lets any page open a WebSocket to any server, with its user's
//! cookies, and names the page in [`Request::origin`]. Compare that where cookies count.
//!
//! # Errors
//!
//! A type of error says who is at fault. A peer's fault never panics, and never stops a worker.
//!
//! | error | whose fault | what to do |
//! |---|---|---|
//! | [`SendRefused::Closed`] | nobody's: the connection is closing | nothing; [`on_close`] comes or came |
//! | [`SendRefused::Full`] | the peer's, who is slow | nothing, or go on in [`on_drain`]: see [`backpressure`] |
//! | [`SendError`] | ours: a close code that must not be sent, too long a ping, or the connection is closing | repair the call |
//! | [`NotPending`] | ours, or nobody's: the request was replied to, or is gone | nothing |
//! | [`ConnectError`], [`WebSocketError`] | it says whose, the server's as a rule | connect again, and not at once |
//! | [`RemoteError::Full`] | ours: more than the worker gets done | later, less, or never |
//! | [`RemoteError::Gone`] | nobody's: the server has ended | stop |
//! | [`ConfigError`] | ours | it names the field and what it must be |
//! | `io::Error` from [`Server::bind`] and [`Server::start`] | the system's | as ever: the address, descriptors, threads |
//! | [`RequestError`], [`HandshakeError`] | the client's | the engine answers with the status that they map to |
//! | [`ProtocolError`] | the peer's | the engine closes with the code that it maps to |
//!
//! # Close codes
//!
//! Those that the engine sends by itself:
//!
//! | code | when |
//! |---|---|
//! | 1001 | the server shuts down |
//! | 1002, 1007, 1009 | a rule of RFC 6455 was broken; text that is not UTF-8; a message that is too big |
//! | 1008 | a message took too long to arrive |
//! | 1011 | the handler panicked |
//! | 1013 | the send queue is full, or a subscriber too slow |
//! | the peer's | the peer closes: its code is sent back |
//!
//! A handler sends 1000 to 1003, 1007 to 1014, and 3000 to 4999; applications have 4000 to 4999 to themselves.
//! [`on_close`] is told the code, the reason, and what ended the connection:
//!
//! | [`CloseCause`] | what happened | code |
//! |---|---|---|
//! | `Peer` | the peer sent the first close frame | its code; 1005 if it had none |
//! | `Local` | we sent the first one, or ended the stream: a handler, a full queue, a shutdown | the code that came back; 1006 if none did |
//! | `Fault` | the peer broke a rule | the one that told it so |
//! | `Lost` | the stream ended or broke: a crash, a network, a closed laptop | 1006 |
//! | `TimedOut` | no pong, no end of a message or a body, no bytes taken, no reply of ours | 1006; 1008 for the message |
//!
//! [`Config`]: crate::Config
//! [`ConnectError`]: crate::client::ConnectError
//! [`NotPending`]: crate::handler::NotPending
//! [`Reply::pending`]: crate::Reply::pending
//! [`WebSocketError`]: crate::client::WebSocketError
//! [`body_bytes_max`]: crate::Config::body_bytes_max
//! [`keep_alive_timeout`]: crate::Config::keep_alive_timeout
//! [`Config::check`]: crate::Config::check
//! [`CloseCause`]: crate::handler::CloseCause
//! [`ConfigError`]: crate::ConfigError
//! [`HEADERS_MAX`]: crate::limits::HEADERS_MAX
//! [`HEAD_SIZE_MAX`]: crate::limits::HEAD_SIZE_MAX
//! [`HandshakeError`]: crate::protocol::handshake::HandshakeError
//! [`MAILBOX_BATCHES_MAX`]: crate::limits::MAILBOX_BATCHES_MAX
//! [`OUTBOX_MAIL_MAX`]: crate::limits::OUTBOX_MAIL_MAX
//! [`ProtocolError`]: crate::protocol::ProtocolError
//! [`RemoteError::Full`]: crate::RemoteError::Full
//! [`RemoteError::Gone`]: crate::RemoteError::Gone
//! [`Request::origin`]: crate::protocol::http::Request::origin
//! [`RequestError`]: crate::protocol::http::RequestError
//! [`SendError`]: crate::protocol::SendError
//! [`SendRefused::Closed`]: crate::handler::SendRefused::Closed
//! [`SendRefused::Full`]: crate::handler::SendRefused::Full
//! [`Server::bind`]: crate::Server::bind
//! [`Server::start`]: crate::Server::start
//! [`backpressure`]: super::backpressure
//! [`close_timeout`]: crate::Config::close_timeout
//! [`connections_per_worker_max`]: crate::Config::connections_per_worker_max
//! [`handshake_timeout`]: crate::Config::handshake_timeout
//! [`idle_timeout`]: crate::Config::idle_timeout
//! [`lag_bytes`]: crate::Config::lag_bytes
//! [`limits`]: crate::limits
//! [`message_bytes_max`]: crate::Config::message_bytes_max
//! [`message_timeout`]: crate::Config::message_timeout
//! [`on_close`]: crate::Handler::on_close
//! [`on_drain`]: crate::Handler::on_drain
//! [`on_lag`]: crate::Handler::on_lag
//! [`pong_timeout`]: crate::Config::pong_timeout
//! [`send_queue_bytes_max`]: crate::Config::send_queue_bytes_max
//! [`when_full`]: crate::Config::when_full
//! [`write_stall_timeout`]: crate::Config::write_stall_timeout
