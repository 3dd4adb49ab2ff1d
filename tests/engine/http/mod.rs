//! HTTP/1.1 on the port of the WebSockets, over real sockets.

mod bodies;
mod client;
mod handing_over;
mod persistence;
mod replies;
mod stage;
mod streams;

use client::Client;
use sockeye::protocol::http::{Response, Status};
use stage::{Kept, Mail, Noted, Staged};
use std::time::Duration;

/// How long to wait for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

fn text(text: &'static str) -> Response {
    Response::text(Status::OK, text)
}
