//! A connection of our client, and what is expected of it.

use std::net::TcpStream;
use std::time::Duration;

use sockeye::client::{Incoming, WebSocketError};
use sockeye::protocol::{CloseCode, Message};
use sockeye::{ClientConfig, WebSocket};

/// `Err` says what was seen instead.
pub(crate) type Outcome = Result<(), String>;

pub(crate) struct Talk(WebSocket<TcpStream>);

/// Sends all, then expects all back and the end of it.
pub(crate) fn echo(port: u16, messages: &[Message<'_>]) -> Outcome {
    let mut talk = Talk::open(port, "/echo")?;
    messages.iter().try_for_each(|message| talk.send(*message))?;
    messages.iter().try_for_each(|message| talk.expect(*message))?;
    talk.close(1000, "")
}

impl Talk {
    pub(crate) fn open(port: u16, path: &str) -> Result<Self, String> {
        Self::with(port, path, &[])
    }

    pub(crate) fn with(port: u16, path: &str, subprotocols: &[&str]) -> Result<Self, String> {
        let mut config = ClientConfig::new(&format!("ws://127.0.0.1:{port}{path}"))
            .map_err(|error| format!("the address: {error}"))?;
        config.subprotocols = subprotocols.iter().map(ToString::to_string).collect();
        config.read_timeout = Some(DEADLINE);
        WebSocket::connect(&config).map(Self).map_err(|error| format!("connecting: {error}"))
    }

    pub(crate) fn subprotocol(&self) -> Option<&str> {
        self.0.subprotocol()
    }

    pub(crate) fn send(&mut self, message: Message<'_>) -> Outcome {
        self.0.send(message).map_err(|error| format!("the send: {error}"))
    }

    pub(crate) fn expect(&mut self, expected: Message<'_>) -> Outcome {
        match self.0.receive() {
            Ok(Some(message)) if message == expected => Ok(()),
            Ok(Some(message)) => {
                Err(format!("{} instead of {}", brief(&message), brief(&expected)))
            }
            Ok(None) => Err(format!("{:?} instead of {}", self.0.close_frame(), brief(&expected))),
            Err(error) => Err(format!("{error:?} instead of {}", brief(&expected))),
        }
    }

    /// Pings and expects the pong.
    pub(crate) fn ping(&mut self, payload: &[u8]) -> Outcome {
        self.0.ping(payload).map_err(|error| format!("the ping: {error}"))?;
        match self.0.receive_any() {
            Ok(Incoming::Pong(pong)) if pong == payload => Ok(()),
            other => Err(format!("{other:?} instead of a pong of {} bytes", payload.len())),
        }
    }

    /// Closes, and expects the server to answer with the same code.
    pub(crate) fn close(&mut self, code: u16, reason: &str) -> Outcome {
        let code = CloseCode::new(code);
        self.0.close(code, reason).map_err(|error| format!("the close: {error:?}"))?;
        match self.0.close_frame() {
            Some(frame) if frame.code == code => Ok(()),
            other => Err(format!("{other:?} instead of a close with {code:?}")),
        }
    }

    /// Expects the server to close.
    pub(crate) fn expect_closed(&mut self, expected: Option<(CloseCode, &str)>) -> Outcome {
        match self.0.receive() {
            Ok(None) => {}
            other => return Err(format!("{other:?} instead of a close")),
        }
        let frame = self.0.close_frame();
        if frame.map(|frame| (frame.code, &*frame.reason)) != expected {
            return Err(format!("{frame:?} instead of {expected:?}"));
        }
        Ok(())
    }

    /// Expects the next receive to fail, and gives its error.
    pub(crate) fn error(&mut self) -> Result<WebSocketError, String> {
        match self.0.receive() {
            Err(error) => Ok(error),
            Ok(Some(message)) => Err(format!("{} instead of an error", brief(&message))),
            Ok(None) => Err(format!("{:?} instead of an error", self.0.close_frame())),
        }
    }
}

fn brief(message: &Message<'_>) -> String {
    let text: String = format!("{message:?}").chars().take(80).collect();
    let size = match message {
        Message::Text(text) => text.len(),
        Message::Binary(data) => data.len(),
    };
    format!("{size} bytes {text}")
}

const DEADLINE: Duration = Duration::from_secs(10);
