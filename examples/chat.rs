//! A chat: rooms by path, names, who is there. It runs on all processors, and a room may have people on each.
//!
//! `cargo run --example chat`, perhaps with an address, then in two terminals, with two names,
//! `npx wscat -c 'ws://127.0.0.1:8000/kitchen?name=Ada'`. Or in the console of a browser:
//! `chat = new WebSocket("ws://127.0.0.1:8000/kitchen?name=Ada")`, then `chat.onmessage = line => console.log(line.data)`
//! and `chat.send("hello")`. `/who` lists who is there, `/name NAME` renames you, all else is said to the room.
//!
//! A room is a topic: its subscribers on all workers get what is published. Who is where the workers tell each other by
//! mail, so that each knows everybody and none needs a lock.

#![expect(clippy::print_stdout, reason = "people read where it listens")]

use sockeye::handler::Closed;
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::protocol::{CloseCode, Message};
use sockeye::{Config, ConnectionId, Context, Handler, Reply, RequestContext, Server};
use sockeye::{WorkerContext, WorkerId};
use std::collections::HashMap;
use std::sync::Arc;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let server = Server::bind(address, Config::default())?;
    println!("listening on ws://{}", server.local_addr());
    server.run(|_worker| Chat::default())
}

/// What one worker knows: everybody, on all workers.
#[derive(Default)]
struct Chat(HashMap<ConnectionId, Member>);

#[derive(Clone)]
struct Member {
    room: Arc<str>,
    name: Arc<str>,
}

/// Mail between workers: somebody came or changed their name; `None` is somebody who left.
struct News(ConnectionId, Option<Member>);

impl Handler for Chat {
    type State = Member;
    type Mail = News;

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Member> {
        let name = request.query().and_then(|query| query.strip_prefix("name="));
        match (request.path(), name) {
            (room, Some(name)) if (2..=64).contains(&room.len()) && is_name(name) => {
                Reply::upgrade(Member { room: room.into(), name: name.into() })
            }
            _ => Response::text(Status::NOT_FOUND, "expected /ROOM?name=YOU\n").into(),
        }
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        let member = connection.state().clone();
        connection.subscribe(&*member.room);
        tell(connection, &format!("* {} joins", member.name), Some(member));
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let Message::Text(text) = message else {
            let _closing = connection.close(CloseCode::UNSUPPORTED_DATA, "this chat takes text");
            return;
        };
        let Member { room, name } = connection.state().clone();
        match text.split_once(' ').unwrap_or((text, "")) {
            ("/who", _) => {
                let here = self.0.values().filter(|member| member.room == room);
                let mut names: Vec<&str> = here.map(|member| &*member.name).collect();
                names.sort_unstable();
                // One whose queue is full is being closed by the engine: `Config::when_full`.
                let _closing_or_full = connection.send(&format!("* here: {}", names.join(", ")));
            }
            ("/name", new) if is_name(new) => {
                connection.state().name = new.into();
                let member = Member { room, name: new.into() };
                tell(connection, &format!("* {name} is now {new}"), Some(member));
            }
            (word, _) if word.starts_with('/') => {
                let _closing_or_full = connection.send("* try /who, or /name and a name");
            }
            _ => connection.worker().publish(&*room, &format!("{name}: {text}")),
        }
    }

    // `on_lag` is the default: who is too slow for the room is closed with 1013 and may come back.

    fn on_close(&mut self, connection: &mut Context<'_, Self>, _: &Closed<'_>) {
        let name = Arc::clone(&connection.state().name);
        tell(connection, &format!("* {name} leaves"), None);
    }

    fn on_mail(&mut self, _: &mut WorkerContext<'_, Self>, News(id, member): News) {
        match member {
            Some(member) => self.0.insert(id, member),
            None => self.0.remove(&id),
        };
    }
}

/// Tells the room in words, and every worker (this one too) by mail, what became of the connection's member.
fn tell(connection: &mut Context<'_, Chat>, line: &str, member: Option<Member>) {
    let (id, room) = (connection.id(), Arc::clone(&connection.state().room));
    let mut worker = connection.worker();
    worker.publish(&*room, line);
    for other in 0..worker.workers() as u16 {
        worker.mail(WorkerId(other), News(id, member.clone()));
    }
}

fn is_name(name: &str) -> bool {
    (1..=24).contains(&name.len()) && name.chars().all(|c| c.is_alphanumeric() || c == '-')
}
