//! What a handler is called for, in which order, how often.
//!
//! ```text
//! accepted ─► on_request ─┬─ Upgrade, Stream ─► on_open ─► on_message, on_ping, on_pong, … ─► on_close
//!               ▲  ▲      ├─ Respond: the response leaves ──► the next request, or the end
//!               │  │      ├─ Pending ─► on_body … ─► a reply: any of these; or on_close, if none comes in time
//!               │  └──────┴─ HandOff: the handler of another worker is asked
//!               └─ the next request
//!
//! connect ─► on_accepted ─► on_open ─► … as above        or: on_connect_failed
//! ```
//!
//! | call | when | how often |
//! |---|---|---|
//! | [`on_request`] | a request's head has arrived and is sound | once for each request |
//! | [`on_body`] | some of the body of a request that awaits its reply, or its end; see [`http`] | for each piece |
//! | [`on_accepted`], [`on_connect_failed`] | what became of a [`WorkerContext::connect`] | one of them, once |
//! | [`on_open`] | the connection is a WebSocket now, or a stream; what is sent here follows the response's head | once, before anything below |
//! | [`on_message`] | a message is complete, in one read or in many fragments | for each, in the peer's order |
//! | [`on_ping`], [`on_pong`] | one arrived; a ping is answered already | for each |
//! | [`on_drain`] | the backlog, which had grown past a bound, is small again | each time; see [`backpressure`] |
//! | [`on_lag`] | the connection was too slow for a topic and has left it | for each topic and time |
//! | [`on_close`] | the WebSocket or the stream has ended, whatever ended it; or a request got no reply | exactly once for each `on_open`, and for each request that was pending and never replied to |
//! | [`on_mail`] | another worker or another thread sent mail; it concerns no connection | for each |
//! | [`on_tick`] | the moment has come that it answered last, or that [`WorkerContext::tick_by`] asked for | at the worker's start, then as asked |
//! | [`on_accept_failed`] | the system has no descriptor or memory for one more connection | each half second that it lasts |
//!
//! Only [`on_request`] and [`on_message`] have to be written. The rest has defaults: they do nothing, except [`on_lag`],
//! which closes the connection with 1013.
//!
//! # What holds
//!
//! - **A connection's state** is made by [`on_request`], lives from [`on_open`] to [`on_close`], and is dropped after it.
//!   [`Context::state`] borrows from the context, so take out (or clone) what a further call needs.
//! - **Nobody else sees it.** A connection's calls come from one thread, the worker's, one after the other.
//! - **A handler only queues.** What it sends leaves when the call has returned, as a rule at the end of the worker's
//!   turn, in one send with everything else for that connection.
//! - **After [`Context::close`]** no more messages are handed out. [`on_close`] follows when the peer has answered, or has
//!   not within [`Config::close_timeout`].
//! - **In [`on_close`]** nothing can be sent to the connection any more and its subscriptions are gone; others can still
//!   be told.
//! - **A request that gets a response** never gets to [`on_open`], and never to [`on_close`]. That includes one that the
//!   handler wanted to upgrade and that was no sound WebSocket request: the engine answers it.
//! - **A panic** in a call about a connection closes that one with 1011 (in [`on_request`]: answers it with 500), and is
//!   contained; [`on_close`] follows for one that was open.
//!
//! # All of it at once
//!
//! ```
//! use sockeye::handler::Closed;
//! use sockeye::protocol::Message;
//! use sockeye::protocol::http::{Request, Response, Status};
//! use sockeye::{Context, Handler, Reply, RequestContext};
//!
//! /// Counts, for each connection, what it says. One of these per worker.
//! struct Counter {
//!     open: usize,
//! }
//!
//! impl Handler for Counter {
//!     /// How many messages a connection has sent.
//!     type State = u64;
//!     type Mail = ();
//!
//!     fn on_request(&mut self, _: &mut RequestContext<'_, Self>, request: &Request<'_>) -> Reply<u64> {
//!         match request.path() {
//!             "/count" => Reply::upgrade(0),
//!             _ => Response::text(Status::NOT_FOUND, "try /count\n").into(),
//!         }
//!     }
//!
//!     fn on_open(&mut self, connection: &mut Context<'_, Self>) {
//!         self.open += 1;
//!         let _closing_or_full = connection.send("say something");
//!     }
//!
//!     fn on_message(&mut self, connection: &mut Context<'_, Self>, _: Message<'_>) {
//!         *connection.state() += 1;
//!         let count = connection.state().to_string();
//!         let _closing_or_full = connection.send(&count);
//!     }
//!
//!     fn on_close(&mut self, _: &mut Context<'_, Self>, closed: &Closed<'_>) {
//!         self.open -= 1;
//!         println!("{:?}, {} are left", closed.cause, self.open);
//!     }
//! }
//! ```
//!
//! [`WorkerContext::connect`]: crate::WorkerContext::connect
//! [`http`]: super::http
//! [`on_accepted`]: crate::Handler::on_accepted
//! [`on_body`]: crate::Handler::on_body
//! [`on_connect_failed`]: crate::Handler::on_connect_failed
//! [`Config::close_timeout`]: crate::Config::close_timeout
//! [`Context::close`]: crate::Context::close
//! [`Context::state`]: crate::Context::state
//! [`backpressure`]: super::backpressure
//! [`on_accept_failed`]: crate::Handler::on_accept_failed
//! [`on_close`]: crate::Handler::on_close
//! [`on_drain`]: crate::Handler::on_drain
//! [`on_lag`]: crate::Handler::on_lag
//! [`on_mail`]: crate::Handler::on_mail
//! [`on_message`]: crate::Handler::on_message
//! [`on_open`]: crate::Handler::on_open
//! [`on_ping`]: crate::Handler::on_ping
//! [`on_pong`]: crate::Handler::on_pong
//! [`on_request`]: crate::Handler::on_request
//! [`on_tick`]: crate::Handler::on_tick
//! [`WorkerContext::tick_by`]: crate::WorkerContext::tick_by
