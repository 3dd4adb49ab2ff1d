//! `sockeye sub` and `sockeye pub`: a client on the console, which speaks the native dialect in JSON.

mod publish;
mod subscribe;

pub(crate) use publish::Publish;
pub(crate) use subscribe::Subscribe;

use clap::Args;
use serde_json::{Value, json};
use sockeye::ClientConfig;
use sockeye::client::WebSocket;
use sockeye::protocol::Message;
use std::fmt;
use std::net::TcpStream;

/// Which server, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Server {
    /// Where the server is: ws://HOST:PORT/connect.
    #[arg(value_name = "URL")]
    url: String,

    /// The token to show.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

/// Why the command ends.
#[derive(Debug)]
pub(crate) enum ConsoleError {
    /// There is no server, or it went away.
    Lost(String),
    /// It has said no; trying again is no use.
    Refused(String),
}

impl fmt::Display for ConsoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(text) | Self::Refused(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ConsoleError {}

/// A connection that has said `connect`.
struct Connection(WebSocket<TcpStream>);

impl Connection {
    fn open(server: &Server, resume: Option<Value>) -> Result<Self, ConsoleError> {
        let config = ClientConfig::new(&server.url);
        let mut config = config.map_err(|error| ConsoleError::Refused(error.to_string()))?;
        config.subprotocols.push("sockeye.v1.json".to_owned());
        let socket = WebSocket::connect(&config);
        let socket =
            socket.map_err(|error| ConsoleError::Lost(format!("{}: {error}", server.url)))?;
        let mut connect = json!({});
        if let Some(token) = &server.token {
            connect["token"] = json!(token);
        }
        if let Some(resume) = resume {
            connect["resume"] = resume;
        }
        let mut connection = Self(socket);
        connection.send(&json!({ "id": 1, "connect": connect }))?;
        Ok(connection)
    }

    fn send(&mut self, command: &Value) -> Result<(), ConsoleError> {
        let sent = self.0.send(command.to_string().as_str());
        sent.map_err(|error| ConsoleError::Lost(error.to_string()))
    }

    /// What the server says next. An answer that is an error is one here.
    fn next(&mut self) -> Result<Value, ConsoleError> {
        let text = match self.0.receive() {
            Ok(Some(Message::Text(text))) => text,
            Ok(Some(Message::Binary(_))) => {
                return Err(ConsoleError::Refused("expected JSON from the server".to_owned()));
            }
            Ok(None) => return Err(self.closed()),
            Err(error) => return Err(ConsoleError::Lost(error.to_string())),
        };
        let said: Value = serde_json::from_str(text)
            .map_err(|error| ConsoleError::Refused(format!("expected JSON: {error}")))?;
        match said.get("error") {
            Some(error) => Err(ConsoleError::Refused(refusal(error))),
            None => Ok(said),
        }
    }

    fn closed(&self) -> ConsoleError {
        let Some(frame) = self.0.close_frame() else {
            return ConsoleError::Lost("the server has closed".to_owned());
        };
        let text = format!("the server has closed: {frame:?}");
        match frame.code.number() {
            4400 | 4401 | 4403 | 4409 => ConsoleError::Refused(text),
            _ => ConsoleError::Lost(text),
        }
    }
}

/// What an error of the protocol says.
fn refusal(error: &Value) -> String {
    let field = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    format!("{}: {}", field("code"), field("message"))
}
