//! What is a frame, what is a command, and what becomes of what is neither.

use crate::support::{Said, carried_out, read};
use sockeye_dialects::{Connect, Native};
use sockeye_hub::{Command, CommandId, Payload, Publish, Subscribe, Target};
use std::borrow::Cow;

fn ping(id: u64) -> Said {
    Said::command(id, &Command::Ping)
}

fn json(text: &str) -> Vec<Said> {
    carried_out(Native::Json, text.as_bytes())
}

#[track_caller]
fn malformed(native: Native, frame: &[u8], expected: &str) {
    let (_, result) = read(native, frame);
    let error = result.expect_err("a frame that is none");
    assert_eq!(error.to_string(), expected);
    assert_eq!(error.disconnect().code.close_code(), 4400);
}

#[test]
fn subprotocols_name_encodings() {
    for native in Native::ALL {
        assert_eq!(Native::from_subprotocol(native.subprotocol()), Some(native));
    }
    assert_eq!(Native::from_subprotocol("sockeye.v2.json"), None);
    assert_eq!(Native::default(), Native::Json, "a console that offers nothing speaks JSON");
}

#[test]
fn json_can_be_typed_by_hand() {
    assert_eq!(json(r#"{"connect":{}}"#), [Said::connect(0, &Connect::default())]);
    let subscribe = Subscribe { channel: "chat:lobby".into(), ..Subscribe::default() };
    let expected = [Said::command(1, &Command::Subscribe(subscribe))];
    assert_eq!(json(r#"{"id":1,"subscribe":{"channel":"chat:lobby"}}"#), expected);
    assert_eq!(
        json(" { \"subscribe\" : {\"channel\" :\t\"chat:lobby\" } ,\n\"id\": 1 } \r\n"),
        expected
    );
    assert_eq!(json(r#"{"subscribe":{"channel":"chat\u003alobby"},"id":1}"#), expected);
}

#[test]
fn a_frame_may_have_several_commands() {
    assert_eq!(json("{\"id\":1,\"ping\":{}}\n{\"id\":2,\"ping\":{}}"), [ping(1), ping(2)]);
    assert_eq!(json("{\"id\":1,\"ping\":{}}{\"ping\":{}}"), [ping(1), ping(0)]);
    let map = b"\x82\xa2id\x01\xa4ping\x80";
    assert_eq!(carried_out(Native::Msgpack, &[&map[..], map].concat()), [ping(1), ping(1)]);
    let message = b"\x0a\x04\x08\x01\x72\x00";
    assert_eq!(
        carried_out(Native::Protobuf, &[&message[..], message].concat()),
        [ping(1), ping(1)]
    );
}

#[test]
fn nothing_follows_on_connecting_and_going() {
    let expected = "expected nothing behind `connect` or `disconnect` in its frame";
    malformed(Native::Json, br#"{"connect":{}}{"ping":{}}"#, expected);
    malformed(Native::Json, br#"{"disconnect":{}}{"disconnect":{}}"#, expected);
    let (said, _) = read(Native::Json, br#"{"connect":{}}{"ping":{}}"#);
    assert_eq!(said, [], "nobody may connect by half a frame");
    assert_eq!(json(r#"{"id":7,"ping":{}}{"disconnect":{}}"#), [ping(7), Said::Disconnect]);
}

#[test]
fn payloads_are_given_on_as_they_are() {
    let text = r#"{ "a":[1.50, "\u00e4\ud83d"] }"#;
    let frame = format!(r#"{{"publish":{{"channel":"c","data": {text} }}}}"#);
    let publish = |payload| {
        Command::Publish(Publish {
            target: Target::Channel(Cow::Borrowed("c")),
            payload,
            attributes: Default::default(),
            idempotency_key: None,
            expected_version: None,
            exclude_self: false,
        })
    };
    assert_eq!(json(&frame), [Said::command(0, &publish(Payload::json(text)))]);
    assert_eq!(
        json(r#"{"publish":{"channel":"c","data_base64":"AP8="}}"#),
        [Said::command(0, &publish(Payload::binary(&[0, 255])))]
    );
    assert_eq!(
        json(r#"{"publish":{"channel":"c","data":null}}"#),
        [Said::command(0, &publish(Payload::json("null")))]
    );
}

#[test]
fn a_command_that_is_none_is_refused_and_the_rest_is_carried_out() {
    let text = r#"{"id":1,"subscribe":{"chanel":"x"}} {"id":2,"ping":{}}"#;
    let expected = "expected one of channel, position, slow, filter, snapshot, info in subscribe, not `chanel`";
    assert_eq!(json(text), [Said::refused(1, expected), ping(2)]);
    let map = b"\x82\xa9subscribe\x81\xa6chanel\xa1x\xa2id\x01\x81\xa4ping\x80";
    assert_eq!(carried_out(Native::Msgpack, map), [Said::refused(1, expected), ping(0)]);
    let message = b"\x0a\x07\x22\x03\x3a\x01x\x08\x01\x0a\x02\x72\x00";
    let expected = expected.replace("chanel", "field 7");
    assert_eq!(carried_out(Native::Protobuf, message), [Said::refused(1, &expected), ping(0)]);
}

#[test]
fn a_refusal_says_what_was_expected() {
    let cases = [
        (r#"{}"#, "expected a command beside `id`, such as `ping`"),
        (r#"{"ping":{},"ping":{}}"#, "expected `ping` once in a command"),
        (r#"{"ping":{},"cancel":{"call":1}}"#, "expected one command in each object"),
        (r#"{"ping":{"x":1}}"#, "expected nothing in ping, not `x`"),
        (r#"{"ping":null}"#, "expected `{` at byte 8"),
        (r#"{"subscribe":{}}"#, "expected `channel` in subscribe"),
        (r#"{"refresh":{}}"#, "expected `token` in refresh"),
        (r#"{"refresh":{"tokn":""}}"#, "expected only token in refresh, not `tokn`"),
        (r#"{"cancel":{}}"#, "expected `call` in cancel"),
        (r#"{"publish":{"channel":"c"}}"#, "expected either data or data_base64"),
        (r#"{"publish":{"data":1}}"#, "expected one of channel, user, session, all in publish"),
        (
            r#"{"publish":{"channel":"c","user":"u","data":1}}"#,
            "expected one of channel, user, session, all in publish",
        ),
        (
            r#"{"publish":{"channel":"c","data":1,"data_base64":""}}"#,
            "expected either data or data_base64",
        ),
        (
            r#"{"publish":{"channel":"c","data_base64":"A"}}"#,
            "expected base64 with its padding before byte 43",
        ),
        (
            r#"{"publish":{"channel":"c","data":1,"headers":{"a":"1","b":"2","a":"3"}}}"#,
            "expected each header once",
        ),
        (
            r#"{"publish":{"channel":"c","data":1,"ttl_ms":18446744073709551616}}"#,
            "expected a whole number from 0 to 2^64 - 1 before byte 64",
        ),
        (r#"{"reply":{"call":1}}"#, "expected either data or error in reply"),
        (r#"{"ack":{"sequence":1}}"#, "expected either channel and sequence or messages in ack"),
        (
            r#"{"subscribe":{"channel":"c","slow":"no"}}"#,
            "expected `slow` to be replay, drop-oldest, conflate or disconnect",
        ),
        (
            r#"{"subscribe":{"channel":"c","position":{"epoch":"0x1","sequence":1}}}"#,
            "expected `epoch` as the server has given it",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(json(text), [Said::refused(0, expected)], "{text}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let headers = |count: usize| {
        let members: Vec<_> = (0..count).map(|number| format!(r#""{number}":"""#)).collect();
        let headers = members.join(",");
        format!(r#"{{"publish":{{"channel":"c","data":1,"headers":{{{headers}}}}}}}"#)
    };
    assert!(matches!(json(&headers(16))[..], [Said::Command(..)]));
    assert!(matches!(json(&headers(17))[..], [Said::Refused(..)]));
    let nested = |depth| {
        let data = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"publish":{{"channel":"c","data":{data}}}}}"#)
    };
    assert!(matches!(json(&nested(120))[..], [Said::Command(..)]));
    let expected = "expected at most 120 levels of arrays and objects";
    assert_eq!(json(&nested(121)), [Said::refused(0, expected)]);
    assert_eq!(json(&nested(500_000)), [Said::refused(0, expected)]);
}

#[test]
fn a_frame_that_is_none_ends_the_connection() {
    let cases = [
        ("", "expected a command in each frame"),
        (" ", "expected a command in each frame"),
        ("hello", "expected `{` at byte 0"),
        ("[]", "expected `{` at byte 0"),
        (r#"{"id":1,"ping":{}"#, "expected `,` at byte 17"),
        (r#"{"id":1,"ping":{},}"#, "expected a string at byte 18"),
        (r#"{"id":-1,"ping":{}}"#, "expected a whole number from 0 to 2^64 - 1 before byte 8"),
        (r#"{"id":1.0,"ping":{}}"#, "expected a whole number from 0 to 2^64 - 1 before byte 9"),
        (r#"{"id":1,"publish":{"channel":"c","data":nul}}"#, "expected JSON at byte 43"),
        (
            "{\"id\":1,\"publish\":{\"channel\":\"c\",\n\"data\":{\"a\":1,}}}",
            "expected JSON at byte 48",
        ),
    ];
    for (text, expected) in cases {
        malformed(Native::Json, text.as_bytes(), expected);
    }
    malformed(Native::Json, &[0xff], "expected text frames, with JSON");
    malformed(Native::Msgpack, b"\xc1", "expected a value, not the byte c1");
    malformed(
        Native::Msgpack,
        b"\x81\xa4ping",
        "expected more bytes: a value goes on behind the end",
    );
    malformed(
        Native::Protobuf,
        b"\x0a\x03\x72\x00",
        "expected more bytes: a field goes on behind the end of its message",
    );
    malformed(Native::Protobuf, b"\x12\x00", "expected a ClientFrame, which has field 1 only");
}

#[test]
fn who_is_refused_without_a_number_is_told_all_the_same() {
    let expected = "expected only call in cancel, not `cal`";
    assert_eq!(json(r#"{"cancel":{"cal":1}}"#), [Said::refused(0, expected)]);
    assert_eq!(CommandId::default(), CommandId(0));
}
