//! A client as `docs/protocol.md` wants it to be: it keeps positions and what was not answered, and resumes.

mod telling;

use crate::log::{Channel, Entry, Log, Place};
use crate::plan::{Drop, Member, Plan};
use crate::random::Random;
use crate::speech::resume;
use crate::wire::{Ended, Wire};
use mio::{Registry, Token};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// One of the crowd.
pub(crate) struct Client {
    number: usize,
    token: String,
    pub(crate) member: Member,
    pub(crate) log: Log,
    pub(crate) random: Random,
    wire: Option<Wire>,
    phase: Phase,
    /// It reads nothing until then.
    paused_until: Option<Instant>,
    resume: Option<String>,
    held: BTreeMap<Channel, Held>,
    watch: Watch,
    last_id: u64,
    /// The last one of the connection before. Its answer may come on this one, if it is the same session.
    old_id: u64,
    /// What was asked for and not answered, by the id of the command.
    asked: HashMap<u64, Asked>,
    /// What it wants to be published and has no answer to.
    unanswered: VecDeque<Publishing>,
    published: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Without a connection, or without the WebSocket.
    Away,
    /// It has said who it is.
    Connecting,
    Connected,
}

/// A channel that it wants to be subscribed to.
#[derive(Clone, Debug, Default)]
struct Held {
    is_subscribed: bool,
    is_leaving: bool,
    at: Option<Place>,
}

/// What there is of its pattern.
#[derive(Debug, Default)]
struct Watch {
    is_subscribed: bool,
    /// It was told of loss.
    has_lost: bool,
    /// In which channels the last publication has come.
    lasts: BTreeSet<Channel>,
}

#[derive(Clone, Copy, Debug)]
enum Asked {
    Connect,
    Watch,
    Subscribe(Channel),
    Unsubscribe(Channel),
    Publish(Channel, u64),
    /// Something that it may not.
    Trespass(Channel),
}

#[derive(Clone, Debug)]
struct Publishing {
    id: u64,
    channel: Channel,
    size: usize,
}

impl Client {
    pub(crate) fn new(number: usize, plan: &Plan, token: &str) -> Self {
        let member = plan.members[number].clone();
        let held = member.channels.iter().map(|channel| (*channel, Held::default())).collect();
        let log = Log {
            may: member.may.clone(),
            may_lose: member.may_lose(),
            watches: member.watches(plan),
            entries: vec![],
        };
        Self {
            number,
            token: token.to_owned(),
            log,
            random: Random::new(plan.seed ^ ((number as u64) << 32)),
            member,
            wire: None,
            phase: Phase::Away,
            paused_until: None,
            resume: None,
            held,
            watch: Watch::default(),
            last_id: 0,
            old_id: 0,
            asked: HashMap::new(),
            unanswered: VecDeque::new(),
            published: 0,
        }
    }

    pub(crate) const fn is_away(&self) -> bool {
        self.wire.is_none()
    }

    /// It is connected, and everything that it has asked for was answered.
    pub(crate) fn is_settled(&self) -> bool {
        let is_there = |held: &Held| held.is_subscribed && !held.is_leaving;
        self.phase == Phase::Connected
            && self.asked.is_empty()
            && self.unanswered.is_empty()
            && self.held.values().all(is_there)
            && self.watch.is_subscribed == self.member.pattern.is_some()
    }

    /// It has got everything up to these places.
    pub(crate) fn has_reached(&self, tops: &[Place]) -> bool {
        let has_last = |(channel, is_watched): (usize, &bool)| {
            !is_watched || self.watch.lasts.contains(&(channel as Channel))
        };
        self.is_settled()
            && (self.watch.has_lost || self.log.watches.iter().enumerate().all(has_last))
            && self.held.iter().all(|(channel, held)| held.at == Some(tops[usize::from(*channel)]))
    }

