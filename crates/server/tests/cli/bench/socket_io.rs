//! `--socket-io`, against a server that speaks just that much of it.

use super::wrong_servers::start;
use super::{bench, number, sound};
use sockeye::protocol::Message;
use sockeye::protocol::http::Request;
use sockeye::{Context, Handler, Reply, RequestContext};
use std::time::Duration;

/// What the server does with the tenth event of a connection, or before there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// It sends a ping, and the event back after the pong.
    Pings,
    Corrupts,
    Renames,
    Disconnects,
    Refuses,
    /// It is no Socket.IO: it sends a text of its own.
    Greets,
    Closes,
}

/// Sends events back, or those of publishers to all others.
#[derive(Clone, Copy, Debug)]
struct SocketIo(Manner);

#[derive(Debug, Default)]
struct Client {
    is_publisher: bool,
    events: u64,
    held: Vec<String>,
}

impl Handler for SocketIo {
    type State = Client;
    type Mail = ();

    fn on_request(
        &mut self,
        _: &mut RequestContext<'_, Self>,
        request: &Request<'_>,
    ) -> Reply<Client> {
        let is_publisher = request.query().is_some_and(|query| query.ends_with("role=pub"));
        Reply::upgrade(Client { is_publisher, ..Client::default() })
    }

    fn on_open(&mut self, connection: &mut Context<'_, Self>) {
        if !connection.state().is_publisher {
            connection.subscribe("all");
        }
        send(
            connection,
            match self.0 {
                Manner::Greets => "hello",
                _ => "0{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":25000}",
            },
        );
        if self.0 == Manner::Closes {
            let _closing =
                connection.close(sockeye::protocol::CloseCode::POLICY_VIOLATION, "enough");
        }
    }

    fn on_message(&mut self, connection: &mut Context<'_, Self>, message: Message<'_>) {
        let Message::Text(text) = message else { panic!("{message:?} is no text") };
        match text {
            "40" if self.0 == Manner::Refuses => {
                send(connection, "44{\"message\":\"not you\"}");
            }
            // A ping right behind it, to be answered before any event.
            "40" => {
                send(connection, "40{\"sid\":\"b\"}");
                send(connection, "2");
            }
            "3" => {
                for held in std::mem::take(&mut connection.state().held) {
                    answer(connection, &held);
                }
            }
            event => self.handle_event(connection, event),
        }
    }
}

impl SocketIo {
    fn handle_event(self, connection: &mut Context<'_, Self>, event: &str) {
        assert!(event.starts_with("42[\"m\",\"") && event.ends_with("\"]"), "{event}");
        let client = connection.state();
        client.events += 1;
        match (self.0, client.events) {
            (Manner::Pings, 10) => {
                client.held.push(event.to_owned());
                send(connection, "2");
            }
            _ if !client.held.is_empty() => client.held.push(event.to_owned()),
            (Manner::Corrupts, 10) => answer(connection, &event.replace("\"]", "!\"]")),
            (Manner::Renames, 10) => answer(connection, &event.replace("\"m\"", "\"n\"")),
            (Manner::Disconnects, 10) => send(connection, "41"),
            _ => answer(connection, event),
        }
    }
}

fn answer(connection: &mut Context<'_, SocketIo>, event: &str) {
    if connection.state().is_publisher {
        connection.publish("all", event);
    } else {
        send(connection, event);
    }
}

fn send(connection: &mut Context<'_, SocketIo>, packet: &str) {
    let _closing = connection.send(packet);
}

/// Runs `check` with the URL of such a server.
fn with(manner: Manner, check: impl FnOnce(&str)) {
    let server = start(SocketIo(manner));
    check(&format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.local_addr()));
    server.remote().shut_down(Duration::ZERO);
}

#[test]
fn events_are_sent_back_to_one_who_answers_pings() {
    with(Manner::Pings, |url| {
        let result = sound(url, &["--socket-io", "--connections", "3"]);
        assert_eq!((&result["socket_io"], &result["payload"]), (&true.into(), &"text".into()));
        // Two bytes of header and ten around the message.
        let received = number(&result, "received_bytes_per_message");
        assert!((received - 44.0).abs() < 2.0, "{result}");
        assert_eq!(number(&result, "bytes"), number(&result, "messages") * 32.0);
        let large = ["--size", "100000", "--pipeline", "4", "--connections", "2", "--text"];
        sound(url, &[&["--socket-io"], &large[..]].concat());
    });
}

#[test]
fn events_of_a_publisher_reach_every_subscriber() {
    with(Manner::Pings, |url| {
        let publish = format!("{url}&role=pub");
        let arguments = ["--publish", &publish, "--connections", "20", "--pipeline", "4"];
        sound(url, &[&["--socket-io"], &arguments[..]].concat());
    });
}

#[test]
fn a_changed_event_is_corrupted_and_what_is_no_packet_loses_the_connection() {
    let against = |manner, counted: &str, said: &str| {
        with(manner, |url| {
            let (code, result, errors) = bench(url, &["--socket-io", "--connections", "3"]);
            assert_eq!(code, Some(1), "{manner:?}: {errors} {result}");
            assert!(errors.contains(said), "{manner:?}: {errors}");
            if !counted.is_empty() {
                assert_eq!(number(&result["errors"], counted), 3.0, "{result}");
            }
        });
    };
    against(Manner::Corrupts, "corrupted", "");
    // They are all lost before anything is measured, so that there is no result.
    against(Manner::Renames, "", "42[\\\"n\\\",");
    against(Manner::Disconnects, "", "the server ended Socket.IO");
    against(Manner::Refuses, "", "{\"message\":\"not you\"}");
    against(Manner::Greets, "", "\"hello\" is no packet of Socket.IO");
    against(Manner::Closes, "", "1008");
}

#[test]
fn a_url_of_another_transport_and_options_that_it_cannot_have_end_with_2() {
    let fails = |url: &str, arguments: &[&str], expected: &str| {
        let (code, _, errors) = bench(url, &[&["--socket-io"], arguments].concat());
        assert_eq!(code, Some(2), "{url} {arguments:?}: {errors}");
        assert!(errors.contains(expected), "{url} {arguments:?}: {errors}");
    };
    fails("ws://127.0.0.1:9/socket.io/", &[], "EIO=4&transport=websocket");
    let url = "ws://127.0.0.1:9/socket.io/?EIO=4&transport=websocket";
    fails(url, &["--publish", "ws://127.0.0.1:9/"], "EIO=4&transport=websocket");
    fails(url, &["--size", "31"], "at least 32 bytes for text");
    for option in ["--binary", "--json-payload", "--deflate", "--raw-tcp"] {
        fails(url, &[option], "cannot be used with");
    }
}
