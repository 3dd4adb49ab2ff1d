//! Sessions that outlive their connections.

use crate::sockeye::Sockeye;
use crate::talk::{Client, open};
use crate::websocket::{Arrived, TEXT};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn a_session_comes_back_with_its_subscriptions_and_gets_what_it_has_missed() {
    let server = Sockeye::start();
    let mut publisher = Client::connect(server.address);
    // New connections are on either worker: sessions that resume move between them.
    for round in 0..6 {
        let channel = format!("news {round}").replace(' ', "-");
        let mut client = Client::connect(server.address);
        client.subscribe(&channel);
        publisher.publish(&channel, &json!(1));
        assert_eq!(client.next("publication")["sequence"], 1);
        let (session, resume) =
            (client.session().to_owned(), client.resume(&json!({ &channel: 1 })));
        client.break_off();
        for number in 2..=300 {
            publisher.publish(&channel, &json!(number));
        }
        let mut client = Client::connect_with(server.address, &resume);
        assert_eq!(client.connected["resumed"], true);
        assert_eq!(client.session(), session, "it has the name that it had");
        publisher.publish(&channel, &json!(301));
        for number in 2..=301 {
            let publication = client.next("publication");
            let numbers =
                (&publication["sequence"], &publication["previous"], &publication["data"]);
            assert_eq!(numbers, (&json!(number), &json!(number - 1), &json!(number)));
        }
        assert!(!client.has_got("lost"));
    }
}

#[test]
fn a_session_that_resumes_elsewhere_ends_its_old_connection_with_4409() {
    let server = Sockeye::start();
    for _ in 0..6 {
        let mut old = Client::connect(server.address);
        let new = Client::connect_with(server.address, &old.resume(&json!({})));
        assert_eq!(new.connected["resumed"], true);
        assert_eq!(old.closed().0, 4409);
        assert_ne!(new.connected["resume"], old.connected["resume"], "a new token");
    }
}

#[test]
fn what_is_said_before_the_session_is_found_waits_for_it() {
    let server = Sockeye::start();
    // Among so many, some resume on the other worker.
    for round in 0..8 {
        let mut client = Client::connect(server.address);
        client.subscribe("news");
        let resume = client.resume(&json!({ "news": round * 3 }));
        client.break_off();
        let mut socket = open(server.address).expect("it is let in");
        socket.send(TEXT, json!({ "id": 1, "connect": resume }).to_string().as_bytes());
        for id in 2..=4 {
            let publish = json!({ "id": id, "publish": { "channel": "news", "data": id } });
            socket.send(TEXT, publish.to_string().as_bytes());
        }
        let (mut answered, mut got) = (Vec::new(), Vec::new());
        while answered.len() < 4 || got.len() < 3 {
            let Arrived::Message(TEXT, payload) = socket.next() else {
                panic!("it ends after {answered:?} and {got:?}");
            };
            let message: Value = serde_json::from_slice(&payload).expect("JSON");
            assert_eq!(message["error"], Value::Null, "{message}");
            let is_first = answered.is_empty();
            assert!(!is_first || message["connected"]["resumed"] == true, "{message}");
            // Answers that restore subscriptions have no number.
            answered.extend(message["id"].as_u64());
            got.extend(message["publication"]["sequence"].as_u64());
        }
        assert_eq!(answered, [1, 2, 3, 4]);
        assert_eq!(got, [1, 2, 3].map(|number| round * 3 + number));
        socket.close(1000);
    }
}

#[test]
fn who_has_said_good_bye_or_shows_a_wrong_token_begins_a_new_session() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    let resume = client.resume(&json!({}));
    client.socket.close(1000);
    assert_eq!(client.closed().0, 1000);
    for connect in [resume, json!({ "resume": { "token": "nonsense" } })] {
        let client = Client::connect_with(server.address, &connect);
        assert_ne!(client.connected["resumed"], json!(true));
    }
}

#[test]
fn a_slow_subscriber_gets_everything_later() {
    let server = Sockeye::start();
    let [mut slow, mut publisher] = [(); 2].map(|()| Client::connect(server.address));
    slow.subscribe("firehose");
    let text = "x".repeat(20_000);
    // Far more than the kernel and its bound take while it reads nothing.
    for number in 1..=600 {
        let published = publisher.publish("firehose", &json!({ "number": number, "text": text }));
        assert_eq!(published["position"]["sequence"], number);
    }
    for number in 1..=600_u64 {
        let publication = slow.next("publication");
        assert_eq!(publication["data"]["number"], number);
        assert_eq!(publication["previous"].as_u64().unwrap_or(0), number - 1);
    }
    slow.expect(|message| message["caught_up"].is_object());
    assert!(!slow.has_got("lost"));
    let lagged = crate::metrics::value(&server, "sockeye_lagged_total");
    assert!(lagged > 0, "it was slow");
}

#[test]
fn who_comes_late_with_a_position_gets_what_followed_on_it() {
    let server = Sockeye::start();
    let [mut late, mut publisher] = [(); 2].map(|()| Client::connect(server.address));
    let receipts: Vec<Value> =
        (1..=5).map(|number| publisher.publish("log", &json!(number))).collect();
    let position = &receipts[1]["position"];
    let body = json!({ "channel": "log", "position": position });
    let subscribed = late.ask_for("subscribe", &body, "subscribed");
    assert_eq!(subscribed["recovery"], "recovered", "{subscribed}");
    for number in 3..=5 {
        assert_eq!(late.next("publication")["data"], number);
    }
}

#[test]
fn who_has_not_heard_that_a_channel_began_anew_is_told_again() {
    let server = Sockeye::start();
    for _ in 0..6 {
        let mut client = Client::connect(server.address);
        let position = json!({ "epoch": "1", "sequence": 5 });
        let body = json!({ "channel": "news", "position": position });
        let subscribed = client.ask_for("subscribe", &body, "subscribed");
        assert_eq!(subscribed["recovery"], "lost", "{subscribed}");
        // As if the answer had not arrived: it does not say where it is.
        let mut client = Client::connect_with(server.address, &client.resume(&json!({})));
        let subscribed = client.next("subscribed");
        assert_eq!(subscribed["recovery"], "lost", "{subscribed}");
        let mut client =
            Client::connect_with(server.address, &client.resume(&json!({ "news": 0 })));
        let subscribed = client.next("subscribed");
        assert_eq!(subscribed["recovery"], "recovered", "{subscribed}");
    }
}

#[test]
fn what_a_resumed_session_does_not_have_is_revoked() {
    let server = Sockeye::start();
    let mut client = Client::connect(server.address);
    client.subscribe("news");
    client.subscribe("sport.*");
    let named = json!({ "news": 0, "sport.*": 0, "weather": 3, "culture.*": 0 });
    let resume = client.resume(&named);
    client.break_off();
    let mut client = Client::connect_with(server.address, &resume);
    assert_eq!(client.connected["resumed"], true);
    let mut heard = BTreeMap::new();
    while heard.len() < 4 {
        let told =
            client.expect(|told| told["subscribed"].is_object() || told["revoked"].is_object());
        for kind in ["subscribed", "revoked"] {
            if let Some(channel) = told[kind]["channel"].as_str() {
                heard.insert(channel.to_owned(), kind);
            }
        }
    }
    let expected = [
        ("culture.*", "revoked"),
        ("news", "subscribed"),
        ("sport.*", "subscribed"),
        ("weather", "revoked"),
    ];
    assert_eq!(heard, expected.map(|(channel, kind)| (channel.to_owned(), kind)).into());
}
