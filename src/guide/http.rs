//! HTTP on the same port: what a request can become besides a WebSocket.
//!
//! The layer is thin: heads are read strictly, bodies arrive in pieces, and there is no router but `match` on
//! [`Request::path`]. [`on_request`] answers each request with a [`Reply`]:
//!
//! | reply | what it makes of the request | what follows |
//! |---|---|---|
//! | [`Reply::upgrade`] | a WebSocket, if it asks for one; else it is answered with 426 or what fits | [`on_open`] |
//! | a [`Response`], `.into()` | a response, now | the next request on the connection |
//! | [`Reply::stream`] | a response whose body comes piece by piece, such as server-sent events | [`on_open`]; each [`send`] is a piece, [`close`] ends it |
//! | [`Reply::pending`] | a response that comes later: when the body is there, or another thread has it | [`on_body`] for each piece of the request's body; a reply by [`Context::reply`] or [`Remote::respond`] |
//! | [`Reply::HandOff`] | whatever the handler of another worker makes of it | that one's [`on_request`] |
//!
//! - **A stream is like a WebSocket that only sends.** It subscribes to topics and gets what is published as pieces of its
//!   body; backlog, lag and stalls are treated alike, and [`on_close`] says how it ended.
//!   HTTP has no pings: of a reader that is silent the kernel finds out after a minute and a half whether it is there.
//! - **A pending request has a deadline,** the one given with the reply. After it the client gets 503, and [`on_close`] is
//!   called. It is called too when the client goes away first, and not when the request was replied to.
//! - **Bodies are bounded** by [`body_bytes_max`]; what is larger gets 413. A body that nobody asked for is discarded.
//! - **Connections are kept,** and requests may be pipelined: each is answered before the next is looked at. A framing that
//!   could be read in two ways is refused, and the connection with it.
//! - **Responses have no `Date`** (RFC 9110 section 6.6.1) unless the handler adds one: the engine reads no calendar.
//!
//! ```
//! use sockeye::protocol::Message;
//! use sockeye::protocol::http::{BodyPart, Request, Response, Status};
//! use sockeye::{Config, Context, Handler, Reply, RequestContext, Server};
//! use std::time::Duration;
//!
//! /// What is posted to `/events` goes to all who read it.
//! struct Events;
//!
//! impl Handler for Events {
//!     /// What has arrived of a posted event.
//!     type State = Vec<u8>;
//!     type Mail = ();
//!
//!     fn on_request(
//!         &mut self,
//!         _: &mut RequestContext<'_, Self>,
//!         request: &Request<'_>,
//!     ) -> Reply<Vec<u8>> {
//!         match (request.method(), request.path()) {
//!             ("GET", "/events") => {
//!                 let head = Response::new(Status::OK).with_body("text/event-stream", b"".as_slice());
//!                 Reply::stream(Vec::new(), head.expect("the type is one"))
//!             }
//!             ("POST", "/events") => Reply::pending(Vec::new(), Duration::from_secs(10)),
//!             _ => Response::text(Status::NOT_FOUND, "try /events\n").into(),
//!         }
//!     }
//!
//!     fn on_body(&mut self, connection: &mut Context<'_, Self>, body: BodyPart<'_>) {
//!         match body {
//!             BodyPart::Data(bytes) => connection.state().extend_from_slice(bytes),
//!             BodyPart::End => {
//!                 let event = String::from_utf8_lossy(connection.state()).into_owned();
//!                 connection.worker().publish("events", &format!("data: {event}\n\n"));
//!                 let _gone = connection.reply(Response::text(Status::OK, "told\n"));
//!             }
//!         }
//!     }
//!
//!     fn on_open(&mut self, connection: &mut Context<'_, Self>) {
//!         connection.subscribe("events");
//!     }
//!
//!     /// Only WebSockets have messages.
//!     fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}
//! }
//!
//! let running = Server::bind("127.0.0.1:0", Config::default())?.start(|_worker| Events)?;
//! # use std::io::{BufRead, BufReader, Write};
//! # use std::net::TcpStream;
//! # let ask = |request: &str| -> std::io::Result<BufReader<TcpStream>> {
//! #     let mut stream = TcpStream::connect(running.local_addr())?;
//! #     stream.set_read_timeout(Some(Duration::from_secs(20)))?;
//! #     stream.write_all(request.as_bytes())?;
//! #     Ok(BufReader::new(stream))
//! # };
//! # let until = |answer: &mut BufReader<TcpStream>, end: &str| -> std::io::Result<()> {
//! #     for line in answer.lines() {
//! #         if line? == end {
//! #             return Ok(());
//! #         }
//! #     }
//! #     panic!("{end:?} does not come");
//! # };
//! # let mut reader = ask("GET /events HTTP/1.1\r\nHost: a\r\n\r\n")?;
//! # until(&mut reader, "")?;
//! # let mut answer = ask("POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")?;
//! # until(&mut answer, "told")?;
//! # until(&mut reader, "data: hello")?;
//! running.remote().shut_down(Duration::from_secs(1));
//! running.join()?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`Context::reply`]: crate::Context::reply
//! [`Remote::respond`]: crate::Remote::respond
//! [`Reply`]: crate::Reply
//! [`Reply::HandOff`]: crate::Reply::HandOff
//! [`Reply::pending`]: crate::Reply::pending
//! [`Reply::stream`]: crate::Reply::stream
//! [`Reply::upgrade`]: crate::Reply::upgrade
//! [`Request::path`]: crate::protocol::http::Request::path
//! [`Response`]: crate::protocol::http::Response
//! [`body_bytes_max`]: crate::Config::body_bytes_max
//! [`close`]: crate::Context::close
//! [`on_body`]: crate::Handler::on_body
//! [`on_close`]: crate::Handler::on_close
//! [`on_open`]: crate::Handler::on_open
//! [`on_request`]: crate::Handler::on_request
//! [`send`]: crate::Context::send