    pub(crate) fn connect(
        &mut self,
        address: SocketAddr,
        registry: &Registry,
        token: Token,
    ) -> io::Result<()> {
        let receive_buffer = self.member.slow.map(|_| SMALL_BUFFER);
        let mut wire = Wire::connect(address, self.member.encoding, receive_buffer)?;
        wire.register(registry, token)?;
        self.wire = Some(wire);
        Ok(())
    }

    pub(crate) fn note_readable(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.note_readable();
        }
    }

    pub(crate) const fn pause(&mut self, until: Instant) {
        self.paused_until = Some(until);
    }

    /// Reads, answers and sends, as far as the socket allows. `false`: its connection is gone.
    pub(crate) fn go_on(&mut self, now: Instant, plan: &Plan) -> bool {
        let Some(wire) = &mut self.wire else {
            return true;
        };
        let mut told = Vec::new();
        self.paused_until.take_if(|until| *until <= now);
        let mut outcome = Ok(());
        if self.paused_until.is_none() || self.phase != Phase::Connected {
            let encoding = self.member.encoding;
            outcome = wire.receive(READ_SIZE_MAX, |message| told.push(encoding.decode(message)));
        }
        for told in told {
            match told {
                Ok(told) => self.take(told, plan),
                Err(what) => self.log.entries.push(Entry::Nonsense { what }),
            }
        }
        if self.wire.as_ref().is_some_and(Wire::is_open) && self.phase == Phase::Away {
            self.say_who_it_is(plan);
        }
        if outcome.is_ok() {
            outcome = self.wire.as_mut().map_or(Ok(()), Wire::flush);
        }
        if outcome == Err(Ended) {
            self.wire = None;
            self.lost();
        }
        outcome.is_ok()
    }

    /// Ends its connection. What is left of it is to be kept for a while.
    pub(crate) fn drop_connection(&mut self, how: Drop, registry: &Registry) -> Option<Wire> {
        if how == Drop::Farewell && self.phase == Phase::Connected {
            self.command("disconnect", json!({}), None);
            // The server has it or not; either way what comes then is somebody else.
            self.resume = None;
        }
        let mut wire = self.wire.take()?;
        let _gone = wire.flush();
        self.lost();
        match how {
            Drop::Reset => {
                wire.reset();
                return None;
            }
            Drop::End | Drop::Farewell => wire.end(),
            Drop::Silence => {}
        }
        wire.fall_silent(registry);
        Some(wire)
    }

    fn lost(&mut self) {
        if self.phase == Phase::Connected {
            self.log.entries.push(Entry::Gone);
        }
        self.phase = Phase::Away;
        self.asked.clear();
        self.old_id = self.last_id;
    }

    pub(crate) fn publish(&mut self, channel: Channel, size: usize, plan: &Plan) {
        self.published += 1;
        let id = ((self.number as u64 + 1) << 20) + self.published;
        let publishing = Publishing { id, channel, size };
        self.unanswered.push_back(publishing.clone());
        if self.phase == Phase::Connected {
            self.send(&publishing, plan);
        }
    }

    /// Unsubscribes; it subscribes again when that was answered.
    pub(crate) fn wander(&mut self, place: usize, plan: &Plan) {
        let channel = self.member.channels[place];
        let held = self.held.entry(channel).or_default();
        if self.phase == Phase::Connected && held.is_subscribed && !held.is_leaving {
            held.is_leaving = true;
            self.unsubscribe(channel, plan);
        }
    }

    /// Tries all that it may not.
    pub(crate) fn trespass(&mut self, channel: Channel, plan: &Plan) {
        if self.phase != Phase::Connected {
            return;
        }
        let name = plan.name(channel);
        let id = (self.number as u64 + 1) << 20;
        self.log.entries.push(Entry::Sent { channel, id, excludes_self: false });
        let data = self.member.encoding.data(id, 0);
        let publish = json!({ "channel": name, "data": data });
        let here = json!({ "channel": name });
        let pattern = json!({ "channel": format!("{}*", name.trim_end_matches(char::is_numeric)) });
        for (command, body) in [
            ("subscribe", here.clone()),
            ("subscribe", pattern),
            ("publish", publish),
            ("history", here.clone()),
            ("presence", here),
        ] {
            self.command(command, body, Some(Asked::Trespass(channel)));
        }
    }

    fn say_who_it_is(&mut self, plan: &Plan) {
        self.phase = Phase::Connecting;
        let mut connect = json!({ "token": self.token });
        if let Some(token) = self.resume.clone() {
            let held = self.held.iter().filter(|(_, held)| held.is_subscribed);
            let known =
                held.filter_map(|(channel, held)| Some((plan.name(*channel), held.at?.sequence)));
            let pattern = self.member.pattern.clone().filter(|_| self.watch.is_subscribed);
            let known = known.chain(pattern.map(|pattern| (pattern, 0)));
            connect["resume"] = resume(&token, &known.collect::<BTreeMap<_, _>>());
        }
        self.command("connect", connect, Some(Asked::Connect));
    }

    fn subscribe(&mut self, channel: Channel, position: Option<Place>, plan: &Plan) {
        let mut body = json!({ "channel": plan.name(channel) });
        if let Some(Place { epoch, sequence }) = position {
            body["position"] = json!({ "epoch": format!("{epoch:x}"), "sequence": sequence });
        }
        if let Some(slow) = self.member.slow {
            body["slow"] = json!(slow);
        }
        self.log.entries.push(Entry::Asked { channel, position });
        self.command("subscribe", body, Some(Asked::Subscribe(channel)));
    }

    fn unsubscribe(&mut self, channel: Channel, plan: &Plan) {
        self.log.entries.push(Entry::Leaves { channel });
        let body = json!({ "channel": plan.name(channel) });
        self.command("unsubscribe", body, Some(Asked::Unsubscribe(channel)));
    }

    fn send(&mut self, publishing: &Publishing, plan: &Plan) {
        let Publishing { id, channel, size } = *publishing;
        let data = self.member.encoding.data(id, size);
        // What conflates has something to conflate.
        let key = format!("k{}", id % 4);
        let mut body = json!({ "channel": plan.name(channel), "idempotency_key": id.to_string(), "key": key, "data": data });
        let excludes_self = self.member.excludes_self;
        if excludes_self {
            body["exclude_self"] = json!(true);
        }
        self.log.entries.push(Entry::Sent { channel, id, excludes_self });
        self.command("publish", body, Some(Asked::Publish(channel, id)));
    }

    /// Says something; the answer is awaited if it is known what for.
    fn command(&mut self, name: &str, body: Value, asked: Option<Asked>) {
        let mut command = json!({ name: body });
        if let Some(asked) = asked {
            self.last_id += 1;
            command["id"] = json!(self.last_id);
            self.asked.insert(self.last_id, asked);
        }
        let message = self.member.encoding.encode(command);
        if let Some(wire) = &mut self.wire {
            wire.send(&message);
        }
    }

    /// When it tries again: after a while by chance.
    pub(crate) fn patience(&mut self) -> Duration {
        Duration::from_millis(self.random.within(10..800))
    }
}

/// Why it is not settled.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_missing = |(_, held): &(&Channel, &Held)| !held.is_subscribed || held.is_leaving;
        let missing: Vec<_> = self.held.iter().filter(is_missing).collect();
        write!(f, "client {}: {:?}, ", self.number, self.phase)?;
        write!(f, "awaits {:?}, {:?}, without {missing:?}", self.asked, self.unanswered)?;
        write!(f, ", of {:?} {:?}", self.member.pattern, self.watch)?;
        let last = self.log.entries.iter().rev().take(5);
        write!(f, ", last {:?}", last.collect::<Vec<_>>())
    }
}

/// Below that the kernel sends by timers, one piece at a time, which would be a test of the kernel.
const SMALL_BUFFER: usize = 16 * 1024;
/// What one client reads in its turn.
const READ_SIZE_MAX: usize = 256 * 1024;
