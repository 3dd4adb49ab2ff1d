//! A connection whose every wait has a deadline, and what is expected of it.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tungstenite::client::ClientRequestBuilder;
use tungstenite::http::Response;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::{Error, Message, WebSocket};

pub(super) type Connection = WebSocket<TcpStream>;
/// The server's answer to the opening handshake.
pub(super) type Answer = Response<Option<Vec<u8>>>;
/// `Err` says what was seen instead.
pub(super) type Outcome = Result<(), String>;

pub(super) fn open(url: &str) -> Result<Connection, String> {
    open_at(url, "/echo", &[]).map(|(connection, _)| connection)
}

pub(super) fn open_at(
    url: &str,
    path: &str,
    subprotocols: &[&str],
) -> Result<(Connection, Answer), String> {
    let address: SocketAddr = url.trim_start_matches("ws://").parse().expect("an IP and a port");
    let stream =
        TcpStream::connect_timeout(&address, DEADLINE).map_err(|error| error.to_string())?;
    stream.set_write_timeout(Some(DEADLINE)).map_err(|error| error.to_string())?;
    set_read_deadline(&stream, DEADLINE)?;
    let uri = format!("{url}{path}").parse().expect("a URI");
    let request = subprotocols
        .iter()
        .fold(ClientRequestBuilder::new(uri), |request, offer| request.with_sub_protocol(*offer));
    tungstenite::client(request, stream).map_err(|error| format!("the handshake: {error}"))
}

/// Every read fails that has to wait for longer.
pub(super) fn set_read_deadline(stream: &TcpStream, deadline: Duration) -> Outcome {
    stream.set_read_timeout(Some(deadline)).map_err(|error| format!("read timeout: {error}"))
}

pub(super) fn send(connection: &mut Connection, message: Message) -> Outcome {
    connection.send(message).map_err(|error| format!("the send: {error}"))
}

pub(super) fn expect(connection: &mut Connection, expected: &Message) -> Outcome {
    match connection.read() {
        Ok(message) if message == *expected => Ok(()),
        Ok(message) => Err(format!("{} instead of {}", brief(&message), brief(expected))),
        Err(error) => Err(format!("{error} instead of {}", brief(expected))),
    }
}

/// Closes with this code and reason, or with neither, and expects the same code back and the end after it.
pub(super) fn end(mut connection: Connection, code: Option<(u16, &'static str)>) -> Outcome {
    let frame = code.map(|(code, reason)| CloseFrame { code: code.into(), reason: reason.into() });
    connection.close(frame).map_err(|error| format!("the close: {error}"))?;
    expect_close(&mut connection, code.map(|(code, _)| code))
}

pub(super) fn expect_close(connection: &mut Connection, code: Option<u16>) -> Outcome {
    match connection.read() {
        Ok(Message::Close(frame))
            if frame.as_ref().map(|frame| frame.code) == code.map(CloseCode::from) => {}
        Ok(message) => {
            return Err(format!("{} instead of a close with {code:?}", brief(&message)));
        }
        Err(error) => return Err(format!("{error} instead of a close with {code:?}")),
    }
    match connection.read() {
        Err(Error::ConnectionClosed) => Ok(()),
        other => Err(format!("{other:?} instead of the end after the close")),
    }
}

pub(super) fn fragment(payload: &[u8], kind: Data, is_final: bool) -> Message {
    Message::Frame(Frame::message(payload.to_vec(), OpCode::Data(kind), is_final))
}

fn brief(message: &Message) -> String {
    format!("{message:?}").chars().take(80).collect()
}

pub(super) const DEADLINE: Duration = Duration::from_secs(10);
