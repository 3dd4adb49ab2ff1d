//! `tokio-websockets`. It cuts messages into fragments by itself, at a size that is fixed when a connection opens.

use std::net::TcpStream;
use std::time::Duration;

use ::tokio_websockets::upgrade::Response;
use ::tokio_websockets::{
    ClientBuilder, CloseCode, Config, Limits, Message, ServerBuilder, WebSocketStream,
};
use futures_util::{SinkExt, StreamExt};
use hyper::header::{HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL};

use crate::connection::{
    Connection, Incoming, Kind, MESSAGE_MAX, Options, Outcome, Outgoing, SUBPROTOCOL, asynchronous,
    close_code, incoming_text, within,
};

pub(crate) struct Peer(WebSocketStream<tokio::net::TcpStream>);

impl Connection for Peer {
    const FRAGMENTS_ITSELF: bool = true;

    async fn open(
        stream: TcpStream,
        url: &str,
        options: &Options<'_>,
    ) -> Result<(Self, Option<String>), String> {
        let size = options.fragment_size.unwrap_or(2 * MESSAGE_MAX);
        let config = Config::default().frame_size(size);
        let mut builder = ClientBuilder::new()
            .uri(url)
            .expect("a URI")
            .limits(Limits::default().max_payload_len(Some(MESSAGE_MAX)))
            .config(config);
        if !options.subprotocols.is_empty() {
            let offers = HeaderValue::from_str(&options.subprotocols.join(", ")).expect("tokens");
            builder = builder.add_header(SEC_WEBSOCKET_PROTOCOL, offers).map_err(problem)?;
        }
        let (websocket, response) =
            builder.connect_on(asynchronous(stream)?).await.map_err(problem)?;
        Ok((Self(websocket), chosen(&response)))
    }

    async fn accept(stream: TcpStream) -> Result<(Self, String), String> {
        // The answer's headers and the size of fragments are fixed before the request is read, so a look at it comes
        // first. Our client sends it at once.
        let mut head = [0; 1024];
        let size = stream.peek(&mut head).map_err(|error| format!("the request: {error}"))?;
        let head = String::from_utf8_lossy(&head[..size]);
        let size = if head.starts_with("GET /fragments ") { 3 } else { 2 * MESSAGE_MAX };
        let offers_ours = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case(SEC_WEBSOCKET_PROTOCOL.as_str()))
            .any(|(_, offers)| offers.split(',').any(|offer| offer.trim() == SUBPROTOCOL));
        let limits = Limits::default().max_payload_len(Some(2 * MESSAGE_MAX));
        let mut builder =
            ServerBuilder::new().limits(limits).config(Config::default().frame_size(size));
        if offers_ours {
            let (name, value): (HeaderName, _) =
                (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
            builder = builder.add_header(name, value).map_err(problem)?;
        }
        let (request, websocket) = builder.accept(asynchronous(stream)?).await.map_err(problem)?;
        Ok((Self(websocket), request.uri().path().to_owned()))
    }

    async fn send(&mut self, outgoing: Outgoing<'_>) -> Outcome {
        let message = match outgoing {
            Outgoing::Data { kind: Kind::Text, payload, is_final: true } => {
                Message::text(payload.to_vec())
            }
            Outgoing::Data { kind: Kind::Binary, payload, is_final: true } => {
                Message::binary(payload.to_vec())
            }
            Outgoing::Data { .. } => return Err("the library fragments by itself only".into()),
            Outgoing::Ping(payload) => Message::ping(payload.to_vec()),
            Outgoing::Close(None) => Message::close(None, ""),
            Outgoing::Close(Some((code, reason))) => {
                let code = CloseCode::try_from(code).map_err(|error| error.to_string())?;
                Message::close(Some(code), reason)
            }
        };
        self.0.send(message).await.map_err(problem)
    }

    async fn receive(&mut self, patience: Duration) -> Result<Incoming, String> {
        within(patience, async {
            loop {
                return match self.0.next().await {
                    None => Ok(Incoming::End),
                    Some(Err(error)) => Err(problem(error)),
                    Some(Ok(message)) if message.is_ping() => continue,
                    Some(Ok(message)) => read(&message),
                };
            }
        })
        .await
    }
}

fn read(message: &Message) -> Result<Incoming, String> {
    let payload = message.as_payload();
    if message.is_text() {
        incoming_text(payload)
    } else if message.is_close() {
        Ok(Incoming::Close(close_code(payload)))
    } else if message.is_pong() {
        Ok(Incoming::Pong(payload.to_vec()))
    } else {
        Ok(Incoming::Binary(payload.to_vec()))
    }
}

fn chosen(response: &Response) -> Option<String> {
    let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL)?;
    Some(String::from_utf8_lossy(chosen.as_bytes()).into_owned())
}

fn problem(error: ::tokio_websockets::Error) -> String {
    format!("{error}")
}
