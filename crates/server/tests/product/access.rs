//! What a configuration allows: to clients with tokens and without, to backends with keys, and of payloads.

use crate::api::request_with;
use crate::sockeye::{Sockeye, fresh_file};
use crate::talk::{Client, closed, open};
use crate::websocket::{Arrived, TEXT, WebSocket};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const CONFIGURATION: &str = r#"
    [auth]
    allowed_origins = ["https://App.example.org"]
    anonymous = true
    [[auth.key]]
    algorithm = "HS256"
    secret = "0123456789abcdef0123456789abcdef"
    [api]
    keys = ["an-api-key-of-a-test"]
    [session]
    grace = "7s"
    [[namespace]]
    pattern = "chat:*"
    subscribe = "everybody"
    publish = "users"
    [[namespace]]
    pattern = "orders:*"
    schema_file = "SCHEMA"
    [[namespace]]
    pattern = "inbox:{user}"
    subscribe = "users"
    [[namespace]]
    pattern = "people:*"
    subscribe = "everybody"
    presence_access = "everybody"
    presence = true
    join_leave = true
    [[namespace]]
    pattern = "mine:{user}:*"
    subscribe = "users"
    publish = "users"
    [[namespace]]
    pattern = "box:*"
    publish = "everybody"
    state = "keyed"
"#;

/// A server with this configuration, and the file with it.
fn start() -> (Sockeye, std::path::PathBuf) {
    let schema = fresh_file("schema.json");
    let text = r#"{"type": "object", "properties": {"count": {"type": "integer"}}}"#;
    std::fs::write(&schema, text).expect("a file of ours");
    let file = fresh_file("sockeye.toml");
    let name = schema.file_name().and_then(|name| name.to_str()).expect("a name of ours");
    std::fs::write(&file, CONFIGURATION.replace("SCHEMA", name)).expect("a file of ours");
    let path = file.to_str().expect("a path of ours");
    (Sockeye::start_with(&["--config", path]), file)
}

/// What `sockeye token` makes.
fn token(file: &Path, arguments: &[&str]) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_sockeye"))
        .args(["token", "--config"])
        .arg(file)
        .args(arguments)
        .output()
        .expect("the binary was built");
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).expect("ASCII").trim_end().to_owned()
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

#[test]
fn a_token_of_ours_says_who_and_what_may_be_done() {
    let (server, file) = start();
    let token = token(&file, &["--user", "ada", "--allow", "orders:*=subscribe,publish"]);
    let mut ada = Client::connect_with(server.address, &json!({ "token": token }));
    assert_eq!((&ada.connected["user"], &ada.connected["grace_ms"]), (&json!("ada"), &json!(7000)));
    assert!(ada.connected["expires_ms"].is_u64());
    ada.subscribe("chat:a");
    ada.publish("chat:a", &json!(1));
    ada.subscribe("inbox:ada");
    ada.publish("orders:1", &json!({ "count": 1 }));
    assert_eq!(code(&ada.ask("subscribe", &json!({ "channel": "inbox:bob" }))), "forbidden");
    assert_eq!(code(&ada.ask("subscribe", &json!({ "channel": "elsewhere" }))), "forbidden");

    let mut nobody = Client::connect(server.address);
    assert!(nobody.connected["user"].is_null());
    nobody.subscribe("chat:a");
    let publish = |channel| json!({ "channel": channel, "data": { "count": 1 } });
    assert_eq!(code(&nobody.ask("publish", &publish("chat:a"))), "forbidden");
    assert_eq!(code(&nobody.ask("publish", &publish("orders:1"))), "forbidden");
}

#[test]
fn permissions_change_while_the_connection_stays() {
    let (server, file) = start();
    let more = token(&file, &["--user", "ada", "--allow", "orders:*=subscribe,publish"]);
    let less = token(&file, &["--user", "ada", "--allow", "orders:*=publish"]);
    let mut ada = Client::connect_with(server.address, &json!({ "token": more }));
    ada.subscribe("orders:1");
    ada.subscribe("chat:a");
    ada.ask_for("refresh", &json!({ "token": less }), "refreshed");
    ada.next("permissions_changed");
    assert_eq!(ada.next("revoked"), json!({ "channel": "orders:1", "reason": "forbidden" }));
    let mut other = Client::connect_with(server.address, &json!({ "token": more }));
    other.publish("orders:1", &json!({ "count": 1 }));
    other.publish("chat:a", &json!(2));
    assert_eq!(ada.next("publication")["channel"], "chat:a", "and nothing of the other one");

    let bobs = token(&file, &["--user", "bob"]);
    ada.send(&json!({ "id": 99, "refresh": { "token": bobs } }));
    assert_eq!(ada.closed().0, 4401);
}

