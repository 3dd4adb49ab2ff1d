//! Rust's WebSocket libraries as clients and as servers: one program, so that they are compiled once.
//!
//! ```text
//! rust_peers LIBRARY SERVER check NAME...           makes these checks, in this order
//! rust_peers LIBRARY SERVER meet TOPIC SELF PEER    meets PEER in a topic (README.md)
//! rust_peers LIBRARY SERVER stall TOPIC             joins a topic, says so, and reads nothing
//! rust_peers LIBRARY serve                          serves on a free port and prints it
//! ```
//!
//! What a library is asked for is in [`connection`], which each of them implements once for both directions; what is
//! done with it is in the other modules, once for all of them.

mod checks;
mod connection;
mod fastwebsockets;
mod meeting;
mod over_hyper;
mod serving;
mod slow;
mod tokio_websockets;
mod tungstenite;
mod yawc;

use std::env;
use std::io::{self, Write};

use connection::{Connection, Outcome};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.split_first() {
        Some((&"tungstenite", rest)) => run::<tungstenite::Peer>(rest),
        Some((&"tokio-websockets", rest)) => run::<tokio_websockets::Peer>(rest),
        Some((&"fastwebsockets", rest)) => run::<fastwebsockets::Peer>(rest),
        Some((&"yawc", rest)) => run::<yawc::Peer>(rest),
        _ => panic!("expected a library and what to do with it, not {arguments:?}"),
    }
}

fn run<C: Connection + 'static>(arguments: &[&str]) {
    match *arguments {
        ["serve"] => serving::serve::<C>(),
        [server, "stall", topic] => connection::block_on(slow::stall::<C>(server, topic)),
        [server, "meet", topic, own, peer] => {
            report("meet", connection::block_on(meeting::meet::<C>(server, topic, own, peer)));
        }
        [server, "check", ref names @ ..] => {
            for name in names {
                report(name, connection::block_on(checks::check::<C>(server, name)));
            }
        }
        _ => panic!("expected check, meet, stall or serve, not {arguments:?}"),
    }
}

/// Prints the line of JSON that `src/driver.rs` reads.
fn report(check: &str, outcome: Outcome) {
    let ok = outcome.is_ok();
    let detail = outcome.err().unwrap_or_default();
    let line = serde_json::json!({ "check": check, "ok": ok, "detail": detail });
    writeln!(io::stdout(), "{line}").expect("standard output is read");
}
