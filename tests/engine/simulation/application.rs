//! The handler of the simulated workers. What a connection does follows from the path that its client asked for, which
//! also carries the client's number; the log says what was promised to whom.

use super::notes::{Log, Record};
use super::post::Letter;
use sockeye::handler::{Closed, SendRefused};
use sockeye::protocol::http::{Request, Response, Status};
use sockeye::protocol::{CloseCode, Message, Opcode, Prepared, encode_frame};
use sockeye::worker::Variant;
use sockeye::{Context, Handler, Reply, RequestContext, WorkerContext, WorkerId};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Each message comes back.
    Echo,
    /// Each message goes to all others, on all workers.
    Topic,
    /// As a topic, but by mail from handler to handler, which publish it on their workers; and some messages go to one of
    /// the others alone.
    Mailed,
    /// Hears what the workers publish whenever their handlers' time has come.
    Timed,
    /// Each message is a list of things to send and to publish to all of this worker.
    Mixed(Variant, WhenLagging),
    /// A message asks for so many messages of some size.
    Flood,
    /// The handler panics, here or there.
    Panic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenLagging {
    Close,
    /// Subscribe again, with a message that says so.
    Resume,
}

#[derive(Debug)]
pub(crate) struct State {
    client: usize,
    purpose: Purpose,
    /// Messages that could not be sent yet: how many, and their size.
    pending: (usize, usize),
    has_lagged: bool,
}

#[derive(Debug)]
pub(crate) struct Application {
    log: Log,
    mark: u64,
}

impl Application {
    pub(crate) fn new(log: &Log) -> Self {
        Self { log: Rc::clone(log), mark: 0 }
    }

    fn note<R>(&self, client: usize, note: impl FnOnce(&mut Record) -> R) -> R {
        note(self.log.borrow_mut().entry(client).or_default())
    }

    /// Sends what the client is to get from now on, if there is room.
    fn send(&self, connection: &mut Context<'_, Self>, text: &str) -> Result<(), SendRefused> {
        let client = connection.state().client;
        let sent = connection.send(text);
        self.note(client, |record| match sent {
            Ok(accepted) => {
                record.owed.push((None, text.to_owned()));
                record.backlog_max = record.backlog_max.max(accepted.backlog);
            }
            Err(SendRefused::Full) => record.refused += 1,
            Err(_) => {}
        });
        sent.map(drop)
    }

    /// Publishes to all connections of this worker that are for it, the cause included or not.
    fn publish(&mut self, connection: &mut Context<'_, Self>, text: &str, is_to_all: bool) {
        self.mark += 1;
        let (mark, id) = (self.mark, connection.id());
        let except = (!is_to_all).then_some(id);
        let own = id.worker();
        for record in self.log.borrow_mut().values_mut() {
            if let (Some(variant), Some(id)) = (record.is_live, record.id)
                && id.worker() == own
                && Some(id) != except
            {
                let text = format!("{text} in {}", variant.0);
                record.owed.push((Some(mark), text));
            }
        }
        let mut worker = connection.worker();
        worker.publish_here(MIXED, mark, except, |variant, output| {
            let text = format!("{text} in {}", variant.0);
            encode_frame(Opcode::Text, text.as_bytes(), output);
        });
    }

    fn flood(&self, connection: &mut Context<'_, Self>) {
        loop {
            let (count, size) = connection.state().pending;
            let Some(left) = count.checked_sub(1) else {
                return;
            };
            let text = format!("{count} left {}", "f".repeat(size));
            if self.send(connection, &text).is_err() {
                return;
            }
            connection.state().pending = (left, size);
        }
    }

    /// Tells all others, and one of them directly as well.
    fn tell_of_lag(&mut self, connection: &mut Context<'_, Self>, client: usize) {
        self.publish(connection, &format!("{client} lags"), true);
        let own = connection.id().worker();
        let other = self.log.borrow().iter().find_map(|(number, record)| {
            let id = record.id.filter(|id| id.worker() == own)?;
            (record.is_live.is_some() && *number != client).then_some(id)
        });
        let mut worker = connection.worker();
        if let Some(mut other) = other.and_then(|id| worker.connection(id)) {
            let _refused = self.send(&mut other, &format!("{client} lags, directly"));
        }
    }

