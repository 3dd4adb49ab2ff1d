//! The rows of the table. README.md says what a server does at each path.

use std::thread;
use std::time::Duration;

use sockeye::client::WebSocketError;
use sockeye::protocol::{CloseCode, Message, ProtocolError};
use sockeye_rivals::matrix::Check;
use sockeye_rivals::sockets;

use super::talk::{self, Outcome, Talk};

/// A row, and how it is made against the server at a port.
type Row = (Check, fn(u16) -> Outcome);

pub(crate) const CHECKS: [Row; 23] = [
    check("text", "a text with characters of 1 to 4 bytes comes back as the same text", |port| {
        talk::echo(port, &[Message::Text(TEXT)])
    }),
    check("empty text", "an empty text comes back as an empty text", |port| {
        talk::echo(port, &[Message::Text("")])
    }),
    check("binary", "the 256 byte values come back as the same binary message", |port| {
        talk::echo(port, &[Message::Binary(&(0..=255).collect::<Vec<u8>>())])
    }),
    check("empty binary", "an empty binary message comes back as an empty one", |port| {
        talk::echo(port, &[Message::Binary(&[])])
    }),
    check("1 MiB text", "1,048,576 bytes of text come back as the same text", |port| {
        talk::echo(port, &[Message::Text(&("✓".repeat((MEBIBYTE - 1) / 3) + "a"))])
    }),
    check("1 MiB binary", "1,048,576 bytes come back as the same binary message", |port| {
        let data: Vec<u8> = (0..MEBIBYTE).map(|at| ((at * 31) >> 3) as u8).collect();
        talk::echo(port, &[Message::Binary(&data)])
    }),
    check("burst", "1,000 messages sent without waiting come back in order", burst),
    check("fragments", "a text and a binary message that come in fragments are whole", fragments),
    check("ping", "pings of 0, 4 and 125 bytes get pongs with the same payload", ping),
    check("peer's ping", "the server's ping is answered, as the server says", peers_ping),
    check(
        "subprotocol",
        "of other and sockeye.test, sockeye.test is chosen; of nothing, nothing",
        subprotocol,
    ),
    check("close 1000", "a close with 1000 is answered with 1000", |port| close(port, 1000, "")),
    check("close 1001", "a close with 1001 is answered with 1001", |port| {
        close(port, 1001, "going away")
    }),
    check("close 3000", "a close with 3000 and a reason is answered with 3000", |port| {
        close(port, 3000, "the reason")
    }),
    check("close 4999", "a close with 4999 and a reason is answered with 4999", |port| {
        close(port, 4999, "ein Grund: ✓")
    }),
    check("closed 1000", "the server's 1000 without a reason is told", |port| {
        closed(port, "1000", Some((1000, "")))
    }),
    check("closed 3000", "the server's 3000 and its reason are told", |port| {
        closed(port, "3000 the reason", Some((3000, "the reason")))
    }),
    check("closed without a code", "the server's close without a code is told as one", |port| {
        closed(port, "none", None)
    }),
    check("message too big", "one byte more than our limit is an error that says so", |port| {
        broken(port, "/flood", "1 1048577", ProtocolError::MessageTooBig)
    }),
    check("invalid UTF-8", "a text that is no UTF-8 is an error that says so", |port| {
        broken(port, "/invalid", "now", ProtocolError::Utf8Invalid)
    }),
    check("100 connections", "100 connections open at once each get their own message", hundred),
    check(
        "slow reader",
        "8 MiB, none of it read until the server could send no more, are all there in order",
        slow_reader,
    ),
    // Some servers can reset a connection only by dying, so this comes last.
    check("abrupt reset", "an end without a close frame is an error, and no closing", abrupt_reset),
];

const fn check(name: &'static str, expected: &'static str, make: fn(u16) -> Outcome) -> Row {
    (Check { name, expected }, make)
}

fn burst(port: u16) -> Outcome {
    let texts: Vec<String> = (0..1000).map(|index| format!("message {index}")).collect();
    let messages: Vec<Message<'_>> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| match index % 2 {
            0 => Message::Text(text),
            _ => Message::Binary(text.as_bytes()),
        })
        .collect();
    talk::echo(port, &messages)
}

