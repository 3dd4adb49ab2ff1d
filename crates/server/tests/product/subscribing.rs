//! Channels: what is published to them arrives, in order and once, whichever workers the clients are on.

use crate::sockeye::{Sockeye, wait_for};
use crate::talk::Client;
use serde_json::{Value, json};

/// Clients enough to be on both workers.
fn clients(server: &Sockeye) -> Vec<Client> {
    (0..8).map(|_| Client::connect(server.address)).collect()
}

#[test]
fn publications_arrive_everywhere_in_order_each_with_the_number_before_it() {
    let server = Sockeye::start();
    let mut clients = clients(&server);
    for client in &mut clients {
        let subscribed = client.subscribe("chat:lobby");
        assert_eq!(subscribed["channel"], "chat:lobby");
        assert_eq!(subscribed["position"]["sequence"], 0);
    }
    for number in 1..=50 {
        let publisher = &mut clients[number % 8];
        let published = publisher.publish("chat:lobby", &json!({ "number": number }));
        assert_eq!(published["position"]["sequence"], number);
    }
    for client in &mut clients {
        for number in 1..=50 {
            let publication = client.next("publication");
            assert_eq!(publication["channel"], "chat:lobby");
            assert_eq!(publication["sequence"], number);
            assert_eq!(publication["previous"].as_u64().unwrap_or(0), number - 1);
            assert_eq!(publication["data"], json!({ "number": number }));
        }
        assert!(!client.has_got("publication"), "nothing more");
    }
}

#[test]
fn who_has_unsubscribed_or_is_left_out_gets_nothing() {
    let server = Sockeye::start();
    let [mut one, mut two] = [(); 2].map(|()| Client::connect(server.address));
    one.subscribe("news");
    two.subscribe("news");
    let body = json!({ "channel": "news", "data": 1, "exclude_self": true });
    one.ask_for("publish", &body, "published");
    assert_eq!(two.next("publication")["data"], 1);
    assert!(!one.has_got("publication"));
    two.ask_for("unsubscribe", &json!({ "channel": "news" }), "unsubscribed");
    one.publish("news", &json!(2));
    assert_eq!(one.next("publication")["data"], 2);
    assert!(!two.has_got("publication"));
}

#[test]
fn a_pattern_gets_what_its_channels_get() {
    let server = Sockeye::start();
    let [mut one, mut two] = [(); 2].map(|()| Client::connect(server.address));
    one.subscribe("news.*");
    for (channel, data) in [("news.sport", 1), ("weather", 2), ("news.art", 3)] {
        two.publish(channel, &json!(data));
    }
    let mut got = [one.next("publication"), one.next("publication")];
    got.sort_by_key(|publication| publication["data"].as_u64());
    let got = got.map(|one| (one["channel"].clone(), one["pattern"].clone()));
    let expected = [("news.sport", "news.*"), ("news.art", "news.*")];
    assert_eq!(got, expected.map(|(channel, pattern)| (json!(channel), json!(pattern))));
    assert!(!one.has_got("publication"));
}

#[test]
fn history_tells_what_was_published_and_state_the_latest_of_each_key() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    for number in 1..=5 {
        let key = format!("key {}", number % 2);
        let body = json!({ "channel": "prices", "data": number, "key": key });
        client.ask_for("publish", &body, "published");
    }
    let data = |page: &Value| -> Vec<u64> {
        let list = page["publications"].as_array().expect("a list");
        list.iter().map(|publication| publication["data"].as_u64().expect("a number")).collect()
    };
    let mut page = |body: Value| client.ask_for("history", &body, "history");
    let last = page(json!({ "channel": "prices", "limit": 2 }));
    assert_eq!(data(&last), [4, 5]);
    let after = page(json!({ "channel": "prices", "after": 1, "limit": 2 }));
    assert_eq!((data(&after), &after["more"]), (vec![2, 3], &json!(true)));
    let state = page(json!({ "channel": "prices", "state": true }));
    assert_eq!(data(&state), [4, 5]);
}

