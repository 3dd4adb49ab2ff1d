//! What the document's examples of clients mean, by name.

use crate::support::Said;
use sockeye_dialects::{Connect, ResumeFrom};
use sockeye_hub::{
    Acknowledge, Attributes, Call, Command, CommandId, Epoch, History, Payload, Position,
    PresenceView, Publish, SessionId, SlowPolicy, Subscribe, Target,
};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const LOBBY_EPOCH: Epoch = Epoch(0x5e1f_0a9c_33d2_b471);
pub(crate) const ADA: SessionId =
    SessionId { node: 0x9f3c_21aa, worker: 1, slot: 0x2f, generation: 0 };
pub(crate) const BOB: SessionId =
    SessionId { node: 0x9f3c_21aa, worker: 0, slot: 5, generation: 2 };

/// All of them.
pub(crate) fn examples() -> BTreeMap<&'static str, Said> {
    let mut all = BTreeMap::new();
    connecting(&mut all);
    subscribing(&mut all);
    publishing(&mut all);
    calling(&mut all);
    asking(&mut all);
    all
}

type All = BTreeMap<&'static str, Said>;

fn connecting(all: &mut All) {
    let token = |last: &str| Some(format!("eyJhbGciOiJFZERTQSJ9.e30.{last}").into());
    let connect = Connect {
        token: token("c2ln"),
        name: Some("chat".into()),
        version: Some("1.4.0".into()),
        ..Connect::default()
    };
    all.insert("connect", Said::connect(1, &connect));
    let resume = ResumeFrom {
        token: "9f3c21aa.1.2f.0/1/000102030405060708090a0b0c0d0e0f".into(),
        positions: vec![("chat:lobby".into(), 7)],
        message: 3,
    };
    let connect = Connect { token: token("c2ln"), resume: Some(resume), ..Connect::default() };
    all.insert("connect and resume", Said::connect(1, &connect));
    let token = token("bmV3").map(String::from).unwrap_or_default();
    all.insert("refresh", Said::Refresh(2, token));
    all.insert("disconnect", Said::Disconnect);
}

fn subscribing(all: &mut All) {
    let to = |channel: &'static str| Subscribe { channel: channel.into(), ..Subscribe::default() };
    let mut add = |name, id, subscribe| {
        all.insert(name, Said::command(id, &Command::Subscribe(subscribe)));
    };
    add("subscribe", 3, to("chat:lobby"));
    let position = Some(Position { epoch: LOBBY_EPOCH, sequence: 5 });
    let info = Some(Payload::json(r#"{"status":"writing"}"#));
    add("subscribe from a position", 4, Subscribe { position, info, ..to("chat:lobby") });
    add("subscribe to the state", 5, Subscribe { snapshot: true, ..to("quotes") });
    let filter = vec![("language".into(), "de".into())];
    let slow = Some(SlowPolicy::DropOldest);
    add("subscribe to a pattern", 6, Subscribe { filter, slow, ..to("news.*") });
    let unsubscribe = Command::Unsubscribe { channel: "chat:lobby".into() };
    all.insert("unsubscribe", Said::command(7, &unsubscribe));
}

fn publishing(all: &mut All) {
    let json = |target, text| Publish {
        target,
        payload: Payload::json(text),
        attributes: Attributes::default(),
        idempotency_key: None,
        expected_version: None,
        exclude_self: false,
    };
    let channel = |name: &'static str| Target::Channel(name.into());
    let mut add = |name, id, publish| {
        all.insert(name, Said::command(id, &Command::Publish(publish)));
    };
    add("publish", 8, json(channel("chat:lobby"), r#"{"text":"hello"}"#));
    let attributes = Attributes {
        key: Some("ACME"),
        content_type: Some("application/octet-stream"),
        headers: &[("source", "desk 4")],
        ttl_ms: Some(60_000),
        priority: Some(7),
        is_volatile: false,
    };
    let everything = Publish {
        target: channel("quotes"),
        payload: Payload::binary(&[0, 1, 2]),
        attributes,
        idempotency_key: Some("c0ffee-1"),
        expected_version: Some(40),
        exclude_self: true,
    };
    add("publish with everything", 9, everything);
    let attributes = Attributes { is_volatile: true, ..Attributes::default() };
    let cursor = json(channel("cursor:7"), "[120,88]");
    add("publish what is volatile", 0, Publish { attributes, ..cursor });
    let order = r#""your order is ready""#;
    add("publish to a user", 10, json(Target::User("ada".into()), order));
    add("publish to a session", 11, json(Target::Session(BOB), r#""psst""#));
    add("publish to all", 12, json(Target::All { except: vec![ADA] }, r#""good night""#));
}

fn calling(all: &mut All) {
    let mut add = |name, id, command: Command<'_>| {
        all.insert(name, Said::command(id, &command));
    };
    let price = Call {
        session: None,
        method: "price".into(),
        payload: Payload::json(r#"{"of":"ACME"}"#),
        timeout: Some(Duration::from_secs(2)),
    };
    add("call", 13, Command::Call(price));
    let thumbnail = Call {
        session: Some(BOB),
        method: "thumbnail".into(),
        payload: Payload::binary(&[0, 1, 2]),
        timeout: None,
    };
    add("call another session", 14, Command::Call(thumbnail));
    add("cancel", 15, Command::Cancel { call: CommandId(14) });
    let json = Payload::json(r#"{"bid":3.1}"#);
    add("reply", 0, Command::Reply { call: 4, answer: Ok(json) });
    let bytes = Payload::binary(&[0xff, 0xd8]);
    add("reply with bytes", 0, Command::Reply { call: 5, answer: Ok(bytes) });
    let error = ("busy".into(), "try again in a minute".into());
    add("reply with an error", 0, Command::Reply { call: 4, answer: Err(error) });
}

fn asking(all: &mut All) {
    let mut add = |name, id, command: Command<'_>| {
        all.insert(name, Said::command(id, &command));
    };
    let lobby = || "chat:lobby".into();
    let channel = Acknowledge::Channel { channel: lobby(), sequence: 8 };
    add("ack", 0, Command::Acknowledge(channel));
    add("ack messages", 0, Command::Acknowledge(Acknowledge::Messages { number: 3 }));
    let after = PresenceView::SessionsAfter(BOB);
    add("presence", 16, Command::Presence { channel: lobby(), view: after, limit: Some(2) });
    let counts = PresenceView::Counts;
    add("presence counts", 17, Command::Presence { channel: lobby(), view: counts, limit: None });
    let users = PresenceView::AllUsers;
    add("presence by user", 18, Command::Presence { channel: lobby(), view: users, limit: None });
    let info = Payload::json(r#"{"status":"away"}"#);
    add("update_presence", 19, Command::UpdatePresence { channel: lobby(), info });
    let history = |channel: &'static str| History { channel: channel.into(), ..History::default() };
    let page = History { after: Some(6), limit: Some(2), ..history("chat:lobby") };
    add("history", 20, Command::History(page));
    let page = History { before: Some(7), ..history("chat:lobby") };
    add("history before", 21, Command::History(page));
    let state = History { state: true, ..history("quotes") };
    add("history of the state", 22, Command::History(state));
    add("ping", 23, Command::Ping);
}
