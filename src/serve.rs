//! A server that is one closure.

use crate::config::Config;
use crate::handler::{Context, Handler, Reply, RequestContext};
use crate::protocol::Message;
use crate::protocol::http::Request;
use crate::server::Server;
use std::fmt;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::Arc;

/// Serves WebSockets on the first of these addresses that can be bound, and calls `on_message` for each message.
///
/// ```no_run
/// fn main() -> std::io::Result<()> {
///     sockeye::serve("127.0.0.1:8000", |connection, message| {
///         let _closing_or_full = connection.send(message);
///     })
/// }
/// ```
///
/// It serves with one worker per processor, all limits of [`Config`] at their defaults, and returns only with an error.
/// All workers call the same closure at the same time, so what it shares between calls is an atomic or behind a lock.
/// Through the [`Context`] it reaches everything that a handler does: it answers, closes, subscribes and publishes. An
/// error of [`Context::send`] needs no care here: the connection is closing, perhaps because its peer does not read.
///
/// Write the closure where it is passed. In a variable of its own its parameters need their types.
///
/// Where that is not enough:
///
/// - for other limits, a free port, or to reach connections from other threads: [`OnMessage`] on a [`Server`],
/// - to refuse requests, choose by path, keep state per connection, or hear who opens, closes and falls behind: a
///   [`Handler`].
///
/// # Errors
///
/// As [`Server::bind`] and [`Server::run`].
pub fn serve(
    addresses: impl ToSocketAddrs,
    on_message: impl Fn(&mut Context<'_, OnMessage>, Message<'_>) + Send + Sync + 'static,
) -> io::Result<()> {
    let handler = OnMessage::new(on_message);
    Server::bind(addresses, Config::default())?.run(move |_worker| handler.clone())
}

/// The handler that is one closure: it makes every request a WebSocket and calls the closure for each message.
///
/// ```
/// use sockeye::{Config, OnMessage, Server};
///
/// let mut config = Config::default();
/// config.workers = 1;
/// let echo = OnMessage::new(|connection, message| {
///     let _closing_or_full = connection.send(message);
/// });
/// let running = Server::bind("127.0.0.1:0", config)?.start(move |_worker| echo.clone())?;
/// println!("listening on ws://{}", running.local_addr());
///
/// running.remote().shut_down(std::time::Duration::from_secs(1));
/// running.join()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct OnMessage(Arc<Closure>);

type Closure = dyn Fn(&mut Context<'_, OnMessage>, Message<'_>) + Send + Sync;

impl OnMessage {
    /// A handler that calls `on_message`; its clones share the closure.
    pub fn new(
        on_message: impl Fn(&mut Context<'_, Self>, Message<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(on_message))
    }
}

impl Handler for OnMessage {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        (self.0)(connection, message);
    }
}

impl fmt::Debug for OnMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnMessage")
    }
}
