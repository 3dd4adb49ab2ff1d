//! `fastwebsockets`, over hyper as its documentation shows.

use std::net::TcpStream;
use std::time::Duration;

use ::fastwebsockets::upgrade::upgrade;
use ::fastwebsockets::{
    FragmentCollector, Frame, OpCode, Payload, Role, WebSocket, WebSocketError,
};
use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::connection::{
    Connection, Incoming, Kind, MESSAGE_MAX, Options, Outcome, Outgoing, asynchronous, close_code,
    incoming_text, within,
};
use crate::over_hyper;

/// A wait that ends in [`Incoming::Silence`] loses a frame that had begun to arrive, so only those for small frames may.
pub(crate) struct Peer {
    websocket: FragmentCollector<TokioIo<Upgraded>>,
    role: Role,
    was_closed: bool,
}

impl Peer {
    fn new(mut websocket: WebSocket<TokioIo<Upgraded>>, role: Role) -> Self {
        // One more than what is taken: the library refuses a frame of this size too.
        websocket.set_max_message_size(2 * MESSAGE_MAX);
        Self { websocket: FragmentCollector::new(websocket), role, was_closed: false }
    }
}

impl Connection for Peer {
    async fn open(
        stream: TcpStream,
        url: &str,
        options: &Options<'_>,
    ) -> Result<(Self, Option<String>), String> {
        let url: hyper::Uri = url.parse().expect("a URI");
        let mut request = Request::get(url.path())
            .header(HOST, url.authority().expect("an absolute URI").as_str())
            .header(UPGRADE, "websocket")
            .header(CONNECTION, "upgrade")
            .header("Sec-WebSocket-Key", ::fastwebsockets::handshake::generate_key())
            .header("Sec-WebSocket-Version", "13");
        if !options.subprotocols.is_empty() {
            request = request.header(SEC_WEBSOCKET_PROTOCOL, options.subprotocols.join(", "));
        }
        let request = request.body(Empty::<Bytes>::new()).expect("sound headers");
        let stream = asynchronous(stream)?;
        let (mut websocket, response) =
            ::fastwebsockets::handshake::client(&TokioExecutor::new(), request, stream)
                .await
                .map_err(problem)?;
        websocket.set_auto_apply_mask(!options.is_unmasked);
        Ok((Self::new(websocket, Role::Client), over_hyper::chosen(response.headers())))
    }

    async fn accept(stream: TcpStream) -> Result<(Self, String), String> {
        let (upgraded, path) =
            over_hyper::accept(stream, |request| upgrade(request).map_err(problem)).await?;
        Ok((Self::new(upgraded.await.map_err(problem)?, Role::Server), path))
    }

    async fn send(&mut self, outgoing: Outgoing<'_>) -> Outcome {
        let owned = |payload: &[u8]| Payload::Owned(payload.to_vec());
        let frame = match outgoing {
            Outgoing::Data { kind, payload, is_final } => {
                let opcode = match kind {
                    Kind::Text => OpCode::Text,
                    Kind::Binary => OpCode::Binary,
                    Kind::Continuation => OpCode::Continuation,
                };
                Frame::new(is_final, opcode, None, owned(payload))
            }
            Outgoing::Ping(payload) => Frame::new(true, OpCode::Ping, None, owned(payload)),
            Outgoing::Close(None) => Frame::close_raw(owned(&[])),
            Outgoing::Close(Some((code, reason))) => Frame::close(code, reason.as_bytes()),
        };
        self.websocket.write_frame(frame).await.map_err(problem)
    }

    async fn receive(&mut self, patience: Duration) -> Result<Incoming, String> {
        // RFC 6455 7.1.1: the server ends the connection first. The library leaves that to its user.
        if self.was_closed && self.role == Role::Server {
            return Ok(Incoming::End);
        }
        within(patience, async {
            loop {
                let frame = match self.websocket.read_frame().await {
                    Ok(frame) => frame,
                    // It tells the end after a close from any other by nothing.
                    Err(WebSocketError::UnexpectedEOF) if self.was_closed => {
                        return Ok(Incoming::End);
                    }
                    Err(error) => return Err(problem(error)),
                };
                return match frame.opcode {
                    OpCode::Text => incoming_text(&frame.payload),
                    OpCode::Binary => Ok(Incoming::Binary(frame.payload.to_vec())),
                    OpCode::Pong => Ok(Incoming::Pong(frame.payload.to_vec())),
                    OpCode::Close => {
                        self.was_closed = true;
                        Ok(Incoming::Close(close_code(&frame.payload)))
                    }
                    OpCode::Ping | OpCode::Continuation => continue,
                };
            }
        })
        .await
    }
}

fn problem(error: WebSocketError) -> String {
    format!("{error}")
}
