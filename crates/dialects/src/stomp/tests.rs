//! Whole conversations. Vectors are from the specification of STOMP 1.2 ("Connecting", "Client Frames", "Server Frames").

use super::*;
use crate::limits::{STOMP_RECEIPTS_MAX, STOMP_SUBSCRIPTIONS_MAX};
use crate::recorder::{hear, lines, own, publication, shared, start};
use proptest::prelude::*;
use sockeye_hub::{
    ChannelName, Extras, Format, Refusal, RefusalCode, ResumeToken, SessionGreeting, SessionId,
};

fn say(state: &mut StompState, text: &str) -> Result<Vec<String>, DialectError> {
    hear(&Stomp, state, Incoming::Text(text), start())
}

fn done(state: &mut StompState, id: u64) -> Vec<String> {
    own(&Stomp, state, &Own::Done { id: CommandId(id) })
}

fn connected() -> StompState {
    let mut state = StompState::default();
    let frame = "CONNECT\naccept-version:1.0,1.1,1.2\nhost:stomp.github.org\npasscode:x:y\n\n\0";
    assert_eq!(say(&mut state, frame).expect("a frame"), ["connect 1 Some(\"x:y\")"]);
    let session = SessionId { node: 1, worker: 2, slot: 3, generation: 4 };
    let greeting = SessionGreeting {
        session,
        resume: ResumeToken { session, worker: 2, nonce: 0 },
        grace: Duration::ZERO,
        is_resumed: false,
        user: None,
        expires_ms: None,
    };
    let told = own(&Stomp, &mut state, &Own::Connected { id: CommandId(1), session: &greeting });
    let expected =
        "CONNECTED\nversion:1.2\nheart-beat:10000,10000\nsession:1.2.3.4\nserver:sockeye\n\n\0";
    assert_eq!(told, [expected]);
    state
}

fn told(format: Format, payload: &[u8], extras: Extras, tag: &str) -> Vec<String> {
    let channel = ChannelName::new("/queue/a:b").expect("a name");
    let publication =
        sockeye_hub::Publication { extras: Some(extras.into()), ..publication(format, payload) };
    let (subject, publication) = (channel.as_str(), &publication);
    shared(&Stomp, &Push::Publication { subject, channel: &channel, publication, previous: 0 }, tag)
}

#[test]
fn a_client_connects_first_and_once() {
    for wrong in [
        "SEND\ndestination:/queue/a\n\n\0",
        "CONNECT\n\n\0",
        "CONNECT\naccept-version:1.1\n\n\0",
        "CONNECT\naccept-version:1.2\nheart-beat:x\n\n\0",
        "CONNECT\naccept-version:1.2\n\n\0SEND\ndestination:a\n\n\0",
    ] {
        assert!(say(&mut StompState::default(), wrong).is_err(), "{wrong}");
    }
    let mut state = connected();
    assert!(say(&mut state, "CONNECT\naccept-version:1.2\n\n\0").is_err());
}