    /// Carries out "tag dpPd…": direct sends, and publications without and with the sender.
    fn mix(&mut self, connection: &mut Context<'_, Self>, text: &str) {
        let (tag, orders) = text.split_once(' ').unwrap_or((text, ""));
        for (index, order) in orders.bytes().enumerate() {
            let text = format!("{tag}.{index}");
            match order {
                b'd' => drop(self.send(connection, &text)),
                b'p' => self.publish(connection, &text, false),
                _ => self.publish(connection, &text, true),
            }
        }
    }
}

impl Application {
    /// Mails what the client said to all workers, or to the worker of one of the others.
    fn mail(&self, connection: &mut Context<'_, Self>, text: &str) {
        let (client, id) = (connection.state().client, connection.id());
        let mut notes = self.log.borrow_mut();
        let others = notes.mailed_but(client);
        let own = notes.entry(client).or_default();
        own.said += 1;
        let to = others.get(own.said % (2 * others.len() + 1)).copied();
        let said = own.said;
        let mut worker = connection.worker();
        match to {
            Some(to) if said.is_multiple_of(2) => {
                // By the engine's own mail: nobody says whether there was room.
                worker.send(to, &Prepared::new(format!("engine:{client}:{said}").as_str()));
            }
            Some(to) => {
                let letter = Letter::direct(to, format!("letter:{client}:{said}"));
                let letter = notes.post.stamp(worker.id(), to.worker(), letter);
                worker.mail(to.worker(), letter);
            }
            None => {
                let padding = text.rsplit(':').next().unwrap_or("");
                let text = format!("{client}:{}:{padding}", own.published);
                own.published += 1;
                for to in (0..worker.workers() as u16).map(WorkerId) {
                    let letter = Letter::to_all(id, text.clone());
                    let letter = notes.post.stamp(worker.id(), to, letter);
                    worker.mail(to, letter);
                }
            }
        }
    }
}

