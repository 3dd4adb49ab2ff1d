//! The checks, each against a connection of its own.

use std::time::Duration;

use socket2::SockRef;
use tungstenite::protocol::frame::coding::Data;
use tungstenite::{Error, Message};

use super::connection::{Outcome, end, expect, expect_close, fragment, open, open_at, send};

pub(super) fn echo(url: &str, message: Message) -> Outcome {
    let mut connection = open(url)?;
    send(&mut connection, message.clone())?;
    expect(&mut connection, &message)?;
    end(connection, Some((1000, "")))
}

pub(super) fn burst(url: &str) -> Outcome {
    let message = |index: u32| match index % 2 {
        0 => Message::text(format!("message {index}")),
        _ => Message::binary(index.to_le_bytes().to_vec()),
    };
    let mut connection = open(url)?;
    for index in 0..1000 {
        connection.write(message(index)).map_err(|error| format!("message {index}: {error}"))?;
    }
    connection.flush().map_err(|error| format!("the flush: {error}"))?;
    for index in 0..1000 {
        expect(&mut connection, &message(index))?;
    }
    end(connection, Some((1000, "")))
}

pub(super) fn fragments(url: &str) -> Outcome {
    let data = TEXT.as_bytes();
    // The cuts at 3, 6 and 11 are inside of characters of 2, 3 and 4 bytes.
    let pieces = [&data[..0], &data[..3], &data[3..6], &[], &data[6..11], &data[11..], &[]];
    let mut connection = open(url)?;
    for (kind, message) in
        [(Data::Text, Message::text(TEXT)), (Data::Binary, Message::binary(data.to_vec()))]
    {
        for (index, piece) in pieces.into_iter().enumerate() {
            let kind = if index == 0 { kind } else { Data::Continue };
            send(&mut connection, fragment(piece, kind, index + 1 == pieces.len()))?;
        }
        expect(&mut connection, &message)?;
    }
    end(connection, Some((1000, "")))
}

pub(super) fn ping(url: &str) -> Outcome {
    let mut connection = open(url)?;
    for size in [0, 4, 125] {
        send(&mut connection, Message::Ping(vec![b'p'; size].into()))?;
        expect(&mut connection, &Message::Pong(vec![b'p'; size].into()))?;
    }
    end(connection, Some((1000, "")))
}

pub(super) fn ping_between_fragments(url: &str) -> Outcome {
    let mut connection = open(url)?;
    send(&mut connection, fragment(b"first, ", Data::Text, false))?;
    send(&mut connection, Message::Ping("between".into()))?;
    expect(&mut connection, &Message::Pong("between".into()))?;
    send(&mut connection, fragment(b"second", Data::Continue, true))?;
    expect(&mut connection, &Message::text("first, second"))?;
    end(connection, Some((1000, "")))
}

pub(super) fn subprotocol(url: &str) -> Outcome {
    for (offers, expected) in [(&["sockeye.test", "other"][..], Some("sockeye.test")), (&[], None)]
    {
        let (connection, response) = open_at(url, "/echo", offers)?;
        let chosen = response.headers().get("Sec-WebSocket-Protocol");
        if chosen.map(|value| value.as_bytes()) != expected.map(str::as_bytes) {
            return Err(format!("subprotocol {chosen:?} instead of {expected:?}"));
        }
        end(connection, Some((1000, "")))?;
    }
    Ok(())
}

pub(super) fn close(url: &str, code: Option<(u16, &'static str)>) -> Outcome {
    end(open(url)?, code)
}

pub(super) fn refused(url: &str, message: Message, code: u16) -> Outcome {
    let mut connection = open(url)?;
    match connection.send(message) {
        // The refusal may come while the rest is still being sent.
        Ok(()) | Err(Error::Io(_)) => expect_close(&mut connection, Some(code)),
        Err(error) => Err(format!("the send: {error}")),
    }
}

pub(super) fn hundred(url: &str) -> Outcome {
    let mut connections = (0..100).map(|_| open(url)).collect::<Result<Vec<_>, _>>()?;
    let message = |index: usize| Message::text(format!("connection {index}"));
    for (index, connection) in connections.iter_mut().enumerate() {
        send(connection, message(index))?;
    }
    for (index, connection) in connections.iter_mut().enumerate() {
        expect(connection, &message(index))?;
    }
    connections.into_iter().try_for_each(|connection| end(connection, Some((1000, ""))))
}

pub(super) fn abrupt_reset(url: &str) -> Outcome {
    let mut bystander = open(url)?;
    for index in 0..RESETS {
        let mut connection = open(url)?;
        send(&mut connection, fragment(&vec![0; 8 * MEBIBYTE], Data::Binary, false))?;
        // Closing a socket that lingers for no time resets the connection.
        let lingering = SockRef::from(connection.get_ref()).set_linger(Some(Duration::ZERO));
        lingering.map_err(|error| format!("SO_LINGER: {error}"))?;
        drop(connection);

        let message = Message::text(format!("after reset {index}"));
        send(&mut bystander, message.clone())?;
        expect(&mut bystander, &message)?;
    }
    end(bystander, Some((1000, "")))?;
    echo(url, Message::text(TEXT))
}

pub(super) const TEXT: &str = "a é ✓ 🐟 \0 end";
pub(super) const MEBIBYTE: usize = 1 << 20;
pub(super) const MESSAGE_MAX: usize = 16 * MEBIBYTE;
const RESETS: u32 = 10;