fn fragments(port: u16) -> Outcome {
    let mut talk = Talk::open(port, "/fragments")?;
    for message in [Message::Text(TEXT), Message::Binary(TEXT.as_bytes())] {
        talk.send(message)?;
        talk.expect(message)?;
    }
    talk.close(1000, "")
}

fn ping(port: u16) -> Outcome {
    let mut talk = Talk::open(port, "/echo")?;
    for size in [0, 4, 125] {
        talk.ping(&vec![b'p'; size])?;
    }
    talk.close(1000, "")
}

fn peers_ping(port: u16) -> Outcome {
    let mut talk = Talk::open(port, "/ping")?;
    talk.send(Message::Text("is anybody there"))?;
    talk.expect(Message::Text("pong is anybody there"))?;
    talk.close(1000, "")
}

fn subprotocol(port: u16) -> Outcome {
    for (offers, expected) in [(&["other", "sockeye.test"][..], Some("sockeye.test")), (&[], None)]
    {
        let mut talk = Talk::with(port, "/echo", offers)?;
        let chosen = talk.subprotocol();
        if chosen != expected {
            return Err(format!("{chosen:?} instead of {expected:?}"));
        }
        talk.close(1000, "")?;
    }
    Ok(())
}

fn close(port: u16, code: u16, reason: &str) -> Outcome {
    Talk::open(port, "/echo")?.close(code, reason)
}

fn closed(port: u16, wish: &str, expected: Option<(u16, &str)>) -> Outcome {
    let mut talk = Talk::open(port, "/close")?;
    talk.send(Message::Text(wish))?;
    talk.expect_closed(expected.map(|(code, reason)| (CloseCode::new(code), reason)))
}

/// At `path`, `wish` makes the server break a rule of ours; then another connection is as good as ever.
fn broken(port: u16, path: &str, wish: &str, expected: ProtocolError) -> Outcome {
    let mut talk = Talk::open(port, path)?;
    talk.send(Message::Text(wish))?;
    match talk.error()? {
        WebSocketError::Protocol(error) if error == expected => {}
        error => return Err(format!("{error:?} instead of {expected:?}")),
    }
    talk::echo(port, &[Message::Text(TEXT)])
}

fn hundred(port: u16) -> Outcome {
    let mut talks =
        (0..100).map(|_| Talk::open(port, "/echo")).collect::<Result<Vec<_>, String>>()?;
    let said = |index: usize| format!("connection {index}");
    for (index, talk) in talks.iter_mut().enumerate() {
        talk.send(Message::Text(&said(index)))?;
    }
    for (index, talk) in talks.iter_mut().enumerate() {
        talk.expect(Message::Text(&said(index)))?;
    }
    talks.into_iter().try_for_each(|mut talk| talk.close(1000, ""))
}

fn slow_reader(port: u16) -> Outcome {
    let mut talk = Talk::open(port, "/flood")?;
    talk.send(Message::Text(&format!("{FLOOD_COUNT} {FLOOD_SIZE}")))?;
    let (mut looks, mut stalled_looks) = (0, 0);
    while stalled_looks < sockets::STALLED_LOOKS {
        looks += 1;
        if looks == LOOKS_MAX {
            return Err("the kernel took everything, although nobody read".into());
        }
        thread::sleep(LOOK_AGAIN);
        stalled_looks = if sockets::is_stalled(port)? { stalled_looks + 1 } else { 0 };
    }
    for index in 0..FLOOD_COUNT {
        let mut data = vec![0; FLOOD_SIZE];
        data[..4].copy_from_slice(&index.to_le_bytes());
        talk.expect(Message::Binary(&data)).map_err(|error| format!("message {index}: {error}"))?;
    }
    talk.close(1000, "")
}

fn abrupt_reset(port: u16) -> Outcome {
    let mut talk = Talk::open(port, "/reset")?;
    talk.send(Message::Text("now"))?;
    match talk.error()? {
        WebSocketError::Io(_) => {}
        error => return Err(format!("{error:?} instead of an error of the stream")),
    }
    match talk.error()? {
        WebSocketError::Closed => Ok(()),
        error => Err(format!("{error:?} instead of the word that it is closed")),
    }
}

const TEXT: &str = "a é ✓ 🐟 \0 end";
const MEBIBYTE: usize = 1 << 20;
const FLOOD_COUNT: u32 = 64;
const FLOOD_SIZE: usize = 128 * 1024;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 2000;
