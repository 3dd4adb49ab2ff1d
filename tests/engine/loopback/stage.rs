//! A server whose handler does what its clients tell it, and notes what happens to it.

use super::PATIENCE;
use sockeye::handler::{CloseCause, Closed, SendRefused};
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::protocol::{CloseCode, Message, Prepared, SendError};
use sockeye::worker::WorkerId;
use sockeye::{
    Config, ConnectionId, Context, Handler, Remote, Reply, RequestContext, Running, Server,
    WorkerContext,
};
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A server on the loopback interface. When it is dropped it shuts down, and no worker may have failed.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) log: Log,
    pub(super) remote: Remote<String>,
    running: Option<Running<String>>,
}

/// Serves with one worker, and with what `edit` changes.
pub(super) fn serve(edit: impl FnOnce(&mut Config)) -> Served {
    let mut config = crate::support::config();
    config.workers = 1;
    let driver = config.driver;
    edit(&mut config);
    let server = Server::bind("127.0.0.1:0", config).expect("a free port");
    let log = Log::default();
    let stage_log = log.clone();
    let running = server
        .start(move |_| Stage { log: stage_log.clone(), paused: Vec::new() })
        .expect("threads");
    assert!(running.fallback().is_none(), "{driver:?} is not to be had here");
    Served { address: running.local_addr(), log, remote: running.remote(), running: Some(running) }
}

impl Served {
    /// Waits for the workers to end.
    pub(super) fn join(mut self) {
        let running = self.running.take().expect("joined once");
        running.join().expect("no worker failed");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.remote.shut_down(Duration::ZERO);
            let result = running.join();
            if !std::thread::panicking() {
                result.expect("no worker failed");
            }
        }
    }
}

/// What the handler was told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Noted {
    Opened(ConnectionId, String),
    /// It sent so many messages, and then so much waited.
    Flooded {
        accepted: usize,
        refused: bool,
        backlog: usize,
    },
    /// A message of this size arrived at `/sink`.
    Sunk(usize),
    Pong(Vec<u8>),
    Drained,
    Lagged(String, u64),
    Closed(u16, CloseCause),
    Mail(WorkerId, String),
}

/// What was noted, in order, for the test to wait for.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<(Mutex<Vec<Noted>>, Condvar)>);

impl Log {
    fn note(&self, noted: Noted) {
        let (list, changed) = &*self.0;
        list.lock().expect("no test panics with it").push(noted);
        changed.notify_all();
    }

    /// Waits for the first note that `pick` wants.
    pub(super) fn wait<T>(&self, mut pick: impl FnMut(&Noted) -> Option<T>) -> T {
        let (list, changed) = &*self.0;
        let list = list.lock().expect("no test panics with it");
        let mut found = None;
        let (list, _) = changed
            .wait_timeout_while(list, PATIENCE, |list| {
                found = list.iter().find_map(&mut pick);
                found.is_none()
            })
            .expect("no test panics with it");
        found.unwrap_or_else(|| panic!("did not happen in time; this did: {list:?}"))
    }

    pub(super) fn wait_for(&self, noted: &Noted) {
        self.wait(|other| (other == noted).then_some(()));
    }

    /// Waits for a connection to that path, and gives its name.
    pub(super) fn wait_for_open(&self, path: &str) -> ConnectionId {
        self.wait(|noted| match noted {
            Noted::Opened(id, opened) if opened == path => Some(*id),
            _ => None,
        })
    }

    /// Everything so far that `pick` wants.
    pub(super) fn all<T>(&self, pick: impl FnMut(&Noted) -> Option<T>) -> Vec<T> {
        let list = self.0.0.lock().expect("no test panics with it");
        list.iter().filter_map(pick).collect()
    }
}

/// The handler. At `/echo` it sends back what comes, at `/sink` it takes it, at `/refuse` it does not let anybody in.
/// Anywhere else texts are commands, which `Context` methods carry out.
struct Stage {
    log: Log,
    /// Who is not read from until the mail `resume` comes.
    paused: Vec<ConnectionId>,
}

/// A connection's path, and what it still has to send since a send was refused.
pub(super) struct Player {
    path: String,
    left: usize,
    size: usize,
}

impl Drop for Player {
    fn drop(&mut self) {
        if self.path == "/panic-when-dropped" {
            resume_unwind(Box::new("drop"));
        }
    }
}

