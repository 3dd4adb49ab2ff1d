//! The checks of a client, each against connections of its own.

use crate::connection::{
    Connection, Incoming, Kind, MEBIBYTE, MESSAGE_MAX, Opened, Options, Outcome, Outgoing,
    SUBPROTOCOL, binary, fragment, text,
};
use crate::slow;

/// Makes the check of this name.
pub(crate) async fn check<C: Connection>(server: &str, name: &str) -> Outcome {
    let pattern: Vec<u8> = (0..MEBIBYTE).map(|at| ((at * 31) >> 3) as u8).collect();
    match name {
        "text" => echo_text::<C>(server, TEXT).await,
        "empty text" => echo_text::<C>(server, "").await,
        "binary" => echo_binary::<C>(server, &(0..=255).collect::<Vec<u8>>()).await,
        "empty binary" => echo_binary::<C>(server, &[]).await,
        "1 MiB text" => echo_text::<C>(server, &("✓".repeat((MEBIBYTE - 1) / 3) + "a")).await,
        "1 MiB binary" => echo_binary::<C>(server, &pattern).await,
        "burst" => burst::<C>(server).await,
        "fragments" => fragments::<C>(server).await,
        "ping" => ping::<C>(server).await,
        "ping between fragments" => ping_between_fragments::<C>(server).await,
        "subprotocol" => subprotocol::<C>(server).await,
        "close 1000" => close::<C>(server, Some((1000, ""))).await,
        "close 1001" => close::<C>(server, Some((1001, "going away"))).await,
        "close 3000" => close::<C>(server, Some((3000, "the reason"))).await,
        "close 4999" => close::<C>(server, Some((4999, "ein Grund: ✓"))).await,
        "close without a code" => close::<C>(server, None).await,
        "message too big" => refused::<C>(server, binary(&vec![0; MESSAGE_MAX + 1]), 1009).await,
        "invalid UTF-8" => refused::<C>(server, fragment(Kind::Text, b"a\xffb", true), 1007).await,
        "unmasked frame" => unmasked::<C>(server).await,
        "100 connections" => hundred::<C>(server).await,
        "abrupt reset" => abrupt_reset::<C>(server).await,
        "slow reader" => slow::slow_reader::<C>(server).await,
        _ => Err("this client does not know the check".into()),
    }
}

async fn open<C: Connection>(server: &str) -> Result<Opened<C>, String> {
    Opened::at(server, "/echo").await
}

async fn echo_text<C: Connection>(server: &str, message: &str) -> Outcome {
    let mut connection = open::<C>(server).await?;
    connection.send(text(message)).await?;
    connection.expect(Incoming::Text(message.to_owned())).await?;
    connection.end(Some((1000, ""))).await
}

async fn echo_binary<C: Connection>(server: &str, message: &[u8]) -> Outcome {
    let mut connection = open::<C>(server).await?;
    connection.send(binary(message)).await?;
    connection.expect(Incoming::Binary(message.to_vec())).await?;
    connection.end(Some((1000, ""))).await
}

async fn burst<C: Connection>(server: &str) -> Outcome {
    let said = |index: u32| format!("message {index}");
    let mut connection = open::<C>(server).await?;
    for index in 0..1000_u32 {
        match index % 2 {
            0 => connection.send(text(&said(index))).await?,
            _ => connection.send(binary(&index.to_le_bytes())).await?,
        }
    }
    for index in 0..1000_u32 {
        let expected = match index % 2 {
            0 => Incoming::Text(said(index)),
            _ => Incoming::Binary(index.to_le_bytes().to_vec()),
        };
        connection.expect(expected).await?;
    }
    connection.end(Some((1000, ""))).await
}

async fn fragments<C: Connection>(server: &str) -> Outcome {
    let data = TEXT.as_bytes();
    // The cuts at 3, 6 and 11 are inside of characters of 2, 3 and 4 bytes.
    let pieces = [&data[..0], &data[..3], &data[3..6], &[], &data[6..11], &data[11..], &[]];
    let options = Options { fragment_size: C::FRAGMENTS_ITSELF.then_some(3), ..Options::default() };
    let mut connection = Opened::<C>::with(server, "/echo", options).await?;
    for (kind, expected) in
        [(Kind::Text, Incoming::Text(TEXT.into())), (Kind::Binary, Incoming::Binary(data.to_vec()))]
    {
        if C::FRAGMENTS_ITSELF {
            connection.send(fragment(kind, data, true)).await?;
        } else {
            for (index, piece) in pieces.into_iter().enumerate() {
                let kind = if index == 0 { kind } else { Kind::Continuation };
                connection.send(fragment(kind, piece, index + 1 == pieces.len())).await?;
            }
        }
        connection.expect(expected).await?;
    }
    connection.end(Some((1000, ""))).await
}

