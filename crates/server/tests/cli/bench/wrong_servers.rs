//! Servers that do not do what they should, each in its own way.

use sockeye::protocol::Message;
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::{Config, Context, Handler, Reply, RequestContext, Running, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Starts a server with one worker.
pub(super) fn start<H: Handler<Mail = ()> + Clone + Send + Sync + 'static>(
    handler: H,
) -> Running<()> {
    let mut config = Config::default();
    config.workers = 1;
    let server = Server::bind("127.0.0.1:0", config).expect("a free port");
    server.start(move |_| handler.clone()).expect("a thread")
}

/// What happens to the tenth message of every connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrong {
    /// It comes back with another byte in it.
    Corrupts,
    /// It comes back shorter.
    Cuts,
    /// It comes back as text.
    Renames,
    Drops,
    Doubles,
    /// It comes back after the eleventh.
    Swaps,
    Closes,
    /// Nothing comes back from there on.
    Stops,
}

#[derive(Debug, Default)]
pub(super) struct Count {
    messages: u64,
    held: Vec<u8>,
}

impl Handler for Wrong {
    type State = Count;
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<Count> {
        Reply::upgrade(Count::default())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let count = connection.state();
        count.messages += 1;
        let number = count.messages;
        let mut bytes = message.as_bytes().to_vec();
        let send = |connection: &mut Context<'_, Self>, bytes: &[u8]| {
            let _closing = connection.send(bytes);
        };
        match (*self, number) {
            (Self::Corrupts, 10) => {
                bytes[20] ^= 1;
                send(connection, &bytes);
            }
            (Self::Cuts, 10) => send(connection, &bytes[1..]),
            (Self::Renames, 10) => {
                let _closing = connection.send("text".repeat(8).as_str());
            }
            (Self::Drops, 10) => {}
            (Self::Doubles, 10) => {
                send(connection, &bytes);
                send(connection, &bytes);
            }
            (Self::Swaps, 10) => connection.state().held = bytes,
            (Self::Swaps, 11) => {
                send(connection, &bytes);
                let held = std::mem::take(&mut connection.state().held);
                send(connection, &held);
            }
            (Self::Closes, 10) => {
                let _closing =
                    connection.close(sockeye::protocol::CloseCode::POLICY_VIOLATION, "enough");
            }
            (Self::Stops, 10..) => {}
            _ => send(connection, &bytes),
        }
    }
}

/// Echoes, and does nothing for half a second once, at about the eightieth message.
#[derive(Clone, Debug, Default)]
pub(super) struct Slow {
    messages: u64,
}

impl Handler for Slow {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        self.messages += 1;
        if self.messages == 80 {
            std::thread::sleep(Duration::from_millis(500));
        }
        let _closing = connection.send(message);
    }
}

/// Reads nothing.
#[derive(Clone, Debug)]
pub(super) struct Deaf;

impl Handler for Deaf {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        connection.pause();
    }

    fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}
}

/// Lets nobody in.
#[derive(Clone, Debug)]
pub(super) struct Closed;

impl Handler for Closed {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Response::text(Status::FORBIDDEN, "no\n").into()
    }

    fn on_message(&mut self, _: &mut Context<'_, Self>, _: Message<'_>) {}
}

/// Echoes, and tells how many messages it has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Counting(pub(super) Arc<AtomicU64>);

impl Handler for Counting {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        let _closing = connection.send(message);
    }
}

/// Sends what one publishes to all others, but for the tenth message.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaky {
    messages: u64,
}

impl Handler for Leaky {
    type State = ();
    type Mail = ();

    fn on_request(&mut self, _: &mut RequestContext<'_, Self>, _: &Request<'_>) -> Reply<()> {
        Reply::upgrade(())
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        connection.subscribe("all");
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        self.messages += 1;
        if self.messages != 10 {
            connection.publish("all", message);
        }
    }
}