impl Handler for Application {
    type State = State;
    type Mail = Letter;

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<State> {
        let mut parts = request.path().trim_start_matches('/').split('/');
        let purpose = match parts.next() {
            Some("echo") => Purpose::Echo,
            Some("topic") => Purpose::Topic,
            Some("mailed") => Purpose::Mailed,
            Some("timed") => Purpose::Timed,
            Some("mixed") => Purpose::Mixed(Variant(0), WhenLagging::Close),
            Some("varied") => Purpose::Mixed(Variant(1), WhenLagging::Close),
            Some("resuming") => Purpose::Mixed(Variant(2), WhenLagging::Resume),
            Some("flood") => Purpose::Flood,
            Some("panic") => Purpose::Panic,
            Some("panic-request") => panic!("{PANIC}"),
            _ => return Response::text(Status::NOT_FOUND, "no such place\n").into(),
        };
        let Some(client) = parts.next().and_then(|number| number.parse().ok()) else {
            return Response::text(Status::NOT_FOUND, "whose?\n").into();
        };
        Reply::upgrade(State { client, purpose, pending: (0, 0), has_lagged: false })
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        let id = connection.id();
        let &mut State { client, purpose, .. } = connection.state();
        self.note(client, |record| {
            record.opened += 1;
            record.id = Some(id);
        });
        match purpose {
            Purpose::Topic | Purpose::Mailed | Purpose::Timed => {
                let topic = match purpose {
                    Purpose::Topic => "topic",
                    Purpose::Mailed => MAILED,
                    _ => TIMED,
                };
                connection.subscribe(topic);
                let mut log = self.log.borrow_mut();
                let published = log.iter().map(|(client, record)| (*client, record.published));
                let joined_at = published.collect();
                let record = log.entry(client).or_default();
                record.joined_at = joined_at;
                record.is_mailed = purpose == Purpose::Mailed;
            }
            Purpose::Mixed(variant, _) => {
                connection.subscribe_variant(MIXED, variant);
                self.note(client, |record| record.is_live = Some(variant));
            }
            Purpose::Echo | Purpose::Flood | Purpose::Panic => {}
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let Message::Text(text) = message else {
            return;
        };
        match connection.state().purpose {
            Purpose::Echo => drop(self.send(connection, text)),
            Purpose::Topic => {
                let client = connection.state().client;
                self.note(client, |record| record.published += 1);
                connection.publish("topic", text);
            }
            Purpose::Mailed => self.mail(connection, text),
            Purpose::Timed => {}
            Purpose::Mixed(..) => self.mix(connection, text),
            Purpose::Flood => {
                let (count, size) = text.split_once(' ').unwrap_or(("1", "1"));
                let number = |text: &str| text.parse().unwrap_or(1);
                connection.state().pending = (number(count), number(size));
                self.flood(connection);
            }
            Purpose::Panic => panic!("{PANIC}"),
        }
    }

    fn on_drain(&mut self, connection: &mut Context<'_, Self>) {
        let &mut State { client, purpose, has_lagged, .. } = connection.state();
        self.note(client, |record| record.drains += 1);
        match purpose {
            Purpose::Flood => self.flood(connection),
            Purpose::Mixed(variant, _)
                if has_lagged && self.send(connection, "resumed").is_ok() =>
            {
                connection.state().has_lagged = false;
                connection.subscribe_variant(MIXED, variant);
                self.note(client, |record| record.is_live = Some(variant));
            }
            _ => {}
        }
    }

    fn on_lag(&mut self, connection: &mut Context<'_, Self>, _: &[u8], mark: u64) {
        let &mut State { client, purpose, .. } = connection.state();
        self.note(client, |record| {
            record.lags += 1;
            record.is_live = None;
            // From this mark on it gets none of what was published, and nothing else was queued since.
            let is_missed = |(published, _): &(Option<u64>, String)| *published >= Some(mark);
            record.owed.retain(|owed| !is_missed(owed));
        });
        connection.state().has_lagged = true;
        self.tell_of_lag(connection, client);
        if !matches!(purpose, Purpose::Mixed(_, WhenLagging::Resume)) {
            let _already_closing = connection.close(CloseCode::TRY_AGAIN_LATER, "too slow");
        }
    }

    fn on_close(&mut self, connection: &mut Context<'_, Self>, closed: &Closed<'_>) {
        let &mut State { client, purpose, .. } = connection.state();
        let was_live = self.note(client, |record| {
            record.closed.push((closed.code.number(), closed.cause));
            record.is_live.take().is_some()
        });
        if was_live && matches!(purpose, Purpose::Mixed(..)) {
            // Whatever ends a connection, in whatever part of a tick, others may hear of it.
            self.publish(connection, &format!("{client} left"), true);
        }
        if purpose == Purpose::Panic && client % 2 == 0 {
            panic!("{PANIC}");
        }
    }

    fn on_mail(&mut self, worker: &mut WorkerContext<'_, Self>, letter: Letter) {
        self.log.borrow_mut().post.take(worker.id(), &letter);
        let Letter { from, to, text, .. } = letter;
        if let Some(to) = to {
            if let Some(mut connection) = worker.connection(to) {
                let _refused = self.send(&mut connection, &text);
            }
            return;
        }
        worker.publish_here(MAILED, 0, from, |_, output| {
            encode_frame(Opcode::Text, text.as_bytes(), output);
        });
    }

    fn on_tick(&mut self, worker: &mut WorkerContext<'_, Self>, now: Instant) -> Option<Instant> {
        let clock = CLOCKS + usize::from(worker.id().0);
        let number = self.note(clock, |record| {
            record.published += 1;
            record.ticked_at = Some(now);
            record.published - 1
        });
        worker.publish(TIMED, format!("{clock}:{number}:").as_str());
        Some(now + TICK)
    }
}

const MIXED: &str = "mixed";
const MAILED: &str = "mailed";
const TIMED: &str = "timed";

/// From this number on, what seems to be a client is the clock of a worker.
pub(crate) const CLOCKS: usize = 1_000_000;

/// How often each worker's handler wants to be called.
pub(crate) const TICK: Duration = Duration::from_millis(500);

/// What panics on purpose say.
pub(crate) const PANIC: &str = "a handler panics on purpose";
