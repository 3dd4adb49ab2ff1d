//! The handler of the simulated workers that speak HTTP: what becomes of a request follows from its path, which also
//! carries its key. The ledger says what the handler was told and what it did.

use super::super::application::PANIC;
use super::ledger::{Ledger, Record};
use sockeye::handler::{Closed, SendRefused};
use sockeye::protocol::http::{BodyPart, Request, Response, Status};
use sockeye::protocol::{CloseCode, Message};
use sockeye::{
    ConnectionId, Context, Handler, Remote, Reply, RequestContext, WorkerContext, WorkerId,
};
use std::time::{Duration, Instant};

/// What workers and tests tell a worker.
pub(crate) enum Mail {
    /// Answer this request after so long.
    Ask(ConnectionId, String, Duration),
    Answer(ConnectionId, String),
    /// Whatever a test wants, if the connection is there.
    Do(ConnectionId, fn(&mut Context<'_, Desk>)),
}

pub(crate) struct State {
    pub(crate) kind: String,
    pub(crate) key: String,
    /// What a stream has still to send: pieces, and the size of each; and how it ends.
    left: (usize, usize),
    end: CloseCode,
    _bomb: Option<Bomb>,
}

/// Whoever drops it is in for a panic.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("{PANIC}");
        }
    }
}

pub(crate) struct Desk {
    ledger: Ledger,
    remote: Remote<Mail>,
    /// Requests of other workers to be answered.
    asked: Vec<(Instant, ConnectionId, String)>,
    /// Streams to be ended.
    ending: Vec<(Instant, ConnectionId)>,
}

impl Desk {
    pub(crate) fn new(ledger: &Ledger, remote: &Remote<Mail>) -> Self {
        let (ledger, remote) = (ledger.clone(), remote.clone());
        Self { ledger, remote, asked: Vec::new(), ending: Vec::new() }
    }

    fn note<R>(&self, key: &str, note: impl FnOnce(&mut Record) -> R) -> R {
        self.ledger.note(key, note)
    }

    fn reply(&self, connection: &mut Context<'_, Self>, reply: impl Into<Reply<State>>) {
        let key = connection.state().key.clone();
        let reply = reply.into();
        let is_last = !matches!(reply, Reply::Pending(_));
        let is_taken = connection.reply(reply).is_ok();
        self.note(&key, |record| record.replied += usize::from(is_taken && is_last));
    }

    fn wait(&self, state: State, timeout: Duration) -> Reply<State> {
        self.note(&state.key, |record| record.has_waited = true);
        Reply::pending(state, timeout)
    }

    /// Replies, from the request of somebody else, to the one with this key, if it is on this worker.
    fn release(&self, connection: &mut RequestContext<'_, Self>, key: &str, how: &str) {
        let Some(id) = self.ledger.record(key).id else {
            return;
        };
        let mut worker = connection.worker();
        let Some(mut other) = worker.connection(id) else {
            return;
        };
        match how {
            "again" => {
                let state = State::at("echo", key);
                self.reply(&mut other, Reply::pending(state, PATIENCE));
            }
            "end" => other.close(CloseCode::NORMAL, "").expect("it has not ended"),
            "stream" => {
                let state = State::at("quiet", key);
                self.reply(&mut other, Reply::stream(state, head(key)));
            }
            _ => self.reply(&mut other, answer(key, "released\n")),
        }
    }

    /// Sends of a stream what there is room for.
    fn go_on(&self, connection: &mut Context<'_, Self>) {
        loop {
            let State { key, left: (count, size), end, .. } = connection.state();
            let (count, size, end, key) = (*count, *size, *end, key.clone());
            let Some(left) = count.checked_sub(1) else {
                let _closed_before = connection.close(end, "");
                return;
            };
            let piece = piece(&key, count, size);
            match connection.send(piece.as_slice()) {
                Ok(_) => self.note(&key, |record| record.sent.extend(piece)),
                Err(SendRefused::Full) => return,
                Err(_) => return,
            }
            connection.state().left.0 = left;
        }
    }

