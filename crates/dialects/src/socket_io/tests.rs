//! Whole conversations. Vectors are from the documents of Socket.IO 5 ("Sample session") and Engine.IO 4 ("Handshake",
//! "Heartbeat").

use super::*;
use crate::recorder::{hear, lines, own, publication, shared, start};
use proptest::prelude::*;
use sockeye_hub::{
    ChannelName, CommandId, Format, Payload, Refusal, RefusalCode, ResumeToken, SessionGreeting,
};

const SESSION: SessionId = SessionId { node: 1, worker: 2, slot: 3, generation: 4 };

fn say(state: &mut SocketIoState, text: &str) -> Result<Vec<String>, DialectError> {
    hear(&SocketIo, state, Incoming::Text(text), start())
}

fn attach(state: &mut SocketIoState, bytes: &[u8]) -> Result<Vec<String>, DialectError> {
    hear(&SocketIo, state, Incoming::Binary(bytes), start())
}

fn greet(state: &mut SocketIoState, id: u64) -> Vec<String> {
    let greeting = SessionGreeting {
        session: SESSION,
        resume: ResumeToken { session: SESSION, worker: 2, nonce: 0 },
        grace: Duration::ZERO,
        is_resumed: false,
        user: None,
        expires_ms: None,
    };
    own(&SocketIo, state, &Own::Connected { id: CommandId(id), session: &greeting })
}

