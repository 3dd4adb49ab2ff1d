//! What is shared and what is not, how to reach a connection from elsewhere, what must not block.
//!
//! A server is a set of workers, [`Config::workers`] of them. Each is one thread with one loop, its own listening socket,
//! its own connections and its own handler. The kernel spreads new connections over them; from then on a connection stays
//! where it is, unless a handler hands a request over to another worker ([`Reply::HandOff`]).
//!
//! | what | whose | how to share it |
//! |---|---|---|
//! | the [`Handler`] | one per worker, made in its thread by the closure given to [`Server::start`] | put an `Arc` into each, or send mail |
//! | [`Handler::State`] | one per connection, seen by its worker alone; it need not be `Send` | copy out what others have to know |
//! | a topic | each worker has its part of the subscribers | [`Context::publish`] reaches all of them, on all workers |
//! | [`ConnectionId`] | a name: `Copy`, `Send`, good everywhere, not used again until its worker has had four billion others | keep it wherever you like |
//! | [`Handler::Mail`] | a type of yours, `Send` | moved to the handler of another worker, or of the own one |
//! | [`Remote`] | a handle on all workers: `Clone`, `Send` | keep it in other threads and in handlers |
//!
//! Because nothing is shared, a handler needs no lock, and nothing it does is seen half done.
//!
//! # Reaching a connection
//!
//! | from where | with what | if it is gone or full |
//! |---|---|---|
//! | its own call | [`Context::send`] and so on | an error says so |
//! | another call of the same worker | [`WorkerContext::connection`] | `None`, or an error |
//! | a call of any worker | [`WorkerContext::send`], [`WorkerContext::mail`] | nobody hears of it; mail always arrives |
//! | any thread | [`Remote::send`], [`Remote::mail`], [`Remote::respond`], [`Remote::close`], [`Remote::publish`] | [`RemoteError`] if the worker takes no more mail or has ended |
//!
//! Between two workers, mail and publications arrive in the order in which they were sent. From different senders they
//! meet in any order.
//!
//! # What blocks a worker
//!
//! Whatever takes long in a handler's call, because all connections of that worker wait for it.
//!
//! | instead of | do |
//! |---|---|
//! | a query, a request to another service, a file | hand the work to a thread (or a runtime) of yours with the [`ConnectionId`], and come back with [`Remote::mail`] or [`Remote::send`]; for a request, [`Reply::pending`] and [`Remote::respond`] |
//! | waiting for a lock that others hold long | an `Arc` that is exchanged as a whole, an atomic, or mail |
//! | `thread::sleep`, a timer | answer the moment from [`Handler::on_tick`] |
//! | sending in a loop until there is room | stop at `Full` and go on in [`Handler::on_drain`]; see [`backpressure`] |
//! | a long computation over all connections | a slice of it per [`Handler::on_tick`] |
//! | blocking on a bounded channel to a thread | `try_send`, and [`Context::pause`] that connection until there is room |
//! | printing much: a terminal or a pipe may block | a logger that drops or queues |
//!
//! Slow work in a thread, with the answer to the connection that asked:
//!
//! ```
//! use sockeye::protocol::http::Request;
//! use sockeye::protocol::{Message, Prepared};
//! use sockeye::{Config, ConnectionId, Context, Handler, Remote, Reply, RequestContext, Server};
//! use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
//!
//! struct Asks {
//!     questions: SyncSender<(ConnectionId, String)>,
//! }
//!
//! impl Handler for Asks {
//!     type State = ();
//!     type Mail = ();
//!
//!     fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
//!         Reply::upgrade(())
//!     }
//!
//!     fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
//!         // A message is lent for the length of the call: what is to be kept is copied.
//!         let question = String::from_utf8_lossy(message.as_bytes()).into_owned();
//!         if self.questions.try_send((connection.id(), question)).is_err() {
//!             let _closing_or_full = connection.send("too many questions at present");
//!         }
//!     }
//! }
//!
//! fn answer_all(questions: Receiver<(ConnectionId, String)>, remote: Remote<()>) {
//!     for (id, question) in questions {
//!         // This takes as long as it takes.
//!         let answer = Prepared::new(&question.to_uppercase());
//!         // The worker takes no more mail, or the server has ended. Who asks may ask again.
//!         let _not_told = remote.send(id, &answer);
//!     }
//! }
//!
//! let (questions, asked) = sync_channel(1000);
//! let server = Server::bind("127.0.0.1:0", Config::default())?;
//! let running = server.start(move |_worker| Asks { questions: questions.clone() })?;
//! let remote = running.remote();
//! let answering = std::thread::spawn(move || answer_all(asked, remote));
//!
//! // The workers end, with them the handlers, with them the questions.
//! running.remote().shut_down(std::time::Duration::from_secs(1));
//! running.join()?;
//! answering.join().expect("it does not panic");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Ending
//!
//! [`Remote::shut_down`] has every worker stop accepting, close every connection with 1001, and end when the last one has
//! gone or the grace is over. [`Running::join`] waits for that. If a worker fails or panics outside a handler's call, the
//! others shut down too: a server with a worker less would let some clients wait for ever.
//!
//! [`Config::workers`]: crate::Config::workers
//! [`ConnectionId`]: crate::ConnectionId
//! [`Context::pause`]: crate::Context::pause
//! [`Context::publish`]: crate::Context::publish
//! [`Context::send`]: crate::Context::send
//! [`Handler`]: crate::Handler
//! [`Handler::Mail`]: crate::Handler::Mail
//! [`Handler::State`]: crate::Handler::State
//! [`Handler::on_drain`]: crate::Handler::on_drain
//! [`Handler::on_tick`]: crate::Handler::on_tick
//! [`Remote`]: crate::Remote
//! [`Remote::close`]: crate::Remote::close
//! [`Remote::mail`]: crate::Remote::mail
//! [`Remote::publish`]: crate::Remote::publish
//! [`Remote::respond`]: crate::Remote::respond
//! [`Reply::HandOff`]: crate::Reply::HandOff
//! [`Reply::pending`]: crate::Reply::pending
//! [`Remote::send`]: crate::Remote::send
//! [`Remote::shut_down`]: crate::Remote::shut_down
//! [`RemoteError`]: crate::RemoteError
//! [`Running::join`]: crate::Running::join
//! [`Server::start`]: crate::Server::start
//! [`WorkerContext::connection`]: crate::WorkerContext::connection
//! [`WorkerContext::mail`]: crate::WorkerContext::mail
//! [`WorkerContext::send`]: crate::WorkerContext::send
//! [`backpressure`]: super::backpressure
