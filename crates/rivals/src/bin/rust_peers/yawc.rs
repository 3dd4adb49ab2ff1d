//! `yawc`, without compression.

use std::net::TcpStream;
use std::time::Duration;

use ::yawc::close::CloseCode;
use ::yawc::{Frame, HttpRequest, HttpStream, OpCode, WebSocket, WebSocketError};
use futures_util::SinkExt;
use hyper::header::SEC_WEBSOCKET_PROTOCOL;

use crate::connection::{
    Connection, Incoming, Kind, MESSAGE_MAX, Options, Outcome, Outgoing, asynchronous, close_code,
    incoming_text, within,
};
use crate::over_hyper;

pub(crate) enum Peer {
    Client(Box<WebSocket<tokio::net::TcpStream>>),
    Server(Box<WebSocket<HttpStream>>),
}

impl Connection for Peer {
    async fn open(
        stream: TcpStream,
        url: &str,
        options: &Options<'_>,
    ) -> Result<(Self, Option<String>), String> {
        // The library keeps the answer's headers to itself.
        let mut request = HttpRequest::builder();
        if !options.subprotocols.is_empty() {
            request = request.header(SEC_WEBSOCKET_PROTOCOL, options.subprotocols.join(", "));
        }
        let url = url.parse().expect("a URL");
        let websocket =
            WebSocket::handshake_with_request(url, asynchronous(stream)?, limits(), request);
        Ok((Self::Client(Box::new(websocket.await.map_err(problem)?)), None))
    }

    async fn accept(stream: TcpStream) -> Result<(Self, String), String> {
        let (upgraded, path) = over_hyper::accept(stream, |request| {
            WebSocket::<HttpStream>::upgrade_with_options(request, limits()).map_err(problem)
        })
        .await?;
        let websocket = upgraded.await.map_err(|error| format!("the upgrade: {error}"))?;
        Ok((Self::Server(Box::new(websocket)), path))
    }

    async fn send(&mut self, outgoing: Outgoing<'_>) -> Outcome {
        let frame = match outgoing {
            Outgoing::Data { kind, payload, is_final } => match kind {
                Kind::Text => Frame::text(payload.to_vec()),
                Kind::Binary => Frame::binary(payload.to_vec()),
                Kind::Continuation => Frame::continuation(payload.to_vec()),
            }
            .with_fin(is_final),
            Outgoing::Ping(payload) => Frame::ping(payload.to_vec()),
            Outgoing::Close(None) => {
                let mut frame = Frame::close(CloseCode::Normal, "");
                frame.payload_mut().clear();
                frame
            }
            Outgoing::Close(Some((code, reason))) => Frame::close(code.into(), reason),
        };
        match self {
            Self::Client(websocket) => websocket.send(frame).await.map_err(problem),
            Self::Server(websocket) => websocket.send(frame).await.map_err(problem),
        }
    }

    async fn receive(&mut self, patience: Duration) -> Result<Incoming, String> {
        within(patience, async {
            loop {
                let frame = match self {
                    Self::Client(websocket) => websocket.next_frame().await,
                    Self::Server(websocket) => websocket.next_frame().await,
                };
                let frame = match frame {
                    Ok(frame) => frame,
                    Err(WebSocketError::ConnectionClosed) => return Ok(Incoming::End),
                    Err(error) => return Err(problem(error)),
                };
                return match frame.opcode() {
                    OpCode::Text => incoming_text(frame.payload()),
                    OpCode::Binary => Ok(Incoming::Binary(frame.payload().to_vec())),
                    OpCode::Pong => Ok(Incoming::Pong(frame.payload().to_vec())),
                    OpCode::Close => Ok(Incoming::Close(close_code(frame.payload()))),
                    OpCode::Ping | OpCode::Continuation => continue,
                };
            }
        })
        .await
    }
}

fn limits() -> ::yawc::Options {
    ::yawc::Options::default().with_limits(2 * MESSAGE_MAX, 4 * MESSAGE_MAX).with_utf8()
}

fn problem(error: WebSocketError) -> String {
    format!("{error}")
}
