//! permessage-deflate between the engine's server and the engine's clients that block.

use super::{Noted, Served, serve};
use crate::support::Random;
use sockeye::protocol::Message;
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
use sockeye::{ClientConfig, WebSocket};
use std::net::TcpStream;

const DEDICATED: DeflateMode = DeflateMode::Dedicated { bytes: 16 * 1024 };
const OWN: DeflateMode = DeflateMode::Dedicated { bytes: 512 * 1024 };
const MODES: [DeflateMode; 4] = [DeflateMode::Off, DeflateMode::Shared, DEDICATED, OWN];

fn serve_with(mode: DeflateMode) -> Served {
    serve(|config| config.deflate = DeflateConfig::new(mode))
}

fn connect(served: &Served, path: &str, mode: DeflateMode) -> WebSocket<TcpStream> {
    let mut config =
        ClientConfig::new(&format!("ws://{}{path}", served.address)).expect("an address");
    config.deflate = DeflateConfig::new(mode);
    config.read_timeout = Some(super::PATIENCE);
    WebSocket::connect(&config).expect("the server agrees to something")
}

fn text(client: &mut WebSocket<TcpStream>) -> String {
    match client.receive().expect("nothing breaks") {
        Some(Message::Text(text)) => text.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_mode_echoes_with_every_mode() {
    for server in MODES {
        let served = serve_with(server);
        for client in MODES {
            let mut socket = connect(&served, "/echo", client);
            let random = &mut Random::new(7);
            for size in [0, 5, 127, 128, 1000, 70_000, 300_000] {
                let words = ["alpha ", "beta ", "gamma "];
                let mut message = String::new();
                while message.len() < size {
                    message += words[random.below(3)];
                }
                for message in [message, String::from_utf8_lossy(&random.bytes(size)).into()] {
                    socket.send(message.as_str()).expect("it is open");
                    assert!(text(&mut socket) == message, "{server:?} {client:?} {size}");
                    socket.send_uncompressed(message.as_str()).expect("it is open");
                    assert!(text(&mut socket) == message, "{server:?} {client:?} {size}");
                }
            }
        }
    }
}

#[test]
fn subscribers_of_every_mode_hear_what_is_published_among_what_is_sent_to_them_alone() {
    for server in MODES {
        let served = serve_with(server);
        let mut subscribers = MODES.map(|mode| connect(&served, "/topic/news", mode));
        let count = subscribers.len();
        // All are subscribed by then.
        while served.log.all(|noted| matches!(noted, Noted::Opened(..)).then_some(())).len() < count
        {
            std::thread::yield_now();
        }
        let mut publisher = connect(&served, "/publisher", DEDICATED);
        for round in 0..50 {
            let news = format!("round-{round}-").repeat(1 + round % 40);
            let alone = format!("alone-{round}-").repeat(30);
            for _ in 0..2 {
                publisher.send(format!("publish news {news}").as_str()).expect("it is open");
            }
            for subscriber in &mut subscribers {
                subscriber.send(format!("echo {alone}").as_str()).expect("it is open");
                let mut heard = [text(subscriber), text(subscriber), text(subscriber)];
                heard.sort();
                let mut said = [news.clone(), news.clone(), alone.clone()];
                said.sort();
                assert!(heard == said, "{server:?}, round {round}");
            }
        }
    }
}

#[test]
fn a_message_that_is_too_big_once_inflated_closes_with_1009_and_disturbs_nobody() {
    let served = serve_with(DeflateMode::Shared);
    let mut bystander = connect(&served, "/echo", DeflateMode::Shared);
    let mut bomber = connect(&served, "/echo", DeflateMode::Shared);
    let bomb = vec![0_u8; (1 << 20) + 1];
    bomber.send(&bomb).expect("it is a few kilobytes");
    assert!(matches!(bomber.receive(), Ok(None)));
    assert_eq!(bomber.close_frame().map(|frame| frame.code.number()), Some(1009));
    let largest = vec![0_u8; 1 << 20];
    bystander.send(&largest).expect("it is open");
    let echo = bystander.receive().expect("nothing breaks");
    assert!(echo == Some(Message::Binary(&largest)));
}
