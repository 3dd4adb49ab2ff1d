//! What Sockeye is measured beside: servers on other people's libraries, and on none. `cargo xtask bench --rivals` runs them.
//!
//! ```text
//! sockeye-bench-peers LIBRARY WHAT         serves WHAT with LIBRARY: echo, publish, deflate
//! sockeye-bench-peers bare                 serves echo and publish with WebSocket and nothing else
//! sockeye-bench-peers floor [SPIN]         sends back what it receives, without WebSocket; SPIN is microseconds
//! sockeye-bench-peers hold URL COUNT [CA]  opens COUNT connections, and does one thing per line that it reads
//! ```
//!
//! A server listens on a free port of 127.0.0.1 and prints `serving PORT`. It has one thread, and takes messages of 16 MiB:
//!
//! | path | |
//! |---|---|
//! | `/echo` | sends a message back as it came |
//! | `/sub` | receives what is sent to `/pub` |
//! | `/pub` | what is sent here goes to all of `/sub`, as binary messages |
//!
//! Socket.IO has one path and sends text; `js/socket_io.mjs` says who is who there.
//!
//! Each is as short as its library's documentation suggests, because that is what people run; where a library has several ways,
//! it is the one that costs least here. The servers on the other languages' libraries are in `js/` and `uwebsockets/`.

#![allow(clippy::print_stdout, reason = "a command-line tool")]

mod bare;
mod event_loop;
mod fastwebsockets;
mod floor;
mod hold;
mod serving;
mod sockudo;
mod tokio_websockets;
mod tungstenite;
mod yawc;

use std::env;
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["bare"] => bare::serve(),
        ["floor"] => floor::serve(Duration::ZERO),
        ["floor", microseconds] => floor::serve(Duration::from_micros(number(microseconds))),
        ["hold", url, count] => hold::run(url, number(count), None),
        ["hold", url, count, authority] => hold::run(url, number(count), Some(authority)),
        ["fastwebsockets", "echo"] => serving::run(fastwebsockets::echo),
        ["sockudo-ws", "echo"] => serving::run(sockudo::echo),
        ["sockudo-ws", "publish"] => serving::run(sockudo::publisher()),
        ["sockudo-ws", "deflate"] => serving::run(sockudo::deflate),
        ["tokio-tungstenite", "echo"] => serving::run(tungstenite::echo),
        ["tokio-tungstenite", "publish"] => serving::run(tungstenite::publisher()),
        ["tokio-websockets", "echo"] => serving::run(tokio_websockets::echo),
        ["yawc", "echo"] => serving::run(yawc::echo),
        _ => panic!("nothing here is called {arguments:?}"),
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}