#[test]
fn what_a_new_token_says_of_a_client_is_shown_where_it_says_nothing_itself() {
    let (server, file) = start();
    let token = |info: &str| token(&file, &["--user", "ada", "--info", info]);
    let mut ada = Client::connect_with(server.address, &json!({ "token": token("1") }));
    let own = json!({ "channel": "people:own", "info": "mine" });
    ada.ask_for("subscribe", &own, "subscribed");
    ada.subscribe("people:token");
    let mut watcher = Client::connect(server.address);
    watcher.subscribe("people:token");
    // Its own coming is told too, and maybe with it who was there.
    let is_new = |message: &Value| {
        let joined = message["presence_diff"]["joined"].as_array();
        joined.is_some_and(|all| all.iter().any(|member| member["info"] == json!(2)))
    };
    ada.ask_for("refresh", &json!({ "token": token("2") }), "refreshed");
    let diff = watcher.expect(is_new);
    assert_eq!(diff["presence_diff"]["left"], json!([]), "it has not gone: {diff}");
    let mut info_in = |channel: &str| {
        let page = watcher.ask_for("presence", &json!({ "channel": channel }), "presence");
        let members = page["members"].as_array().expect("a list").clone();
        let is_ada = |member: &&Value| member["user"] == json!("ada");
        members.iter().find(is_ada).expect("she is there")["info"].clone()
    };
    assert_eq!((info_in("people:token"), info_in("people:own")), (json!(2), json!("mine")));
    assert!(!ada.has_got("permissions_changed"), "she may do the same");
}

#[test]
fn a_pattern_of_ones_own_is_for_oneself_until_the_backend_ends_it() {
    let (server, file) = start();
    let token = |user| json!({ "token": token(&file, &["--user", user]) });
    let mut ada = Client::connect_with(server.address, &token("ada"));
    ada.subscribe("mine:ada:*");
    for wrong in ["mine:*", "mine:ada*", "mine:bob:*"] {
        assert_eq!(code(&ada.ask("subscribe", &json!({ "channel": wrong }))), "forbidden");
    }
    let literally = ada.ask("subscribe", &json!({ "channel": "mine:{user}:*" }));
    assert_eq!(code(&literally), "bad_request");
    let mut bob = Client::connect_with(server.address, &token("bob"));
    bob.subscribe("mine:bob:*");
    assert_eq!(code(&bob.ask("subscribe", &json!({ "channel": "mine:ada:*" }))), "forbidden");
    bob.publish("mine:bob:phone", &json!(1));
    ada.publish("mine:ada:phone", &json!(2));
    assert_eq!(ada.next("publication")["channel"], "mine:ada:phone");
    assert_eq!(bob.next("publication")["channel"], "mine:bob:phone");
    assert!(!ada.has_got("publication") && !bob.has_got("publication"));

    let end = |body: Value| {
        let key = "X-API-Key: an-api-key-of-a-test\r\n";
        request_with(&server, "POST", "/api/v1/unsubscribe", key, &body.to_string()).0
    };
    assert_eq!(end(json!({ "user": "ada", "channel": "mine:ada:*" })), 200);
    assert_eq!(ada.next("revoked"), json!({ "channel": "mine:ada:*", "reason": "backend" }));
    assert_eq!(end(json!({ "user": "ada", "channel": "**" })), 400);
    ada.publish("mine:ada:phone", &json!(3));
    assert!(!ada.has_got("publication"));
}

