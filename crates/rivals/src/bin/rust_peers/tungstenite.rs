//! `tungstenite`, which blocks: what is asynchronous around it waits for nothing else.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Duration;

use ::tungstenite::client::ClientRequestBuilder;
use ::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use ::tungstenite::http::HeaderValue;
use ::tungstenite::protocol::frame::coding::{Data, OpCode};
use ::tungstenite::protocol::frame::{CloseFrame, Frame};
use ::tungstenite::{Error, Message, WebSocket};

use crate::connection::{
    Connection, DEADLINE, Incoming, Kind, Options, Outcome, Outgoing, SUBPROTOCOL,
};

pub(crate) struct Peer(WebSocket<TcpStream>);

impl Connection for Peer {
    async fn open(
        stream: TcpStream,
        url: &str,
        options: &Options<'_>,
    ) -> Result<(Self, Option<String>), String> {
        set_deadlines(&stream)?;
        let request = ClientRequestBuilder::new(url.parse().expect("a URI"));
        let request = options
            .subprotocols
            .iter()
            .fold(request, |request, offer| request.with_sub_protocol(*offer));
        let (websocket, response) = ::tungstenite::client(request, stream)
            .map_err(|error| format!("the handshake: {error}"))?;
        let chosen = response.headers().get("Sec-WebSocket-Protocol");
        let chosen = chosen.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Ok((Self(websocket), chosen))
    }

    async fn accept(stream: TcpStream) -> Result<(Self, String), String> {
        set_deadlines(&stream)?;
        let mut path = String::new();
        #[expect(clippy::result_large_err, reason = "the library's own signature")]
        let choose = |request: &Request, mut response: Response| {
            path = request.uri().path().to_owned();
            if offers_ours(request.headers().get("Sec-WebSocket-Protocol")) {
                let ours = HeaderValue::from_static(SUBPROTOCOL);
                response.headers_mut().insert("Sec-WebSocket-Protocol", ours);
            }
            Ok::<Response, ErrorResponse>(response)
        };
        let websocket = ::tungstenite::accept_hdr(stream, choose)
            .map_err(|error| format!("the handshake: {error}"))?;
        Ok((Self(websocket), path))
    }

    async fn send(&mut self, outgoing: Outgoing<'_>) -> Outcome {
        let message = match outgoing {
            Outgoing::Data { kind, payload, is_final } => data(kind, payload, is_final),
            Outgoing::Ping(payload) => Message::Ping(payload.to_vec().into()),
            Outgoing::Close(code) => Message::Close(
                code.map(|(code, reason)| CloseFrame { code: code.into(), reason: reason.into() }),
            ),
        };
        self.0.send(message).map_err(|error| format!("the send: {error}"))
    }

    async fn receive(&mut self, patience: Duration) -> Result<Incoming, String> {
        set_read_deadline(self.0.get_ref(), patience)?;
        loop {
            return match self.0.read() {
                Ok(Message::Text(text)) => Ok(Incoming::Text(text.to_string())),
                Ok(Message::Binary(data)) => Ok(Incoming::Binary(data.to_vec())),
                Ok(Message::Pong(payload)) => Ok(Incoming::Pong(payload.to_vec())),
                Ok(Message::Close(frame)) => {
                    Ok(Incoming::Close(frame.map(|frame| frame.code.into())))
                }
                Ok(Message::Ping(_) | Message::Frame(_)) => continue,
                Err(Error::ConnectionClosed) => Ok(Incoming::End),
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    Ok(Incoming::Silence)
                }
                Err(error) => Err(error.to_string()),
            };
        }
    }
}

/// A whole message as the library likes it, anything else as a frame.
fn data(kind: Kind, payload: &[u8], is_final: bool) -> Message {
    match (kind, std::str::from_utf8(payload)) {
        (Kind::Text, Ok(text)) if is_final => Message::text(text),
        (Kind::Binary, _) if is_final => Message::binary(payload.to_vec()),
        _ => {
            let opcode = match kind {
                Kind::Text => Data::Text,
                Kind::Binary => Data::Binary,
                Kind::Continuation => Data::Continue,
            };
            Message::Frame(Frame::message(payload.to_vec(), OpCode::Data(opcode), is_final))
        }
    }
}

/// Whether a client's list of subprotocols has the one that servers choose.
fn offers_ours(offers: Option<&HeaderValue>) -> bool {
    let offers = offers.and_then(|offers| offers.to_str().ok()).unwrap_or_default();
    offers.split(',').any(|offer| offer.trim() == SUBPROTOCOL)
}

fn set_deadlines(stream: &TcpStream) -> Outcome {
    stream.set_write_timeout(Some(DEADLINE)).map_err(|error| format!("write timeout: {error}"))?;
    set_read_deadline(stream, DEADLINE)
}

/// Every read fails that has to wait for longer.
fn set_read_deadline(stream: &TcpStream, deadline: Duration) -> Outcome {
    stream.set_read_timeout(Some(deadline)).map_err(|error| format!("read timeout: {error}"))
}