impl Handler for Stage {
    type State = Player;
    type Mail = String;

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Player> {
        match request.path() {
            "/refuse" => Response::text(Status::FORBIDDEN, "not you\n").into(),
            // Without the hook that would print it.
            "/panic" => resume_unwind(Box::new("on_request")),
            path => Reply::upgrade(Player { path: path.to_owned(), left: 0, size: 0 }),
        }
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        let path = connection.state().path.clone();
        if let Some(topic) = path.strip_prefix("/topic/") {
            connection.subscribe(topic);
        }
        self.log.note(Noted::Opened(connection.id(), path));
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let path = connection.state().path.as_str();
        match (path, message) {
            ("/echo", _) => drop(connection.send(message)),
            ("/sink", _) => self.log.note(Noted::Sunk(message.as_bytes().len())),
            (_, Message::Text(command)) => self.obey(connection, command),
            (_, other) => panic!("no command: {other:?}"),
        }
    }

    fn on_pong(&mut self, _: &mut Context<'_, Self>, payload: &[u8]) {
        self.log.note(Noted::Pong(payload.to_vec()));
    }

    fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
        self.log.note(Noted::Drained);
        self.flood(connection);
    }

    fn on_lag(&mut self, connection: &mut Context<'_, Self>, topic: &[u8], mark: u64) {
        let topic = String::from_utf8_lossy(topic).into_owned();
        if topic.starts_with("told-") {
            // What happens while a batch is delivered belongs to the same tick.
            connection.publish("laggards", topic.as_str());
        }
        self.log.note(Noted::Lagged(topic, mark));
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        connection.publish("obituaries", "one is gone");
        // Nothing can be sent any more.
        assert_eq!(connection.send("late"), Err(SendRefused::Closed));
        assert_eq!(connection.ping(b"late"), Err(SendError::Closing));
        let late = connection.close(CloseCode::NORMAL, "late");
        assert_eq!(late, Err(SendError::Closing));
        let noted = Noted::Closed(closed.code.number(), closed.cause);
        self.log.note(noted);
    }

    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, mail: String) {
        match mail.as_str() {
            "panic" => resume_unwind(Box::new("on_mail")),
            "resume" => {
                for id in self.paused.drain(..) {
                    worker.connection(id).expect("it is open").resume();
                }
            }
            _ => self.log.note(Noted::Mail(worker.id(), mail)),
        }
    }
}

impl Stage {
    fn obey(&mut self, connection: &mut Context<'_, Self>, command: &str) {
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["echo", text] => drop(connection.send(text)),
            ["flood", count, size] => {
                let state = connection.state();
                state.left = count.parse().expect("a count");
                state.size = size.parse().expect("a size");
                self.flood(connection);
            }
            ["subscribe", topic] => assert!(connection.subscribe(topic), "not twice"),
            ["publish", topic, text] => connection.publish(topic, text),
            ["publish-prepared", topic, text] => {
                connection.worker().publish_prepared(topic, &Prepared::new(text));
            }
            // In one tick, so with one mark each and only one delivery.
            ["publish", topic, count, size] => {
                let text = "x".repeat(size.parse().expect("a size"));
                for mark in 0..count.parse().expect("a count") {
                    let message = Prepared::new(text.as_str());
                    connection.worker().publish_here(topic, mark, None, |_, output| {
                        output.extend_from_slice(message.as_frame());
                    });
                }
            }
            ["fail-to-encode", topic] => {
                connection.worker().publish_here(topic, 0, None, |_, output| {
                    output.extend_from_slice(b"half a fra");
                    resume_unwind(Box::new("encode"));
                })
            }
            ["close", code, reason] => {
                let code = CloseCode::new(code.parse().expect("a code"));
                connection.close(code, reason).expect("not closing yet");
            }
            ["ping", payload] => connection.ping(payload.as_bytes()).expect("open"),
            ["mail", worker, text] => {
                let worker = WorkerId(worker.parse().expect("a number"));
                connection.worker().mail(worker, text.to_owned());
            }
            ["pause"] => {
                connection.pause();
                self.paused.push(connection.id());
            }
            ["panic"] => resume_unwind(Box::new("on_message")),
            _ => panic!("no command: {command}"),
        }
    }

    /// Sends what is left, as far as the queue takes it.
    fn flood(&self, connection: &mut Context<'_, Self>) {
        let Player { left, size, .. } = *connection.state();
        let payload = vec![7; size];
        let (mut accepted, mut refused) = (0, false);
        while accepted < left && !refused {
            match connection.send(payload.as_slice()) {
                Ok(_) => accepted += 1,
                Err(SendRefused::Full) => refused = true,
                Err(other) => panic!("{other}"),
            }
        }
        connection.state().left -= accepted;
        if left > 0 {
            self.log.note(Noted::Flooded { accepted, refused, backlog: connection.backlog() });
        }
    }
}