#[test]
fn an_expected_version_that_is_not_there_is_answered_with_what_is() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    let write = |client: &mut Client, data: u64, version: u64| {
        let body =
            json!({ "channel": "doc", "key": "title", "data": data, "expected_version": version });
        client.ask("publish", &body)
    };
    assert!(write(&mut client, 1, 0)["published"].is_object());
    let refused = write(&mut client, 2, 0);
    assert_eq!(refused["error"]["code"], "conflict");
    assert_eq!(refused["error"]["current"]["data"], 1);
    assert!(write(&mut client, 2, 1)["published"].is_object());
}

#[test]
fn the_same_idempotency_key_publishes_once() {
    let server = Sockeye::start();
    let [mut one, mut two] = [(); 2].map(|()| Client::connect(server.address));
    two.subscribe("orders");
    let body = json!({ "channel": "orders", "data": 1, "idempotency_key": "order 1" });
    let first = one.ask_for("publish", &body, "published");
    let second = one.ask_for("publish", &body, "published");
    assert_eq!(first["position"], second["position"]);
    assert_eq!(second["duplicate"], true);
    one.publish("orders", &json!(2));
    assert_eq!([(); 2].map(|()| two.next("publication")["data"].take()), [json!(1), json!(2)]);
}

#[test]
fn presence_tells_who_is_there_who_comes_and_who_goes() {
    let server = Sockeye::start();
    let [mut one, mut two, mut three] = [(); 3].map(|()| Client::connect(server.address));
    one.subscribe("room");
    let mine = json!({ "channel": "room", "info": { "name": "two" } });
    two.ask_for("subscribe", &mine, "subscribed");
    let joined = |message: &Value, session: &str| {
        let joined = message["presence_diff"]["joined"].as_array();
        joined.is_some_and(|members| members.iter().any(|member| member["session"] == session))
    };
    let session = two.session().to_owned();
    one.expect(|message| joined(message, &session));
    // Each worker tells the home by itself: that of the first may be the later one.
    let page = wait_for(|| {
        let page = three.ask_for("presence", &json!({ "channel": "room" }), "presence");
        (page["sessions"] == 2).then_some(page)
    });
    let members = page["members"].as_array().expect("a list");
    let info = members.iter().find(|member| member["session"] == json!(session));
    assert_eq!(info.expect("it is there")["info"], json!({ "name": "two" }));
    two.socket.close(1000);
    one.expect(|message| {
        let left = message["presence_diff"]["left"].as_array();
        left.is_some_and(|members| members.iter().any(|member| member["session"] == session))
    });
}

#[test]
fn one_session_calls_another_and_gets_its_answer() {
    let server = Sockeye::start();
    let mut clients = clients(&server);
    let mut callee = clients.pop().expect("there are eight");
    let session = callee.session().to_owned();
    for (number, caller) in clients.iter_mut().enumerate() {
        let call = json!({ "session": session, "method": "double", "data": number });
        caller.send(&json!({ "id": 77, "call": call }));
        let called = callee.next("call");
        assert_eq!((&called["method"], &called["data"]), (&json!("double"), &json!(number)));
        let reply = json!({ "call": called["call"], "data": 2 * number });
        callee.send(&json!({ "reply": reply }));
        let answer = caller.expect(|message| message["id"] == 77);
        assert_eq!(answer["answered"]["data"], 2 * number);
    }
}

#[test]
fn what_is_sent_to_a_session_or_to_all_arrives_there() {
    let server = Sockeye::start();
    let mut clients = clients(&server);
    let mut sender = clients.pop().expect("there are eight");
    let session = clients[0].session().to_owned();
    let body = json!({ "session": session, "data": "for you" });
    sender.ask("publish", &body);
    assert_eq!(clients[0].next("message")["data"], "for you");
    let body = json!({ "all": { "except": [session] }, "data": "for all" });
    sender.ask("publish", &body);
    for client in &mut clients[1..] {
        assert_eq!(client.next("message")["data"], "for all");
    }
    assert!(!clients[0].has_got("message"));
}