async fn ping<C: Connection>(server: &str) -> Outcome {
    let mut connection = open::<C>(server).await?;
    for size in [0, 4, 125] {
        connection.send(Outgoing::Ping(&vec![b'p'; size])).await?;
        connection.expect(Incoming::Pong(vec![b'p'; size])).await?;
    }
    connection.end(Some((1000, ""))).await
}

async fn ping_between_fragments<C: Connection>(server: &str) -> Outcome {
    let mut connection = open::<C>(server).await?;
    connection.send(fragment(Kind::Text, b"first, ", false)).await?;
    connection.send(Outgoing::Ping(b"between")).await?;
    connection.expect(Incoming::Pong(b"between".to_vec())).await?;
    connection.send(fragment(Kind::Continuation, b"second", true)).await?;
    connection.expect(Incoming::Text("first, second".into())).await?;
    connection.end(Some((1000, ""))).await
}

async fn subprotocol<C: Connection>(server: &str) -> Outcome {
    for (subprotocols, expected) in [(&[SUBPROTOCOL, "other"][..], Some(SUBPROTOCOL)), (&[], None)]
    {
        let options = Options { subprotocols, ..Options::default() };
        let connection = Opened::<C>::with(server, "/echo", options).await?;
        let chosen = connection.subprotocol.as_deref();
        if chosen != expected {
            return Err(format!("subprotocol {chosen:?} instead of {expected:?}"));
        }
        connection.end(Some((1000, ""))).await?;
    }
    Ok(())
}

async fn close<C: Connection>(server: &str, code: Option<(u16, &str)>) -> Outcome {
    open::<C>(server).await?.end(code).await
}

async fn refused<C: Connection>(server: &str, message: Outgoing<'_>, code: u16) -> Outcome {
    let mut connection = open::<C>(server).await?;
    // The refusal may come while the rest is still being sent, and then the send fails: what is received tells.
    let sent = connection.send(message).await;
    connection.expect_close(Some(code)).await.map_err(|error| match sent {
        Ok(()) => error,
        Err(problem) => format!("{error}, after {problem}"),
    })
}

async fn unmasked<C: Connection>(server: &str) -> Outcome {
    let options = Options { is_unmasked: true, ..Options::default() };
    let mut connection = Opened::<C>::with(server, "/echo", options).await?;
    connection.send(text("bare")).await?;
    connection.expect(Incoming::Close(Some(1002))).await
}

async fn hundred<C: Connection>(server: &str) -> Outcome {
    let said = |index: usize| format!("connection {index}");
    let mut connections = Vec::new();
    for _ in 0..100 {
        connections.push(open::<C>(server).await?);
    }
    for (index, connection) in connections.iter_mut().enumerate() {
        connection.send(text(&said(index))).await?;
    }
    for (index, connection) in connections.iter_mut().enumerate() {
        connection.expect(Incoming::Text(said(index))).await?;
    }
    for connection in connections {
        connection.end(Some((1000, ""))).await?;
    }
    Ok(())
}

async fn abrupt_reset<C: Connection>(server: &str) -> Outcome {
    let mut bystander = open::<C>(server).await?;
    for index in 0..RESETS {
        let mut connection = open::<C>(server).await?;
        let half = vec![0; 8 * MEBIBYTE];
        if C::FRAGMENTS_ITSELF {
            // Within a message is where nobody waits for the rest of it to be sent.
            let sending = connection.send(binary(&half));
            // Who gives up on it has had a part of it sent, and that is all that is wanted.
            let _ = tokio::time::timeout(std::time::Duration::ZERO, sending).await;
        } else {
            connection.send(fragment(Kind::Binary, &half, false)).await?;
        }
        connection.reset()?;

        let message = format!("after reset {index}");
        bystander.send(text(&message)).await?;
        bystander.expect(Incoming::Text(message)).await?;
    }
    bystander.end(Some((1000, ""))).await?;
    echo_text::<C>(server, TEXT).await
}

const TEXT: &str = "a é ✓ 🐟 \0 end";
const RESETS: u32 = 10;
