//! A client that reads nothing costs the server no more than its bounds, and nobody else anything.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use sockeye_rivals::install::Installed;
use sockeye_rivals::peer::Peer;
use sockeye_rivals::{driver, sockets};
use tungstenite::{Message, WebSocket};

/// Has `peer` join a topic and read nothing while another client publishes there, until the server has given it up.
/// The publisher's connection and a third one are served all the time.
pub(crate) fn check(installed: &Installed, peer: &Peer, url: &str) -> Result<(), String> {
    let address: SocketAddr =
        url.trim_start_matches("ws://").parse().map_err(|error| format!("{url}: {error}"))?;
    let mut publisher = open(url, address, "/topic/unread")?;
    let mut bystander = open(url, address, "/echo")?;
    let others = [local_port(&publisher)?, local_port(&bystander)?];
    let is_there = || -> Result<bool, String> {
        let ends = sockets::ends(address.port())?;
        let is_silent_one = |end: &sockets::End| {
            end.local == address.port() && end.is_established && !others.contains(&end.remote)
        };
        Ok(ends.iter().any(is_silent_one))
    };

    let _silent = driver::stall(peer.command(installed), url, "unread")?;
    if !is_there()? {
        return Err("it joined the topic and is not connected".into());
    }
    for index in 0..PUBLICATIONS_MAX {
        publisher.send(Message::binary(vec![0; PUBLICATION_SIZE])).map_err(problem)?;
        let message = Message::text(format!("after publication {index}"));
        bystander.send(message.clone()).map_err(problem)?;
        match bystander.read().map_err(problem)? {
            seen if seen == message => {}
            seen => return Err(format!("the other connection was sent {seen:?}")),
        }
        if !is_there()? {
            return Ok(());
        }
        // The server counts what it could not send at once. Then its closing handshake has a deadline of its own.
        if index >= PUBLICATIONS_ENOUGH {
            thread::sleep(PACE);
        }
    }
    Err(format!("after {PUBLICATIONS_MAX} publications it is still connected"))
}

fn open(url: &str, address: SocketAddr, path: &str) -> Result<WebSocket<TcpStream>, String> {
    let stream =
        TcpStream::connect_timeout(&address, DEADLINE).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(DEADLINE)).map_err(|error| error.to_string())?;
    stream.set_write_timeout(Some(DEADLINE)).map_err(|error| error.to_string())?;
    let opened = tungstenite::client(format!("{url}{path}"), stream);
    opened.map(|(connection, _)| connection).map_err(|error| format!("the handshake: {error}"))
}

fn local_port(connection: &WebSocket<TcpStream>) -> Result<u16, String> {
    let address = connection.get_ref().local_addr();
    address.map(|address| address.port()).map_err(|error| error.to_string())
}

fn problem(error: tungstenite::Error) -> String {
    format!("another connection: {error}")
}

const DEADLINE: Duration = Duration::from_secs(10);
const PUBLICATION_SIZE: usize = 64 * 1024;
/// More than the server holds for one connection, its kernel and the client's included.
const PUBLICATIONS_ENOUGH: u32 = 128;
/// The rest take 10 s: more than the 5 s of the server's closing handshake, less than the 30 s after which
/// it would give up any connection that takes nothing.
const PUBLICATIONS_MAX: u32 = PUBLICATIONS_ENOUGH + 200;
const PACE: Duration = Duration::from_millis(50);