#[test]
fn destinations_are_channels() {
    let mut state = connected();
    let subscribed = say(&mut state, "SUBSCRIBE\nid:0\ndestination:/queue/foo\nack:client\n\n\0");
    assert_eq!(subscribed.expect("a frame"), ["0 subscribe /queue/foo tag 0"]);
    let sent = "SEND\ndestination:/queue/a\ncontent-type:text/plain\nx:y\\c\n\nhello queue a\n\0";
    let expected = "0 publish Channel(\"/queue/a\") Some(\"text/plain\") [(\"x\", \"y:\")] Binary \
                    \"hello queue a\\n\"";
    assert_eq!(say(&mut state, sent).expect("a frame"), [expected]);
    let json = "SEND\ndestination:a\ncontent-type:application/json\n\n{\"a\":1}\0";
    assert!(say(&mut state, json).expect("a frame")[0].contains("Json"));
    let no_json = "SEND\ndestination:a\ncontent-type:application/json\n\n{\"a\":}\0";
    assert!(say(&mut state, no_json).expect("a frame")[0].contains("Binary"));
    let ack = say(&mut state, "ACK\nid:7@/queue/foo\n\n\0").expect("a frame");
    let expected = "0 Acknowledge(Channel { channel: \"/queue/foo\", sequence: 7 })";
    assert_eq!(ack, [expected]);
    let left = say(&mut state, "UNSUBSCRIBE\nid:0\n\n\0").expect("a frame");
    assert_eq!(left, ["0 unsubscribe /queue/foo"]);
    for wrong in [
        "UNSUBSCRIBE\nid:0\n\n\0",
        "SUBSCRIBE\ndestination:a\n\n\0",
        "SUBSCRIBE\nid:1\ndestination:a\nack:client-individual\n\n\0",
        "SEND\ndestination:a\ntransaction:t\n\n\0",
        "NACK\nid:7@a\n\n\0",
        "ACK\nid:x\n\n\0",
        "send\ndestination:a\n\n\0",
    ] {
        assert!(say(&mut state, wrong).is_err(), "{wrong}");
    }
}

/// "MESSAGE".
#[test]
fn each_subscriber_reads_its_own_id() {
    let content_type = Some("text/plain".into());
    let headers = vec![("x".into(), "1".into()), ("content-length".into(), "0".into())];
    for id in ["0", "sub\\c1"] {
        let extras =
            Extras { key: None, content_type: content_type.clone(), headers: headers.clone() };
        let expected = format!(
            "MESSAGE\nsubscription:{id}\nmessage-id:7@/queue/a\\cb\nack:7@/queue/a\\cb\n\
             destination:/queue/a\\cb\ncontent-type:text/plain\nx:1\ncontent-length:13\n\nhello queue a\0"
        );
        assert_eq!(told(Format::Binary, b"hello queue a", extras, id), [expected]);
    }
    let json = told(Format::Json, b"1", Extras::default(), "0");
    assert!(json[0].contains("\ncontent-type:application/json\n"), "{json:?}");
    let bytes = told(Format::Binary, &[0xff], Extras::default(), "0");
    assert!(bytes[0].starts_with('['), "not text");
}

#[test]
fn what_is_caught_up_with_is_like_what_is_live() {
    let (channel, mut state) = (ChannelName::new("a").expect("a name"), connected());
    let publication = publication(Format::Json, b"1");
    let live = Push::Publication {
        subject: "a",
        channel: &channel,
        publication: &publication,
        previous: 6,
    };
    let late =
        Own::Publication { channel: &channel, publication: &publication, previous: 6, tag: b"s-1" };
    assert_eq!(own(&Stomp, &mut state, &late), shared(&Stomp, &live, "s-1"));
}

#[test]
fn receipts_follow_on_answers_and_the_last_one_on_all() {
    let mut state = connected();
    say(&mut state, "SEND\ndestination:a\nreceipt:r\\c1\n\n\0").expect("a frame");
    say(&mut state, "SEND\ndestination:a\nreceipt:r2\n\n\0").expect("a frame");
    assert!(say(&mut state, "DISCONNECT\nreceipt:77\n\n\0").expect("a frame").is_empty());
    assert_eq!(done(&mut state, 3), ["RECEIPT\nreceipt-id:r2\n\n\0"]);
    let expected = ["RECEIPT\nreceipt-id:r\\c1\n\n\0", "RECEIPT\nreceipt-id:77\n\n\0"];
    assert_eq!(done(&mut state, 2), expected);
    assert!(done(&mut state, 2).is_empty());
    assert!(say(&mut state, "SEND\ndestination:a\n\n\0").is_err(), "it has left");
    let until = Stomp.poll_timeout(&state).expect("a deadline");
    assert!(Stomp.handle_timeout(&mut state, until, &mut Encoded::new()).is_err());
    let left = say(&mut connected(), "DISCONNECT\nreceipt:77\n\n\0").expect("a frame");
    assert_eq!(left, ["answer RECEIPT\nreceipt-id:77\n\n\0", "disconnect"]);
}

