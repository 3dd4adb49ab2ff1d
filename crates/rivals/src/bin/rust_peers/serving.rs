//! A server for our client: README.md says what is behind each path.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::connection::{
    Connection, Incoming, Kind, Outcome, Outgoing, binary, block_on, fragment, text,
};

/// Serves on a free port, whose number it prints, until it is killed. Every connection has a thread.
pub(crate) fn serve<C: Connection>() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    writeln!(io::stdout(), "serving {}", address.port()).expect("standard output is read");
    for stream in listener.incoming() {
        let stream = stream.expect("connections are accepted");
        thread::spawn(move || {
            // What a client does wrong is seen by that client.
            let _ = block_on(serve_one::<C>(stream));
        });
    }
}

async fn serve_one<C: Connection>(stream: TcpStream) -> Outcome {
    let own = stream.try_clone().map_err(|error| format!("the connection: {error}"))?;
    let (mut connection, path) = C::accept(own).await?;
    loop {
        match connection.receive(PATIENCE).await? {
            Incoming::End | Incoming::Silence => return Ok(()),
            Incoming::Text(_) if path == "/reset" => {
                // Closing a socket that lingers for no time resets the connection.
                let lingering = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                return lingering.map_err(|error| format!("SO_LINGER: {error}"));
            }
            Incoming::Text(said) => answer(&mut connection, &path, &said).await?,
            Incoming::Binary(data) if path == "/fragments" => {
                send_fragments(&mut connection, Kind::Binary, &data).await?;
            }
            Incoming::Binary(data) => connection.send(binary(&data)).await?,
            Incoming::Pong(payload) if path == "/ping" => {
                let payload = String::from_utf8_lossy(&payload).into_owned();
                connection.send(text(&format!("pong {payload}"))).await?;
            }
            // Some libraries answer a close only when they are asked for what comes next.
            Incoming::Close(_) | Incoming::Pong(_) => {}
        }
    }
}

async fn answer<C: Connection>(connection: &mut C, path: &str, said: &str) -> Outcome {
    match path {
        "/close" => {
            let (code, reason) = said.split_once(' ').unwrap_or((said, ""));
            let code = match code {
                "none" => None,
                code => Some((code.parse().map_err(|_| format!("{code} is no code"))?, reason)),
            };
            connection.send(Outgoing::Close(code)).await
        }
        "/fragments" => send_fragments(connection, Kind::Text, said.as_bytes()).await,
        "/ping" => connection.send(Outgoing::Ping(said.as_bytes())).await,
        "/flood" => flood(connection, said).await,
        "/invalid" => connection.send(fragment(Kind::Text, b"a\xffb", true)).await,
        _ => connection.send(text(said)).await,
    }
}

/// Cut after 3 bytes each, with an empty fragment first and last.
async fn send_fragments<C: Connection>(connection: &mut C, kind: Kind, data: &[u8]) -> Outcome {
    if C::FRAGMENTS_ITSELF {
        return connection.send(fragment(kind, data, true)).await;
    }
    connection.send(fragment(kind, &[], false)).await?;
    for piece in data.chunks(3) {
        connection.send(fragment(Kind::Continuation, piece, false)).await?;
    }
    connection.send(fragment(Kind::Continuation, &[], true)).await
}

/// As many messages of as many bytes as was said, each of which starts with its number.
async fn flood<C: Connection>(connection: &mut C, said: &str) -> Outcome {
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{text} is no number"));
    let (count, size) = said.split_once(' ').ok_or("expected a count and a size")?;
    let (count, mut data) = (number(count)?, vec![0; number(size)?]);
    for index in 0..count {
        data[..4].copy_from_slice(&(index as u32).to_le_bytes());
        connection.send(binary(&data)).await?;
    }
    Ok(())
}

/// For a client that says nothing.
const PATIENCE: Duration = Duration::from_secs(60);
