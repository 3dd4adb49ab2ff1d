//! Clients that read too late, or never.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use sockeye_rivals::sockets;

use crate::connection::{Connection, Incoming, Opened, Outcome, binary};

/// Sends without reading until neither side's kernel takes any more, then reads all of what comes back.
pub(crate) async fn slow_reader<C: Connection>(server: &str) -> Outcome {
    let mut connection = Opened::<C>::at(server, "/echo").await?;
    let port = port(server);
    let mut sent = 0;
    while !is_full(port)? {
        if sent == MESSAGES_MAX {
            return Err(format!("the server took {sent} messages and nobody read the echoes"));
        }
        connection.send(binary(&numbered(sent))).await?;
        sent += 1;
    }
    for index in 0..sent {
        let expected = Incoming::Binary(numbered(index));
        connection.expect(expected).await.map_err(|error| format!("message {index}: {error}"))?;
    }
    connection.end(Some((1000, ""))).await
}

/// Joins a topic, says so, and reads nothing any more.
pub(crate) async fn stall<C: Connection>(server: &str, topic: &str) {
    let joined = Opened::<C>::at(server, &format!("/topic/{topic}")).await;
    crate::report("stall", joined.as_ref().map(|_| ()).map_err(Clone::clone));
    io::stdout().flush().expect("standard output is read");
    loop {
        thread::park();
    }
}

/// Whether what the client sent last stays where it is, because the server has stopped reading. The next message is
/// sent only into an empty queue, so that it never waits.
fn is_full(port: u16) -> Result<bool, String> {
    let mut stalled_looks = 0;
    for _ in 0..LOOKS_MAX {
        let ends = sockets::ends(port)?;
        if !ends.iter().any(|end| end.remote == port && end.unsent > 0) {
            return Ok(false);
        }
        stalled_looks = if sockets::is_stalled(port)? { stalled_looks + 1 } else { 0 };
        if stalled_looks == sockets::STALLED_LOOKS {
            return Ok(true);
        }
        thread::sleep(LOOK_AGAIN);
    }
    Err("the server neither read nor sent".into())
}

fn numbered(index: u32) -> Vec<u8> {
    let mut data = vec![0; MESSAGE_SIZE];
    data[..4].copy_from_slice(&index.to_le_bytes());
    data
}

fn port(server: &str) -> u16 {
    server.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a URL with a port")
}

const MESSAGE_SIZE: usize = 256 * 1024;
const MESSAGES_MAX: u32 = 256;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 2000;
