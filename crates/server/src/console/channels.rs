//! What is kept of each channel so that nothing is lost in silence: `docs/protocol.md`, "So that nothing is lost".

use serde_json::{Map, Value, json};

/// All that is subscribed to, and what the session is resumed with.
#[derive(Debug, Default)]
pub(super) struct Channels {
    resume: Option<String>,
    places: Vec<Place>,
}

/// ```text
///              subscribed                         caught_up
///   Asked ─┬─────────────► Behind ─────────────────────────► Live
///          │    live                                          ▲
///          └──────────────────────────────────────────────────┘
///   Behind, Live ── a gap: unsubscribe, subscribe from `last` ──► Again ── as Asked
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The session may not know of it yet.
    Asked,
    /// The session knows of it, and will say where it begins.
    Again,
    Behind,
    Live,
}

/// A channel or a pattern.
#[derive(Debug)]
struct Place {
    name: String,
    phase: Phase,
    epoch: Option<String>,
    /// The last number that was here.
    last: u64,
}

/// What to do about something that the server has said.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Turn {
    /// What people should hear of.
    pub(super) note: Option<String>,
    /// Commands to send, together.
    pub(super) commands: Vec<(&'static str, Value)>,
    /// A publication that was not here before.
    pub(super) is_new: bool,
}

impl Channels {
    /// None of which anything is known, but where the first one begins if that is given.
    pub(super) fn new(names: &[String], from: Option<&(String, u64)>) -> Self {
        let mut channels = Self::default();
        for name in names {
            if channels.place(name).is_none() {
                let (name, phase) = (name.clone(), Phase::Asked);
                channels.places.push(Place { name, phase, epoch: None, last: 0 });
            }
        }
        if let (Some(first), Some((epoch, last))) = (channels.places.first_mut(), from) {
            (first.epoch, first.last) = (Some(epoch.clone()), *last);
        }
        channels
    }

    /// Whether there was a session.
    pub(super) const fn has_session(&self) -> bool {
        self.resume.is_some()
    }

    /// Whether everything was revoked.
    pub(super) const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What `connect` resumes with: all channels, patterns with 0. `None` where the session may not know of all of them.
    pub(super) fn resume(&self) -> Option<Value> {
        let token = self.resume.as_ref()?;
        if self.places.iter().any(|place| place.phase == Phase::Asked) {
            return None;
        }
        let positions = self.places.iter().map(|place| (place.name.clone(), json!(place.last)));
        let positions: Map<_, _> = positions.collect();
        Some(json!({ "token": token, "positions": positions }))
    }

    /// Takes something in.
    pub(super) fn hear(&mut self, kind: &str, body: &Value) -> Turn {
        let number = |name: &str| body[name].as_u64();
        if kind == "connected" {
            return self.connected(body);
        }
        // What comes by a pattern has numbers of many channels.
        let channel = body["channel"].as_str().filter(|_| body["pattern"].is_null());
        let Some(place) = channel.and_then(|name| self.place(name)) else {
            return Turn::is_new(kind == "publication");
        };
        let name = &place.name;
        match (kind, body["recovery"].as_str()) {
            ("publication", _) => place.publication(body),
            ("subscribed", recovery) => {
                place.phase = if recovery == Some("live") { Phase::Live } else { Phase::Behind };
                Turn::note(place.subscribed(body))
            }
            ("caught_up", _) => {
                place.phase = Phase::Live;
                place.move_to(&body["position"]);
                Turn::default()
            }
            ("heartbeat", _) if place.is_ahead(&body["position"]) => place.subscribe_again(),
            ("lost", _) => {
                let text = match (number("from"), number("to")) {
                    (Some(from), Some(to)) => {
                        place.last = place.last.max(to);
                        format!("{name}: lost what was after {from} up to {to}")
                    }
                    _ => format!("{name}: lost some publications"),
                };
                Turn::note(Some(format!(
                    "{text}: {}",
                    body["reason"].as_str().unwrap_or("unknown")
                )))
            }
            ("revoked", _) => {
                let text =
                    format!("{name}: revoked: {}", body["reason"].as_str().unwrap_or("unknown"));
                self.places.retain(|place| body["channel"] != *place.name);
                Turn::note(Some(text))
            }
            _ => Turn::default(),
        }
    }