    fn subscribe(&mut self, connection: &mut Context<'_, Self>) {
        let State { key, left: (_, millis), .. } = connection.state();
        let (key, time) = (key.clone(), Duration::from_millis(*millis as u64));
        assert!(connection.subscribe(NEWS), "a stream that has just begun");
        let at = connection.worker().now() + time;
        self.ending.push((at, connection.id()));
        let joined_at = self.ledger.notes().published.clone();
        self.note(&key, |record| record.joined_at = joined_at);
    }

    fn publish(&self, connection: &mut RequestContext<'_, Self>, key: &str) {
        let client = key.split('.').next().unwrap_or_default().to_owned();
        let mut notes = self.ledger.notes_mut();
        let number = notes.published.entry(client.clone()).or_default();
        connection.worker().publish(NEWS, format!("{client}:{number}:").as_str());
        *number += 1;
    }
}

impl State {
    pub(crate) fn at(kind: &str, key: &str) -> Self {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        Self { kind, key, left: (0, 0), end: CloseCode::NORMAL, _bomb: None }
    }
}

/// An answer that says whose it is.
pub(crate) fn answer(key: &str, body: impl Into<Vec<u8>>) -> Response {
    let answer = head(key).with_body("text/plain", body.into());
    answer.expect("a plain type")
}

fn head(key: &str) -> Response {
    Response::new(Status::OK).with_header("X-Request", key).expect("a key is plain")
}

/// The piece of a stream of which `count` are left.
pub(crate) fn piece(key: &str, count: usize, size: usize) -> Vec<u8> {
    format!("{key} {count} {}\n", "s".repeat(size)).into_bytes()
}

/// What `/now` answers.
pub(crate) fn page(key: &str, size: usize) -> Vec<u8> {
    format!("{key} {}\n", "p".repeat(size)).into_bytes()
}

impl Handler for Desk {
    type State = State;
    type Mail = Mail;

    fn on_request(
        &mut self,
        connection: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<State> {
        let mut parts = request.path().trim_start_matches('/').split('/');
        let (Some(kind), Some(key)) = (parts.next(), parts.next()) else {
            return Response::text(Status::NOT_FOUND, "whose?\n").into();
        };
        let first = parts.next().unwrap_or_default();
        let number = |text: &str| text.parse::<usize>().unwrap_or(0);
        let (id, worker) = (connection.id(), connection.worker().id());
        self.note(key, |record| {
            record.id = Some(id);
            record.asked += 1;
        });
        let mut state = State::at(kind, key);
        let time = Duration::from_millis(number(first) as u64);
        match kind {
            "now" | "ignore" => answer(key, page(key, number(first))).into(),
            "echo" | "hasty" | "wait" | "pausing" | "late-socket" | "panic-body"
            | "panic-close" => self.wait(state, PATIENCE),
            "bomb" => {
                state._bomb = Some(Bomb);
                self.wait(state, PATIENCE)
            }
            "never" | "again" => self.wait(state, time),
            "mail" => {
                let other = WorkerId((worker.0 + 1) % connection.worker().workers() as u16);
                let ask = Mail::Ask(id, key.to_owned(), time);
                connection.worker().mail(other, ask);
                self.wait(state, PATIENCE)
            }
            "release" => {
                self.release(connection, first, parts.next().unwrap_or_default());
                answer(key, "done\n").into()
            }
            "stream" | "topic" | "quiet" | "panic-open" => {
                let (size, end) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("1000"));
                state.left = (number(first), number(size));
                state.end = CloseCode::new(number(end) as u16);
                Reply::stream(state, head(key))
            }
            "publish" => {
                self.publish(connection, key);
                answer(key, "published\n").into()
            }
            "hop" if worker.0 as usize == number(first) => {
                answer(key, format!("at {first}\n")).into()
            }
            "hop" => Reply::HandOff(WorkerId(number(first) as u16)),
            "socket" => Reply::upgrade(state),
            "early-stream" => {
                let status = Status::new(103).expect("a status");
                Reply::stream(state, Response::new(status))
            }
            "panic-request" => panic!("{PANIC}"),
            _ => Response::text(Status::NOT_FOUND, "no such place\n").into(),
        }
    }

