//! The HTTP API of backends.

use crate::sockeye::{PATIENCE, Sockeye};
use crate::talk::Client;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Sends a request, and gives the status and the body of its answer.
pub(crate) fn request(server: &Sockeye, method: &str, target: &str, body: &str) -> (u16, String) {
    request_with(server, method, target, "", body)
}

pub(crate) fn request_with(
    server: &Sockeye,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    let address = server.address;
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("an open socket");
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it answers");
    let (head, body) = response.split_once("\r\n\r\n").expect("a whole head");
    (head[9..12].parse().expect("a status"), body.to_owned())
}

pub(crate) fn get(server: &Sockeye, target: &str) -> (u16, String) {
    request(server, "GET", target, "")
}

/// The body of an answer with status 200.
fn done(answer: (u16, String)) -> Value {
    let (status, body) = answer;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

fn post(server: &Sockeye, path: &str, body: &Value) -> (u16, String) {
    request(server, "POST", &format!("/api/v1/{path}"), &body.to_string())
}

#[test]
fn what_a_backend_publishes_arrives_byte_for_byte() {
    let server = Sockeye::start();
    let mut clients: Vec<Client> = (0..4).map(|_| Client::connect(server.address)).collect();
    for client in &mut clients {
        client.subscribe("news");
    }
    let data = r#"{"b":1.00,"a":[ ],"ü":"\u00fc"}"#;
    let body = format!(r#"{{"channel":"news","data":{data}}}"#);
    let receipt = done(request(&server, "POST", "/api/v1/publish", &body));
    assert_eq!(receipt["position"]["sequence"], 1);
    for client in &mut clients {
        let publication = client.next("publication");
        assert_eq!(publication["data"], serde_json::from_str::<Value>(data).expect("JSON"));
        assert_eq!(publication["session"], Value::Null, "nobody's session");
    }
    let (_, history) = get(&server, "/api/v1/channels/news/history");
    assert!(history.contains(&format!(r#""data":{data}"#)), "as it was sent: {history}");
}

#[test]
fn a_batch_is_answered_item_by_item_in_its_order() {
    let server = Sockeye::start();
    let items: Vec<Value> = (0..100)
        .map(|number| json!({ "channel": format!("channel-{}", number % 7), "data": number }))
        .chain([json!({ "channel": "", "data": 1 }), json!({ "channel": "x" })])
        .collect();
    let answers = done(post(&server, "publish/batch", &json!(items)));
    let answers = answers.as_array().expect("a list");
    assert_eq!(answers.len(), 102);
    for (number, answer) in answers[..100].iter().enumerate() {
        assert_eq!(answer["position"]["sequence"], number / 7 + 1);
    }
    for answer in &answers[100..] {
        assert_eq!(answer["error"]["code"], "bad_request", "{answer}");
    }
    let page = done(get(&server, "/api/v1/channels/channel-3/history?after=2&limit=3"));
    let data: Vec<&Value> =
        page["publications"].as_array().expect("a list").iter().map(|one| &one["data"]).collect();
    assert_eq!(data, [17, 24, 31]);
    assert_eq!(page["more"], true);
}

#[test]
fn a_backend_reaches_sessions_ends_them_and_ends_their_subscriptions() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    let session = client.session().to_owned();
    client.subscribe("room");
    done(post(&server, "publish", &json!({ "session": session, "data": "for you" })));
    assert_eq!(client.next("message")["data"], "for you");
    done(post(&server, "publish", &json!({ "all": {}, "data": "for all" })));
    assert_eq!(client.next("message")["data"], "for all");
    done(post(&server, "unsubscribe", &json!({ "session": session, "channel": "room" })));
    assert_eq!(client.next("revoked")["reason"], "backend");
    done(post(&server, "disconnect", &json!({ "session": session, "reason": "enough" })));
    let (code, reason) = client.closed();
    assert_eq!((code, reason.as_str()), (4403, "enough"));
    let too_late = [
        ("publish", json!({ "session": session, "data": "for you" })),
        ("unsubscribe", json!({ "session": session, "channel": "room" })),
        ("disconnect", json!({ "session": session, "reason": "enough" })),
    ];
    for (path, body) in too_late {
        let (status, answer) = post(&server, path, &body);
        assert_eq!(status, 404, "{path}: {answer}");
    }
}

#[test]
fn channels_are_described_configured_and_removed() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    let body = r#"{"metadata":{"title":"Lobby"}}"#;
    done(request(&server, "PUT", "/api/v1/channels/chat%2Flobby", body));
    let subscribed = client.subscribe("chat/lobby");
    assert_eq!(subscribed["metadata"], json!({ "title": "Lobby" }));
    client.publish("chat/lobby", &json!(1));
    let info = done(get(&server, "/api/v1/channels/chat%2Flobby"));
    assert_eq!((&info["history"], &info["sessions"]), (&json!(1), &json!(1)));
    assert_eq!(info["metadata"], json!({ "title": "Lobby" }));
    let presence = done(get(&server, "/api/v1/channels/chat%2Flobby/presence"));
    assert_eq!(presence["members"][0]["session"], client.session());
    let counts = done(get(&server, "/api/v1/channels/chat%2Flobby/presence?counts_only=true"));
    assert_eq!((&counts["sessions"], &counts["members"]), (&json!(1), &json!([])));
    done(request(&server, "DELETE", "/api/v1/channels/chat%2Flobby", ""));
    assert_eq!(client.next("revoked")["reason"], "removed");
    let (status, error) = get(&server, "/api/v1/channels/chat%2Flobby");
    assert_eq!(status, 404, "{error}");
}

#[test]
fn what_cannot_be_done_has_its_status_and_its_code() {
    let server = Sockeye::start();
    let large = format!(r#"{{"channel":"a","data":"{}"}}"#, "x".repeat(1024 * 1024));
    let conflict = r#"{"channel":"doc","key":"k","data":1,"expected_version":7}"#;
    let cases = [
        ("POST", "publish", "", 400, "bad_request"),
        ("POST", "publish", r#"{"channel":"a"}"#, 400, "bad_request"),
        ("POST", "publish", r#"{"channel":"a b","data":1}"#, 400, "bad_request"),
        ("POST", "publish", r#"{"session":"1.0.2.3","data":1}"#, 404, "not_found"),
        ("POST", "publish", conflict, 409, "conflict"),
        ("POST", "publish", &large, 413, "limit_exceeded"),
        ("POST", "publish/batch", "[]", 400, "bad_request"),
        ("GET", "publish", "", 405, "bad_request"),
        ("GET", "nothing", "", 404, "not_found"),
        ("GET", "channels/a%20b", "", 400, "bad_request"),
        ("GET", "channels/a/history?limit=many", "", 400, "bad_request"),
    ];
    for (method, path, body, status, code) in cases {
        let (got, answer) = request(&server, method, &format!("/api/v1/{path}"), body);
        let shown = &answer[..answer.len().min(200)];
        assert_eq!(got, status, "{method} {path}: {shown}");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["error"]["code"], code, "{method} {path}: {shown}");
        assert!(answer["error"]["message"].is_string(), "{shown}");
    }
}

#[test]
fn pages_of_other_hosts_cannot_use_it() {
    let server = Sockeye::start();
    let body = r#"{"channel":"news","data":1}"#;
    let origin = "Origin: https://example.org\r\n";
    let (status, answer) = request_with(&server, "POST", "/api/v1/publish", origin, body);
    assert_eq!(status, 403, "{answer}");
}

#[test]
fn binary_data_goes_both_ways_as_base64() {
    let server = Sockeye::start();
    done(post(&server, "publish", &json!({ "channel": "bytes", "data_base64": "AAH/" })));
    let page = done(get(&server, "/api/v1/channels/bytes/history"));
    assert_eq!(page["publications"][0]["data_base64"], "AAH/");
    assert_eq!(page["publications"][0]["data"], Value::Null);
}