#[test]
fn what_is_refused_ends_the_connection_with_an_error() {
    let (mut state, now) = (connected(), start());
    let frame = "SEND\ndestination:a\nreceipt:r\n\n\0";
    hear(&Stomp, &mut state, Incoming::Text(frame), now).expect("a frame");
    assert_eq!(Stomp.poll_timeout(&state), None);
    let refusal = Refusal::new(RefusalCode::Forbidden, "not for you");
    let refused = Own::Refused { id: CommandId(2), refusal: &refusal };
    assert!(own(&Stomp, &mut state, &refused).is_empty());
    assert_eq!(Stomp.poll_timeout(&state), Some(now), "at once");
    let error = Stomp.handle_timeout(&mut state, now, &mut Encoded::new()).expect_err("it ends");
    let disconnected = Own::Disconnected { disconnect: &error.disconnect() };
    let expected = "ERROR\nversion:1.2\nmessage:forbidden\\c not for you\nreceipt-id:r\n\n\0";
    assert_eq!(own(&Stomp, &mut state, &disconnected), [expected]);
}

#[test]
fn heart_beats_are_ends_of_lines() {
    let (mut state, now) = (StompState::default(), start());
    let frame = "CONNECT\naccept-version:1.2\nheart-beat:10000,10000\n\n\0";
    hear(&Stomp, &mut state, Incoming::Text(frame), now).expect("a frame");
    let mut encoded = Encoded::new();
    let ten = now + Duration::from_secs(10);
    assert_eq!(Stomp.poll_timeout(&state), Some(ten));
    Stomp.handle_timeout(&mut state, ten, &mut encoded).expect("it was heard");
    assert_eq!(lines(&encoded, ""), ["\n"]);
    hear(&Stomp, &mut state, Incoming::Text("\n"), ten).expect("a heart-beat");
    let twenty = now + Duration::from_secs(20);
    assert!(Stomp.handle_timeout(&mut state, twenty, &mut encoded).is_ok());
    let silent = Stomp.handle_timeout(&mut state, ten + Duration::from_secs(20), &mut encoded);
    assert_eq!(silent, Err(DialectError::Silent));
}

#[test]
fn subscriptions_and_receipts_are_bounded() {
    let mut state = connected();
    for index in 0..STOMP_SUBSCRIPTIONS_MAX {
        let frame = format!("SUBSCRIBE\nid:{index}\ndestination:a{index}\n\n\0");
        assert!(say(&mut state, &frame).is_ok());
    }
    assert!(say(&mut state, "SUBSCRIBE\nid:x\ndestination:x\n\n\0").is_err());
    for index in 0..STOMP_RECEIPTS_MAX {
        let frame = format!("SEND\ndestination:a\nreceipt:{index}\n\n\0");
        assert!(say(&mut state, &frame).is_ok());
    }
    assert!(say(&mut state, "SEND\ndestination:a\nreceipt:x\n\n\0").is_err());
    let long = "\\c".repeat(129);
    let frame = format!("SUBSCRIBE\nid:{long}\ndestination:x\n\n\0");
    assert!(say(&mut connected(), &frame).is_err(), "it is 258 bytes in the hole");
}

proptest! {
    #[test]
    fn whatever_a_client_says_there_is_no_panic(
        said in prop::collection::vec("(SEND|SUBSCRIBE|UNSUBSCRIBE|ACK|DISCONNECT)?\n(destination:a\n)?(id:[0-9]@?a?\n)?(receipt:r\n)?(content-length:[0-9]\n)?\n?\\PC{0,4}\0?", 0..8),
        answered in 0u64..8,
    ) {
        let mut state = connected();
        for text in said {
            let _ = say(&mut state, &text);
            let _ = done(&mut state, answered);
        }
    }
}
