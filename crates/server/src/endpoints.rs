//! What the paths of the server are for.

use sockeye::handler::{Closed, Upgrade};
use sockeye::protocol::Message;
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::{Context, Handler, Reply, RequestContext};
use std::collections::HashSet;
use std::io;
use std::rc::Rc;

/// Serves the page, `/livez`, `/echo` and `/topic/NAME`.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    /// The names of the topics that are connected to, each once: a connection has a pointer to one.
    names: HashSet<Name>,
}

/// What a WebSocket is connected to.
#[derive(Debug)]
pub(crate) enum Endpoint {
    Echo,
    Topic(Name),
}

/// A topic's name, as one pointer.
type Name = Rc<Box<str>>;

impl Handler for Endpoints {
    type State = Endpoint;
    type Mail = ();

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Endpoint> {
        match request.path() {
            "/" => page(request).into(),
            "/livez" => plain(request, || Response::text(Status::OK, "ok\n")).into(),
            "/echo" => upgrade(request, Endpoint::Echo),
            path => match path.strip_prefix("/topic/") {
                Some(name) if (1..=TOPIC_NAME_SIZE_MAX).contains(&name.len()) => {
                    upgrade(request, Endpoint::Topic(Rc::new(name.into())))
                }
                Some(_) => Response::text(Status::NOT_FOUND, TOPIC_NAME_EXPECTED).into(),
                None => Response::text(Status::NOT_FOUND, NOT_FOUND).into(),
            },
        }
    }

    fn on_accept_failed(&mut self, error: &io::Error) {
        tracing::warn!("no connection can be accepted, trying again: {error}");
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if let Endpoint::Topic(name) = connection.state() {
            let name = match self.names.get(name) {
                Some(known) => Rc::clone(known),
                None => Rc::clone(name),
            };
            self.names.insert(Rc::clone(&name));
            connection.subscribe(&**name);
            *connection.state() = Endpoint::Topic(name);
        }
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, _: &Closed<'_>) {
        if let Endpoint::Topic(name) = connection.state()
            && Rc::strong_count(name) == 2
        {
            // It is the last one with this name.
            self.names.remove(name);
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        match connection.state() {
            Endpoint::Echo => {
                // One that does not read what it gets is closed by the engine, with 1013.
                let _refused = connection.send(message);
            }
            Endpoint::Topic(name) => {
                let name = Rc::clone(name);
                connection.publish(&**name, message);
            }
        }
    }
}

/// Takes the first subprotocol that the client offers: none of them means anything here yet, and many clients insist on
/// one being chosen.
fn upgrade(request: &Request<'_>, state: Endpoint) -> Reply<Endpoint> {
    let subprotocol = request.subprotocols().next().map(str::to_owned);
    Reply::Upgrade(Upgrade { state, subprotocol, headers: Vec::new() })
}

fn page(request: &Request<'_>) -> Response {
    plain(request, || {
        let response = Response::new(Status::OK).with_body("text/html; charset=utf-8", PAGE);
        PAGE_HEADERS
            .iter()
            .try_fold(response.expect("a type that is written in this file"), |response, header| {
                response.with_header(header.0, header.1)
            })
            .expect("headers that are written in this file")
    })
}

/// A response to those that only read.
fn plain(request: &Request<'_>, respond: impl FnOnce() -> Response) -> Response {
    match request.method() {
        "GET" | "HEAD" => respond(),
        _ => Response::text(Status::METHOD_NOT_ALLOWED, "expected GET or HEAD\n")
            .with_header("Allow", "GET, HEAD")
            .expect("a header that is written in this file"),
    }
}

const PAGE: &[u8] = include_bytes!("page.html");

/// The page's own policy names the hashes of its script and its style; this is what a policy in a page cannot say.
const PAGE_HEADERS: &[(&str, &str)] = &[
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
];

const TOPIC_NAME_SIZE_MAX: usize = 255;

const TOPIC_NAME_EXPECTED: &str = "expected /topic/NAME with a name of 1 to 255 bytes\n";

const NOT_FOUND: &str = "there is nothing here: try /, /echo, /topic/NAME or /livez\n";