#[test]
fn a_wrong_version_shows_the_value_to_those_who_may_read_it() {
    let (server, file) = start();
    let vote = json!({ "channel": "box:a", "key": "k", "expected_version": 0, "data": "secret" });
    let mut nobody = Client::connect(server.address);
    nobody.ask_for("publish", &vote, "published");
    let conflict = |token: Value| {
        let answer = Client::connect_with(server.address, &token).ask("publish", &vote);
        assert_eq!(code(&answer), "conflict", "{answer}");
        answer["error"].clone()
    };
    let blind = conflict(json!({}));
    assert!(blind["current"].is_null(), "{blind}");
    assert!(blind["message"].as_str().is_some_and(|text| text.contains("version 1")), "{blind}");
    for permission in ["subscribe", "history"] {
        let token = token(&file, &["--allow", &format!("box:*={permission}")]);
        let error = conflict(json!({ "token": token }));
        assert_eq!(error["current"]["data"], "secret", "{permission}: {error}");
    }
    let key = "X-API-Key: an-api-key-of-a-test\r\n";
    let (status, body) = request_with(&server, "POST", "/api/v1/publish", key, &vote.to_string());
    assert!(status == 409 && body.contains("secret"), "{body}");
}

#[test]
fn a_token_that_ends_ends_the_connection_and_the_session_waits_for_another() {
    let (server, file) = start();
    let short = token(&file, &["--user", "ada", "--expires", "1s"]);
    let mut ada = Client::connect_with(server.address, &json!({ "token": short }));
    ada.subscribe("chat:a");
    assert_eq!(ada.closed().0, 4402);

    let longer = token(&file, &["--user", "ada"]);
    let mut resume = ada.resume(&json!({ "chat:a": 0 }));
    resume["token"] = json!(longer);
    let back = Client::connect_with(server.address, &resume);
    assert_eq!(back.connected["resumed"], true, "{}", back.connected);
}

#[test]
fn a_bad_token_is_not_let_in() {
    let (server, _) = start();
    let mut socket = open(server.address).expect("it is let in");
    socket.send(TEXT, br#"{"id":1,"connect":{"token":"eyJhbGciOiJub25lIn0.e30."}}"#);
    let Arrived::Message(TEXT, answer) = socket.next() else {
        panic!("no answer");
    };
    assert!(String::from_utf8_lossy(&answer).contains("unauthorized"), "{answer:?}");
    assert_eq!(closed(&mut socket).0, 4401);
}

#[test]
fn a_payload_that_does_not_fit_is_refused_with_the_place() {
    let (server, file) = start();
    let token = token(&file, &["--allow", "orders:*=subscribe,publish"]);
    let mut client = Client::connect_with(server.address, &json!({ "token": token }));
    client.subscribe("orders:1");
    let wrong = json!({ "channel": "orders:1", "data": { "count": "one" } });
    let expected = "/count: value is not of type \"integer\"";
    let answer = client.ask("publish", &wrong);
    assert_eq!(code(&answer), "invalid_payload");
    assert_eq!(answer["error"]["message"], expected);
    let key = "X-API-Key: an-api-key-of-a-test\r\n";
    let (status, body) = request_with(&server, "POST", "/api/v1/publish", key, &wrong.to_string());
    assert_eq!(status, 422, "{body}");
    assert!(body.contains("invalid_payload") && body.contains("/count: "), "{body}");
    assert!(!client.has_got("publication"), "none of them was published");
}

#[test]
fn the_api_is_for_those_with_a_key() {
    let (server, _) = start();
    let publish = |headers: &str| {
        let body = r#"{"channel":"chat:a","data":1}"#;
        request_with(&server, "POST", "/api/v1/publish", headers, body).0
    };
    assert_eq!(publish("Authorization: Bearer an-api-key-of-a-test\r\n"), 200);
    assert_eq!(publish("X-API-Key: an-api-key-of-a-test\r\n"), 200);
    assert_eq!(publish("X-API-Key: an-api-key-of-a-tesT\r\n"), 401);
    assert_eq!(publish(""), 401);
}

#[test]
fn pages_of_allowed_origins_may_connect() {
    let (server, _file) = start();
    let open = |origin: &str| {
        WebSocket::open(server.address, "/connect", &format!("Origin: {origin}\r\n"))
    };
    assert!(open("https://app.example.org").is_ok());
    for other in ["http://app.example.org", "https://app.example.org:8443", "https://example.org"] {
        assert_eq!(open(other).err().expect("it is refused").0, 403, "{other}");
    }
}
