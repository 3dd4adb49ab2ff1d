//! What the document's examples of the server are encoded from, by name.

use crate::document::Frames;
use crate::publications::{ACME_EPOCH, bare, by_bob, from_desk};
use crate::spoken::{ADA, BOB, LOBBY_EPOCH};
use crate::support::{pushed, told};
use sockeye_dialects::Native;
use sockeye_hub::{
    ChannelName, CommandId, Disconnect, DisconnectCode, HistoryPage, Loss, LossReason, Member, Own,
    Payload, Position, PresenceDiff, PresencePage, Publisher, Push, Receipt, Recovery, Refusal,
    RefusalCode, ResumeToken, Revocation, SessionGreeting, SessionId, Subscribed, UserName,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// All of them.
pub(crate) fn examples() -> BTreeMap<&'static str, Frames> {
    let mut all = Examples::default();
    connecting(&mut all);
    subscribing(&mut all);
    delivering(&mut all);
    publishing(&mut all);
    calling(&mut all);
    asking(&mut all);
    ending(&mut all);
    all.0
}

#[derive(Default)]
struct Examples(BTreeMap<&'static str, Frames>);

impl Examples {
    fn own(&mut self, name: &'static str, own: Own<'_>) {
        self.0.insert(name, Native::ALL.map(|native| told(native, &own)));
    }

    fn push(&mut self, name: &'static str, push: Push<'_>) {
        self.0.insert(name, Native::ALL.map(|native| pushed(native, &push)));
    }
}

/// Whether it is for one session or for all subscribers is no difference for who reads it.
fn is_the_same(own: Own<'_>, push: Push<'_>) {
    for native in Native::ALL {
        assert_eq!(told(native, &own), pushed(native, &push));
    }
}

fn connecting(all: &mut Examples) {
    let user = UserName::new("ada").expect("a name");
    let greeting = SessionGreeting {
        session: ADA,
        resume: ResumeToken {
            session: ADA,
            worker: 1,
            nonce: 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f,
        },
        grace: Duration::from_secs(30),
        is_resumed: false,
        user: Some(&user),
        expires_ms: Some(1_795_870_800_000),
    };
    all.own("connected", Own::Connected { id: CommandId(1), session: &greeting });
    let resume =
        ResumeToken { nonce: 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100, ..greeting.resume };
    let resumed =
        SessionGreeting { resume, is_resumed: true, user: None, expires_ms: None, ..greeting };
    all.own("connected and resumed", Own::Connected { id: CommandId(1), session: &resumed });
    let expires_ms = Some(1_795_874_400_000);
    all.own("refreshed", Own::Refreshed { id: CommandId(2), expires_ms });
    all.own("permissions_changed", Own::PermissionsChanged { expires_ms });
}

fn subscribing(all: &mut Examples) {
    let lobby = |sequence| Some(Position { epoch: LOBBY_EPOCH, sequence });
    let mut add = |name, id, (subject, position, recovery), metadata| {
        let subscription = &Subscribed { subject, position, recovery, metadata };
        all.own(name, Own::Subscribed { id: CommandId(id), subscription });
    };
    add("subscribed", 3, ("chat:lobby", lobby(7), Recovery::Live), None);
    let recovered = Recovery::Recovered { to: 7 };
    add("subscribed and recovered", 4, ("chat:lobby", lobby(5), recovered), None);
    let position = Some(Position { epoch: ACME_EPOCH, sequence: 40 });
    let snapshot = ("quotes", position, Recovery::Snapshot { sequence: 40 });
    add("subscribed with a snapshot", 5, snapshot, Some(r#"{"currency":"EUR"}"#));
    add("subscribed to a pattern", 6, ("news.*", None, Recovery::Live), None);
    let lost = Recovery::Lost { from: 3, to: 5 };
    add("subscribed and lost", 0, ("chat:lobby", lobby(3), lost), None);
    all.own("unsubscribed", Own::Unsubscribed { id: CommandId(7), subject: "chat:lobby" });
    let reason = Revocation::Forbidden;
    all.own("revoked", Own::Revoked { subject: "chat:lobby", reason });
}

fn delivering(all: &mut Examples) {
    let (lobby, quotes, cursor) = (channel("chat:lobby"), channel("quotes"), channel("cursor:7"));
    let position = Position { epoch: LOBBY_EPOCH, sequence: 8 };
    let hello = by_bob(8, 7, r#"{"text":"hello"}"#);
    let push = Push::Publication {
        subject: "chat:lobby",
        channel: &lobby,
        publication: &hello,
        previous: 7,
    };
    all.push("publication", push);
    // Catching up is no different for who reads it.
    let own = Own::Publication { channel: &lobby, publication: &hello, previous: 7, tag: &[] };
    let live = all.0["publication"].clone();
    all.own("publication", own);
    assert_eq!(all.0["publication"], live);
    let everything = Push::Publication {
        subject: "quot*",
        channel: &quotes,
        publication: &from_desk(),
        previous: 40,
    };
    all.push("publication with everything", everything);
    let volatile = Push::Publication {
        subject: "cursor:7",
        channel: &cursor,
        publication: &bare(0, 0, "[120,88]"),
        previous: 0,
    };
    all.push("publication that is volatile", volatile);
    all.push("heartbeat", Push::Heartbeat { channel: &lobby, position });
    let loss = Loss { from: 8, to: 20, reason: LossReason::Dropped };
    all.own("lost", Own::Lost { subject: "chat:lobby", loss });
    is_the_same(
        Own::Lost { subject: "chat:lobby", loss },
        Push::Lost { subject: "chat:lobby", loss },
    );
    let loss = Loss { from: 0, to: 0, reason: LossReason::NoHistory };
    all.own("lost of a pattern", Own::Lost { subject: "news.*", loss });
    let position = Position { sequence: 24, ..position };
    all.own("caught_up", Own::CaughtUp { channel: &lobby, position });
}

fn publishing(all: &mut Examples) {
    let position = Some(Position { epoch: LOBBY_EPOCH, sequence: 8 });
    let receipt = &Receipt { position, previous: 7, is_duplicate: false };
    all.own("published", Own::Published { id: CommandId(8), receipt });
    let position = Some(Position { epoch: ACME_EPOCH, sequence: 41 });
    let receipt = &Receipt { position, previous: 40, is_duplicate: true };
    all.own("published before", Own::Published { id: CommandId(9), receipt });
    let receipt = &Receipt { position: None, previous: 0, is_duplicate: false };
    all.own("published to sessions", Own::Published { id: CommandId(12), receipt });

    let mut current = bare(41, 40, r#"{"bid":3.1}"#);
    current.extras = from_desk().extras.map(|mut extras| {
        extras.content_type = None;
        extras.headers.clear();
        extras
    });
    let refusal = Refusal {
        current: Some(Arc::new(current)),
        ..Refusal::new(RefusalCode::Conflict, "expected version 41")
    };
    let own = Own::Refused { id: CommandId(9), refusal: &refusal };
    all.own("error with the current value", own);

    let message = &by_bob(0, 0, r#""your order is ready""#);
    all.own("message", Own::Message { number: 4, message });
    all.own("messages_lost", Own::MessagesLost { from: 4, to: 9 });
}

fn calling(all: &mut Examples) {
    let price = Payload::json(r#"{"bid":3.1}"#);
    all.own("answered", Own::Answered { id: CommandId(13), answer: Ok(price) });
    let bytes = Payload::binary(&[0xff, 0xd8]);
    all.own("answered with bytes", Own::Answered { id: CommandId(14), answer: Ok(bytes) });
    let error = Err(("busy", "try again in a minute"));
    all.own("answered with an error", Own::Answered { id: CommandId(14), answer: error });
    all.own("done", Own::Done { id: CommandId(15) });
    let called = Own::Called {
        call: 4,
        caller: &Publisher { session: ADA, user: UserName::new("ada").ok() },
        method: "price",
        payload: Payload::json(r#"{"of":"ACME"}"#),
        timeout: Duration::from_secs(2),
    };
    all.own("call", called);
    let called = Own::Called {
        call: 5,
        caller: &Publisher { session: ADA, user: None },
        method: "thumbnail",
        payload: Payload::binary(&[0, 1, 2]),
        timeout: Duration::from_secs(10),
    };
    all.own("call with bytes", called);
    all.own("call_cancelled", Own::CallCancelled { call: 4 });
}

fn asking(all: &mut Examples) {
    let member = |session, user: &str, info: Option<&str>| Member {
        session,
        user: UserName::new(user).ok(),
        info: info.map(Into::into),
    };
    let gone = member(SessionId { slot: 0x30, ..ADA }, "", None);
    let page = PresencePage {
        channel: channel("chat:lobby"),
        version: 12,
        sessions: 4,
        users: 2,
        members: vec![member(ADA, "ada", Some(r#"{"status":"writing"}"#)), gone.clone()],
        members_by_user: Vec::new(),
        has_more: true,
    };
    all.own("presence", Own::Presence { id: CommandId(16), page: &page });
    is_the_same(Own::Presence { id: CommandId(0), page: &page }, Push::Members { page: &page });
    let user = |name, sessions| (UserName::new(name).expect("a name"), sessions);
    let page = PresencePage {
        members: Vec::new(),
        members_by_user: vec![user("ada", 2), user("bob", 1)],
        has_more: false,
        ..page
    };
    all.own("presence by user", Own::Presence { id: CommandId(18), page: &page });
    let eve = member(SessionId { slot: 9, generation: 0, ..BOB }, "eve", None);
    let diff = &PresenceDiff { version: 13, joined: vec![eve], left: vec![gone] };
    all.push("presence_diff", Push::Presence { channel: &channel("chat:lobby"), diff });

    let mut first = bare(7, 6, "1");
    first.time_ms -= 1000;
    let page = HistoryPage {
        channel: channel("chat:lobby"),
        top: Position { epoch: LOBBY_EPOCH, sequence: 9 },
        publications: vec![Arc::new(first), Arc::new(by_bob(8, 7, r#"{"text":"hello"}"#))],
        has_more: true,
    };
    all.own("history", Own::History { id: CommandId(20), page: &page });
    all.own("pong", Own::Pong { id: CommandId(23) });
}

fn ending(all: &mut Examples) {
    let text = "neither the namespace nor the token allows to subscribe";
    let refusal = &Refusal::new(RefusalCode::Forbidden, text);
    all.own("error", Own::Refused { id: CommandId(1), refusal });
    let after = Duration::from_millis(1500);
    all.own("reconnect", Own::Reconnect { after, to: None });
    let to = Some("wss://b.example.org/connect");
    all.own("reconnect elsewhere", Own::Reconnect { after, to });
    let disconnect = &Disconnect {
        code: DisconnectCode::TokenExpired,
        reason: "the token has expired".to_owned(),
        may_return: true,
    };
    all.own("disconnect", Own::Disconnected { disconnect });
}

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a name")
}
