//! Rust `tungstenite`, blocking, in the test itself.

mod checks;
mod connection;
mod meeting;

use sockeye_rivals::driver::Results;
use tungstenite::Message;
use tungstenite::protocol::frame::coding::Data;

use checks::{MEBIBYTE, MESSAGE_MAX, TEXT};
use connection::{Outcome, fragment};

pub(crate) use meeting::meet;

/// Makes `checks`, and gives a result for each.
pub(crate) fn check(url: &str, checks: &[&str]) -> Results {
    checks.iter().map(|&name| (name.to_owned(), one_check(url, name))).collect()
}

fn one_check(url: &str, name: &str) -> Outcome {
    let pattern = |size: usize| -> Vec<u8> { (0..size).map(|at| ((at * 31) >> 3) as u8).collect() };
    match name {
        "text" => checks::echo(url, Message::text(TEXT)),
        "empty text" => checks::echo(url, Message::text("")),
        "binary" => checks::echo(url, Message::binary((0..=255).collect::<Vec<u8>>())),
        "empty binary" => checks::echo(url, Message::binary(Vec::new())),
        "1 MiB text" => checks::echo(url, Message::text("✓".repeat((MEBIBYTE - 1) / 3) + "a")),
        "1 MiB binary" => checks::echo(url, Message::binary(pattern(MEBIBYTE))),
        "burst" => checks::burst(url),
        "fragments" => checks::fragments(url),
        "ping" => checks::ping(url),
        "ping between fragments" => checks::ping_between_fragments(url),
        "subprotocol" => checks::subprotocol(url),
        "close 1000" => checks::close(url, Some((1000, ""))),
        "close 1001" => checks::close(url, Some((1001, "going away"))),
        "close 3000" => checks::close(url, Some((3000, "the reason"))),
        "close 4999" => checks::close(url, Some((4999, "ein Grund: ✓"))),
        "close without a code" => checks::close(url, None),
        "message too big" => checks::refused(url, Message::binary(vec![0; MESSAGE_MAX + 1]), 1009),
        "invalid UTF-8" => checks::refused(url, fragment(b"a\xffb", Data::Text, true), 1007),
        "100 connections" => checks::hundred(url),
        "abrupt reset" => checks::abrupt_reset(url),
        _ => Err("this client does not know the check".into()),
    }
}
