//! Sends every message back: the smallest server with a handler of its own.
//!
//! ```sh
//! cargo run --example echo                    # or with an address: cargo run --example echo 0.0.0.0:9000
//! npx wscat -c ws://127.0.0.1:8000/           # in another terminal: type something
//! ```
//!
//! Plain requests get a sentence and no WebSocket. A client that sends faster than it reads what comes back is not read
//! from any further while its answers wait, so it costs no more memory than the limits of `Config` allow.

#![expect(clippy::print_stdout, reason = "people read where it listens")]

use sockeye::protocol::Message;
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::{Config, Context, Handler, Reply, RequestContext, Server};

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let server = Server::bind(address, Config::default())?;
    println!("listening on ws://{}", server.local_addr());
    // Each worker makes its own handler, in its own thread. This returns only if one fails.
    server.run(|_worker| Echo)
}

struct Echo;

impl Handler for Echo {
    /// What each connection keeps: nothing.
    type State = ();
    /// What workers tell each other: nothing.
    type Mail = ();

    fn on_request(
        &mut self,
        _connection: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<()> {
        if request.is_upgrade() {
            Reply::upgrade(())
        } else {
            Response::text(Status::OK, "connect with a WebSocket, and it echoes\n").into()
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        // An error means that nothing was queued: the connection is closing, or its queue is full and the engine now
        // closes it with 1013, because `Config::when_full` is `Close`. Either way there is nobody left to tell.
        let _closing_or_full = connection.send(message);
    }
}
