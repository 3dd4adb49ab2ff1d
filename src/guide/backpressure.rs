//! What happens when a peer is slow, and what a handler can do about it.
//!
//! What the kernel does not take waits in the connection's send queue, its *backlog*. Four things watch it; each has a
//! bound in [`Config`], and none of them drops a message in silence.
//!
//! | what | bound, default | what happens | the handler |
//! |---|---|---|---|
//! | the queue is full | [`send_queue_bytes_max`], 4 MiB | `send` refuses with [`Full`], and by [`when_full`] the connection closes with 1013 | sees the error |
//! | a subscriber lags | [`lag_bytes`], 64 KiB that could not leave | it leaves the topic; nothing of it is queued | [`on_lag`], by default closes with 1013 |
//! | it is read from no further | [`read_pause_bytes`], 256 KiB that could not leave | reading pauses, so TCP slows the peer, and goes on when little waits | need not care |
//! | its peer takes nothing | [`write_stall_timeout`], 30 s | the connection ends | [`on_close`], `TimedOut` |
//!
//! [`on_drain`] says that the backlog is small again (16 KiB, or `lag_bytes` if that is less) after more than that could not
//! leave, after a `Full`, and after a lag. What leaves with the tick in which it was queued was never a backlog: whoever goes by
//! [`Context::backlog`] asks to hear of its end with [`Context::await_drain`].
//!
//! What a handler queues in one call counts against the bound although a fast peer would take it at once: nothing leaves
//! before the call has returned. An empty queue takes any one message. [`Accepted::backlog`] and [`Context::backlog`] say
//! how much waits.
//!
//! # Sending much: stop at `Full`, go on in `on_drain`
//!
//! ```
//! use sockeye::handler::SendRefused;
//! use sockeye::protocol::Message;
//! use sockeye::protocol::http::Request;
//! use sockeye::{Config, Context, Handler, Reply, RequestContext, WhenFull};
//!
//! /// Sends each connection a million rows, at the speed at which it reads.
//! struct Rows;
//!
//! impl Handler for Rows {
//!     /// The next row to send.
//!     type State = u32;
//!     type Mail = ();
//!
//!     fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<u32> {
//!         Reply::upgrade(0)
//!     }
//!
//!     fn on_open(&mut self, connection: &mut Context<'_, Self>) {
//!         self.on_drain(connection);
//!     }
//!
//!     fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}
//!
//!     fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
//!         while *connection.state() < 1_000_000 {
//!             let row = format!("row {}", connection.state());
//!             match connection.send(&row) {
//!                 Ok(_) => *connection.state() += 1,
//!                 // It comes here again when there is room.
//!                 Err(SendRefused::Full) => return,
//!                 Err(_) => return,
//!             }
//!         }
//!     }
//! }
//!
//! let mut config = Config::default();
//! // Instead of closing the connection.
//! config.when_full = WhenFull::Refuse;
//! ```
//!
//! # Topics: behind, and back again
//!
//! There is no queue per subscription. A subscriber of whom more than [`lag_bytes`] could not leave gets no more of the
//! topic: it is out of it, [`on_lag`] says so with the `mark` of the first publication that it did not get, and in
//! [`on_drain`] it can be brought up to date and subscribe again. Marks are yours: those given to
//! [`WorkerContext::publish_here`]; other publications have 0. What fits depends on what is published:
//!
//! - *only the latest counts* (prices, positions): subscribe again and wait for the next, as
//!   `examples/prepared_broadcast.rs` does,
//! - *nothing may be missing*: keep the last publications, send those from the mark on, then subscribe again,
//! - *the peer can ask again itself*: leave the default, which closes it with 1013.
//!
//! # Being read from
//!
//! While its backlog is large a connection is not read from, so an echo or a request-and-response protocol needs no care:
//! a peer that does not read the answers cannot ask further. Where what a message sets off goes elsewhere (a queue to a
//! thread, another service), [`Context::pause`] stops reading from whoever causes too much, and [`Context::resume`] goes
//! on. While it is paused nobody asks whether the peer is still there.
//!
//! Mail between workers is bounded too: when more than [`OUTBOX_MAIL_MAX`] pieces wait for a worker, the connections that
//! cause more of it are not read from until it gets away. Mail is never dropped. A [`Remote`] has no connection to hold
//! back, so it answers [`RemoteError::Full`]; `prepared_broadcast` shows one way to go on.
//!
//! [`Accepted::backlog`]: crate::handler::Accepted::backlog
//! [`Config`]: crate::Config
//! [`Context::backlog`]: crate::Context::backlog
//! [`Context::await_drain`]: crate::Context::await_drain
//! [`Context::pause`]: crate::Context::pause
//! [`Context::resume`]: crate::Context::resume
//! [`Full`]: crate::handler::SendRefused::Full
//! [`OUTBOX_MAIL_MAX`]: crate::limits::OUTBOX_MAIL_MAX
//! [`Remote`]: crate::Remote
//! [`RemoteError::Full`]: crate::RemoteError::Full
//! [`WorkerContext::publish_here`]: crate::WorkerContext::publish_here
//! [`lag_bytes`]: crate::Config::lag_bytes
//! [`on_close`]: crate::Handler::on_close
//! [`on_drain`]: crate::Handler::on_drain
//! [`on_lag`]: crate::Handler::on_lag
//! [`read_pause_bytes`]: crate::Config::read_pause_bytes
//! [`send_queue_bytes_max`]: crate::Config::send_queue_bytes_max
//! [`when_full`]: crate::Config::when_full
//! [`write_stall_timeout`]: crate::Config::write_stall_timeout