/// In the main namespace.
fn connected() -> SocketIoState {
    let mut state = SocketIoState::default();
    assert_eq!(say(&mut state, "40").expect("a packet"), [format!("connect {} None", id(1, -1))]);
    assert_eq!(greet(&mut state, id(1, -1)), [r#"40{"sid":"1.2.3.4"}"#]);
    state
}

/// The command that awaits an acknowledgement, or connects (-1).
const fn id(namespace: u64, ack: i64) -> u64 {
    namespace << 48 | if ack < 0 { 1 << 47 } else { ack as u64 + 1 }
}

#[test]
fn nothing_is_said_before_a_namespace_is_connected() {
    let mut state = SocketIoState::default();
    assert!(say(&mut state, r#"42["join","a"]"#).is_err());
    assert!(say(&mut state, r#"40{"token":"x"}"#).is_ok_and(|said| said[0].contains("\"x\"")));
    assert!(say(&mut state, r#"42["join","a"]"#).is_err());
    let refusal = Refusal::new(RefusalCode::Unauthorized, "Not authorized");
    let refused = Own::Refused { id: CommandId(id(1, -1)), refusal: &refusal };
    assert_eq!(own(&SocketIo, &mut state, &refused), [r#"44{"message":"Not authorized"}"#]);
}

#[test]
fn rooms_are_channels_and_acknowledgements_are_answers() {
    let mut state = connected();
    let joined = say(&mut state, r#"420["join","lobby"]"#).expect("an event");
    assert_eq!(joined, [format!("{} subscribe lobby tag ", id(1, 0))]);
    let done = Own::Done { id: CommandId(id(1, 0)) };
    assert_eq!(own(&SocketIo, &mut state, &done), [r#"430[{"ok":true}]"#]);
    let sent = say(&mut state, r#"42["to","lobby",["hey", "Jude"]]"#).expect("an event");
    let expected = r#"0 publish Channel("lobby") None [] Json "[\"hey\", \"Jude\"]""#;
    assert_eq!(sent, [expected]);
    let refusal = Refusal::new(RefusalCode::Forbidden, "no");
    let refused = Own::Refused { id: CommandId(id(1, 12)), refusal: &refusal };
    let expected = r#"4312[{"code":"forbidden","ok":false,"text":"no"}]"#;
    assert_eq!(own(&SocketIo, &mut state, &refused), [expected]);
    let malformed = say(&mut state, r#"421["join",1]"#).expect("an event");
    assert!(malformed[0].contains("refuse bad_request"), "{malformed:?}");
    assert_eq!(
        say(&mut state, r#"42["leave","lobby"]"#).expect("an event"),
        ["0 unsubscribe lobby"]
    );
}

#[test]
fn the_sample_session_is_understood() {
    let mut state = connected();
    assert_eq!(
        say(&mut state, "40/admin,").expect("a packet"),
        [r#"answer 40/admin,{"sid":"1.2.3.4"}"#]
    );
    let asked = say(&mut state, r#"42/admin,1["tellme"]"#).expect("an event");
    assert_eq!(asked, [format!(r#"{} call tellme ["tellme"]"#, id(2, 1))]);
    let answer = Own::Answered { id: CommandId(id(2, 1)), answer: Ok(Payload::binary(&[1, 2])) };
    let expected = [r#"461-/admin,1[{"_placeholder":true,"num":0}]"#, "[1, 2]"];
    assert_eq!(own(&SocketIo, &mut state, &answer), expected);
    say(&mut state, r#"42/admin,["join","x"]"#).expect("an event");
    assert_eq!(say(&mut state, "41/admin,").expect("a packet"), ["0 unsubscribe /admin,x"]);
    assert!(own(&SocketIo, &mut state, &answer).is_empty(), "it is gone");
    assert_eq!(say(&mut state, "1").expect("a packet"), ["disconnect"]);
}

#[test]
fn a_later_namespace_shows_its_token() {
    let mut state = connected();
    let said = say(&mut state, r#"40/admin,{"token":"123"}"#).expect("a packet");
    assert_eq!(said, [format!("refresh {} 123", id(2, -1))]);
    let refreshed = Own::Refreshed { id: CommandId(id(2, -1)), expires_ms: None };
    assert_eq!(own(&SocketIo, &mut state, &refreshed), [r#"40/admin,{"sid":"1.2.3.4"}"#]);
    assert!(say(&mut state, "40/admin,").is_err(), "once each");
}

#[test]
fn attachments_go_through_the_hub_and_out_again() {
    let mut state = connected();
    let text =
        r#"452-["to","lobby",["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]]"#;
    assert!(say(&mut state, text).expect("a packet").is_empty());
    assert!(say(&mut state, r#"42["x"]"#).is_err(), "attachments follow at once");
    assert!(say(&mut state, "3").is_ok(), "Engine.IO goes on");
    assert!(attach(&mut state, &[1, 2]).expect("an attachment").is_empty());
    let said = attach(&mut state, &[3, 4]).expect("an attachment");
    assert!(said[0].starts_with("0 publish Channel(\"lobby\") Some("), "{said:?}");
    assert!(attach(&mut state, &[5]).is_err(), "nobody announced it");

    let json = r#"["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let mut payload = (json.len() as u32).to_be_bytes().to_vec();
    payload.extend_from_slice(json.as_bytes());
    payload.extend_from_slice(&[0, 0, 0, 2, 1, 2, 0, 0, 0, 2, 3, 4]);
    let content_type = Some(BINARY_CONTENT_TYPE.into());
    let extras = sockeye_hub::Extras { content_type, ..Default::default() };
    let publication = sockeye_hub::Publication {
        extras: Some(extras.into()),
        ..publication(Format::Binary, &payload)
    };
    let channel = ChannelName::new("/admin,lobby").expect("a name");
    let push = Push::Publication {
        subject: channel.as_str(),
        channel: &channel,
        publication: &publication,
        previous: 0,
    };
    let expected = [format!("452-/admin,{json}"), "[1, 2]".to_owned(), "[3, 4]".to_owned()];
    assert_eq!(shared(&SocketIo, &push, ""), expected);
}

#[test]
fn what_others_publish_is_an_event_too() {
    let channel = ChannelName::new("lobby").expect("a name");
    let told = |format, payload: &[u8]| {
        let publication = publication(format, payload);
        let (subject, publication) = (channel.as_str(), &publication);
        let push = Push::Publication { subject, channel: &channel, publication, previous: 0 };
        shared(&SocketIo, &push, "")
    };
    assert_eq!(told(Format::Json, br#"["hey","Jude"]"#), [r#"42["hey","Jude"]"#]);
    assert_eq!(told(Format::Json, br#"{"a":1}"#), [r#"42["message",{"a":1}]"#]);
    assert_eq!(told(Format::Json, b"[1]"), [r#"42["message",[1]]"#]);
    let expected = [r#"451-["message",{"_placeholder":true,"num":0}]"#, "[9]"];
    assert_eq!(told(Format::Binary, &[9]), expected);
}

#[test]
fn the_server_asks_and_the_client_answers() {
    let (mut state, mut encoded, mut now) = (SocketIoState::default(), Encoded::new(), start());
    SocketIo.handle_open(&mut state, "abc", now, &mut encoded);
    let open = r#"0{"maxPayload":1048576,"pingInterval":25000,"pingTimeout":20000,"sid":"abc","upgrades":[]}"#;
    assert_eq!(lines(&encoded, ""), [open]);
    for _ in 0..3 {
        encoded.clear();
        now += PING_INTERVAL;
        assert_eq!(SocketIo.poll_timeout(&state), Some(now));
        assert_eq!(SocketIo.handle_timeout(&mut state, now, &mut encoded), Ok(()));
        assert_eq!(lines(&encoded, ""), ["2"]);
        now += PING_TIMEOUT / 2;
        assert_eq!(hear(&SocketIo, &mut state, Incoming::Text("3"), now), Ok(vec![]));
    }
    for wait in [PING_INTERVAL, PING_TIMEOUT] {
        now += wait;
        let result = SocketIo.handle_timeout(&mut state, now, &mut encoded);
        assert_eq!(result.is_err(), wait == PING_TIMEOUT);
    }
}

#[test]
fn attachments_are_not_awaited_for_ever() {
    let (mut state, now) = (connected(), start());
    let text = r#"451-["baz",{"_placeholder":true,"num":0}]"#;
    hear(&SocketIo, &mut state, Incoming::Text(text), now).expect("a packet");
    let deadline = SocketIo.poll_timeout(&state).expect("a deadline");
    assert_eq!(deadline, now + ATTACHMENTS_TIMEOUT);
    let result = SocketIo.handle_timeout(&mut state, deadline, &mut Encoded::new());
    assert_eq!(result, Err(DialectError::Silent));
}

proptest! {
    #[test]
    fn whatever_a_client_says_there_is_no_panic(
        said in prop::collection::vec("4?[0-6]?[12]?-?(/a,)?[0-9]?(\\[\"(join|to|x)\",\"r\"(,\\[\"e\"\\])?\\]|\\{\\}|\\PC{0,8})", 0..12),
        bytes in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut state = connected();
        for text in said {
            let _ = say(&mut state, &text);
            let _ = attach(&mut state, &bytes);
        }
    }
}