    fn on_body(&mut self, connection: &mut Context<'_, Self>, body: BodyPart<'_>) {
        let State { kind, key, .. } = connection.state();
        let (kind, key) = (kind.clone(), key.clone());
        let is_end = matches!(body, BodyPart::End);
        self.note(&key, |record| match body {
            BodyPart::Data(data) => record.body.extend_from_slice(data),
            BodyPart::End => record.body_ends += 1,
        });
        match kind.as_str() {
            "echo" if is_end => {
                let body = self.note(&key, |record| record.body.clone());
                self.reply(connection, answer(&key, body));
            }
            "hasty" => self.reply(connection, answer(&key, "enough\n")),
            "again" if is_end => {
                let id = connection.id();
                let ask = Mail::Ask(id, key.clone(), Duration::from_millis(300));
                connection.worker().mail(id.worker(), ask);
                self.reply(connection, Reply::pending(State::at("wait", &key), PATIENCE));
            }
            "pausing" if !is_end => {
                connection.pause();
                let (id, time) = (connection.id(), Duration::from_millis(300));
                connection.worker().mail(id.worker(), Mail::Ask(id, key, time));
            }
            "late-socket" if is_end => {
                self.reply(connection, Reply::upgrade(State::at("socket", &key)));
            }
            "panic-body" => {
                self.note(&key, |record| record.has_panicked = true);
                panic!("{PANIC}");
            }
            _ => {}
        }
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        let State { kind, key, .. } = connection.state();
        let (kind, key) = (kind.clone(), key.clone());
        self.note(&key, |record| record.opened += 1);
        match kind.as_str() {
            "stream" => self.go_on(connection),
            "topic" => self.subscribe(connection),
            "panic-open" => panic!("{PANIC}"),
            _ => {}
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let _closing = connection.send(message);
    }

    fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
        let State { kind, key, .. } = connection.state();
        let (kind, key) = (kind.clone(), key.clone());
        self.note(&key, |record| record.drains += 1);
        if kind == "stream" {
            self.go_on(connection);
        }
    }

    fn on_lag(&mut self, connection: &mut Context<'_, Self>, _: &[u8], _: u64) {
        let key = connection.state().key.clone();
        self.note(&key, |record| record.lags += 1);
        let _already_ended = connection.close(CloseCode::TRY_AGAIN_LATER, "too slow");
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        let key = connection.state().key.clone();
        self.note(&key, |record| record.closed.push((closed.code.number(), closed.cause)));
        assert!(
            connection.reply(answer(&key, "late")).is_err() && connection.send("late").is_err()
        );
        assert!(!connection.subscribe(NEWS) && connection.close(CloseCode::NORMAL, "").is_err());
        connection.pause();
        if connection.state().kind == "panic-close" {
            panic!("{PANIC}");
        }
    }

    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, mail: Mail) {
        match mail {
            Mail::Ask(id, key, time) => self.asked.push((worker.now() + time, id, key)),
            Mail::Answer(id, key) => {
                if let Some(mut connection) = worker.connection(id) {
                    self.reply(&mut connection, answer(&key, format!("mail for {key}\n")));
                }
            }
            Mail::Do(id, what) => {
                if let Some(mut connection) = worker.connection(id) {
                    what(&mut connection);
                }
            }
        }
    }

    fn on_tick(&mut self, worker: &mut WorkerContext<'_, Self>, now: Instant) -> Option<Instant> {
        for (_, id, key) in self.asked.extract_if(.., |(at, ..)| *at <= now) {
            let is_from_afar = key.len() % 2 == 0;
            if is_from_afar {
                self.ledger.note(&key, |record| record.is_answered_from_afar = true);
                let response = answer(&key, format!("mail for {key}\n"));
                let _full = self.remote.respond(id, response);
            } else {
                worker.mail(id.worker(), Mail::Answer(id, key));
            }
        }
        for (_, id) in self.ending.extract_if(.., |(at, ..)| *at <= now) {
            if let Some(mut connection) = worker.connection(id) {
                let _already_ended = connection.close(CloseCode::NORMAL, "");
            }
        }
        Some(now + TICK)
    }
}

const NEWS: &str = "news";

/// How often the handler looks for what is due.
const TICK: Duration = Duration::from_millis(100);

/// For replies that are sure to come.
const PATIENCE: Duration = Duration::from_secs(30);