    /// Subscribes where the session is a new one.
    fn connected(&mut self, body: &Value) -> Turn {
        let is_first = self.resume.is_none();
        self.resume = body["resume"].as_str().map(str::to_owned);
        if body["resumed"] == true {
            self.places.iter_mut().for_each(|place| place.phase = Phase::Again);
            return Turn::note(Some("connected again; the session goes on".to_owned()));
        }
        self.places.iter_mut().for_each(|place| place.phase = Phase::Asked);
        let commands = self.places.iter().map(Place::subscribe).collect();
        let mut note = (!is_first).then(|| "connected again, with a new session".to_owned());
        for place in self.places.iter().filter(|place| !is_first && place.is_pattern()) {
            *note.get_or_insert_default() +=
                &format!("\n{}: lost what was published meanwhile", place.name);
        }
        Turn { note, commands, is_new: false }
    }

    fn place(&mut self, name: &str) -> Option<&mut Place> {
        self.places.iter_mut().find(|place| place.name == name)
    }
}

impl Place {
    fn is_pattern(&self) -> bool {
        self.name.ends_with('*')
    }

    fn subscribe(&self) -> (&'static str, Value) {
        let mut body = json!({ "channel": self.name });
        if let Some(epoch) = &self.epoch {
            body["position"] = json!({ "epoch": epoch, "sequence": self.last });
        }
        ("subscribe", body)
    }

    fn subscribe_again(&mut self) -> Turn {
        self.phase = Phase::Again;
        let note =
            format!("{}: something is missing after {}: asking for it", self.name, self.last);
        let unsubscribe = ("unsubscribe", json!({ "channel": self.name }));
        Turn { note: Some(note), commands: vec![unsubscribe, self.subscribe()], is_new: false }
    }

    fn move_to(&mut self, position: &Value) {
        let (Some(epoch), Some(sequence)) =
            (position["epoch"].as_str(), position["sequence"].as_u64())
        else {
            return;
        };
        if self.epoch.as_deref() != Some(epoch) {
            (self.epoch, self.last) = (Some(epoch.to_owned()), 0);
        }
        self.last = self.last.max(sequence);
    }

    /// Whether there is something that has not come.
    fn is_ahead(&self, position: &Value) -> bool {
        self.phase == Phase::Live
            && (position["sequence"].as_u64() > Some(self.last)
                || position["epoch"].as_str() != self.epoch.as_deref())
    }

    fn subscribed(&mut self, body: &Value) -> Option<String> {
        let (name, before) = (self.name.clone(), self.last);
        let was_known = self.epoch.is_some();
        let is_anew = was_known && body["position"]["epoch"].as_str() != self.epoch.as_deref();
        self.move_to(&body["position"]);
        let to = body["to"].as_u64().unwrap_or(0);
        match body["recovery"].as_str() {
            Some("recovered") if to > self.last => {
                Some(format!("{name}: recovering what was after {} up to {to}", self.last))
            }
            Some("lost") => {
                self.last = self.last.max(to);
                let from = body["from"].as_u64().unwrap_or(0);
                Some(match is_anew {
                    true => format!("{name}: lost what was after {before}: the channel began anew"),
                    false => format!("{name}: lost what was after {from} up to {to}"),
                })
            }
            // Whoever has asked for what is missing has heard of that.
            _ => (!was_known).then(|| format!("{name}: subscribed")),
        }
    }

    fn publication(&mut self, body: &Value) -> Turn {
        // A volatile one has no number, and comes at most once.
        let Some(sequence) = body["sequence"].as_u64() else {
            return Turn::is_new(true);
        };
        // What comes in spite of a gap comes again behind what is missing.
        if self.phase == Phase::Again || sequence <= self.last {
            return Turn::default();
        }
        if body["previous"].as_u64() > Some(self.last) {
            return self.subscribe_again();
        }
        self.last = sequence;
        Turn::is_new(true)
    }
}

impl Turn {
    fn note(note: Option<String>) -> Self {
        Self { note, ..Self::default() }
    }

    fn is_new(is_new: bool) -> Self {
        Self { is_new, ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
