//! A WebSocket that speaks the native dialect in JSON.

use super::{ConsoleError, Server};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sockeye::ClientConfig;
use sockeye::client::{ConnectError, Incoming, WebSocket, WebSocketError};
use sockeye::protocol::{CloseCode, Message};
use sockeye_bench::{Trust, about_certificates, what_to_do};
use std::collections::BTreeMap;
use std::net::TcpStream;
use std::time::Duration;

/// A connection that has said `connect`.
pub(super) struct Connection {
    url: String,
    socket: WebSocket<TcpStream>,
    last_id: u64,
    /// Until the server has answered the `connect`: how often it was looked in vain.
    unanswered: Option<u32>,
    silence: Silence,
}

/// One message of the server's.
#[derive(Debug)]
pub(super) struct Said {
    /// Its name, such as `publication`.
    pub(super) kind: String,
    /// What it says, but for what clients have put into it.
    pub(super) body: Value,
    /// All of it, as it came, in one line.
    pub(super) line: String,
}

impl Connection {
    pub(super) fn open(server: &Server, resume: Option<Value>) -> Result<Self, ConsoleError> {
        let socket = WebSocket::connect(&configure(server)?);
        let socket = socket.map_err(|error| explain(&server.url, &error))?;
        let mut connect = json!({});
        if let Some(token) = &server.token {
            connect["token"] = json!(token);
        }
        if let Some(resume) = resume {
            connect["resume"] = resume;
        }
        let (url, silence) = (server.url.clone(), Silence::default());
        let mut connection = Self { url, socket, last_id: 0, unanswered: Some(0), silence };
        connection.send(&[("connect", connect)])?;
        Ok(connection)
    }

    /// Sends commands together, each with a number of its own.
    pub(super) fn send(&mut self, commands: &[(&str, impl Serialize)]) -> Result<(), ConsoleError> {
        let mut frame = String::new();
        for (name, body) in commands {
            self.last_id += 1;
            let body = serde_json::to_string(body).expect("maps have strings for keys");
            frame += &format!(r#"{{"id":{},"{name}":{body}}}"#, self.last_id);
        }
        self.socket.send(frame.as_str()).map_err(|error| ConsoleError::Lost(error.to_string()))
    }

    /// What the server says next; `None` now and then, so that somebody can look whether to go on.
    ///
    /// # Errors
    ///
    /// The connection is gone, or the server has refused what it was asked for.
    pub(super) fn next(&mut self) -> Result<Option<Said>, ConsoleError> {
        let said = match self.socket.receive_any() {
            Ok(Incoming::Message(Message::Text(text))) => Some(Said::parse(text)?),
            Ok(Incoming::Message(Message::Binary(_))) => {
                return Err(ConsoleError::Refused("expected JSON from the server".to_owned()));
            }
            Ok(Incoming::Closed) => return Err(self.closed()),
            Ok(_) => None,
            Err(WebSocketError::TimedOut) => {
                self.bear_silence()?;
                return Ok(None);
            }
            Err(error) => return Err(ConsoleError::Lost(error.to_string())),
        };
        self.silence = Silence::default();
        let said = said.map(Said::check).transpose()?;
        if let Some(said) = &said
            && self.unanswered.take().is_some()
            && said.kind != "connected"
        {
            let what = format!("it answers connect with {:?}", said.kind);
            return Err(self.not_native(&what));
        }
        Ok(said)
    }

    fn not_native(&self, what: &str) -> ConsoleError {
        let url = &self.url;
        ConsoleError::Refused(format!(
            "{url} does not speak the native protocol: {what}; expected such as ws://HOST:PORT/connect"
        ))
    }

    /// Says good-bye, so that the session ends at once.
    pub(super) fn close(mut self) {
        // Whether the server answers is not of interest any more.
        let _gone = self.socket.close(CloseCode::NORMAL, "");
    }

    fn bear_silence(&mut self) -> Result<(), ConsoleError> {
        if let Some(looks) = &mut self.unanswered {
            *looks += 1;
            if *looks > ANSWERED_AFTER {
                return Err(ConsoleError::Lost(format!("{} does not answer connect", self.url)));
            }
        }
        match self.silence.grow() {
            Verdict::Bearable => Ok(()),
            Verdict::Ask => {
                self.socket.ping(b"").map_err(|error| ConsoleError::Lost(error.to_string()))
            }
            Verdict::Gone => Err(ConsoleError::Lost("the server does not answer".to_owned())),
        }
    }

    fn closed(&self) -> ConsoleError {
        let Some(frame) = self.socket.close_frame() else {
            return ConsoleError::Lost("the server has closed".to_owned());
        };
        let text = format!("the server has closed: {} {}", frame.code.number(), frame.reason);
        match frame.code.number() {
            // Coming back does not help.
            4400 | 4401 | 4409 => ConsoleError::Refused(text),
            _ => ConsoleError::Lost(text),
        }
    }
}

fn configure(server: &Server) -> Result<ClientConfig, ConsoleError> {
    let config = ClientConfig::new(&server.url);
    let mut config = config.map_err(|error| ConsoleError::Refused(error.to_string()))?;
    config.subprotocols.push("sockeye.v1.json".to_owned());
    config.message_bytes_max = MESSAGE_BYTES_MAX;
    config.read_timeout = Some(LOOK_AFTER);
    config.close_timeout = CLOSE_TIMEOUT;
    if config.uri.is_secure() {
        let trusted = server.trust.client();
        config.tls = trusted.map_err(|error| ConsoleError::Refused(error.to_string()))?;
        if config.tls.is_none() {
            return Err(ConsoleError::Refused(Trust::missing(&server.url)));
        }
    }
    Ok(config)
}

fn explain(url: &str, error: &ConnectError) -> ConsoleError {
    match error {
        ConnectError::Tls(cause) => {
            let text = format!("{url}: {error}; {}", what_to_do(cause));
            match about_certificates(cause) {
                Some(_) => ConsoleError::Refused(text),
                // Something else may be there for a while, such as a proxy whose server starts again.
                None => ConsoleError::Lost(text),
            }
        }
        _ => ConsoleError::Lost(format!("{url}: {error}")),
    }
}

impl Said {
    fn parse(text: &str) -> Result<Self, ConsoleError> {
        let none = |what: &str| ConsoleError::Refused(format!("expected a message, got {what}"));
        let mut message: BTreeMap<String, &RawValue> =
            serde_json::from_str(text).map_err(|error| none(&error.to_string()))?;
        message.remove("id");
        let (kind, body) = message.pop_first().ok_or_else(|| none("nothing"))?;
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_str(body.get()).map_err(|error| none(&error.to_string()))?;
        // What clients put into it is any JSON, which not every reader can take apart: numbers may be too large for it.
        let known =
            |field: &RawValue| serde_json::from_str::<Value>(field.get()).unwrap_or_default();
        let fields = fields.into_iter().map(|(name, field)| (name, known(field)));
        // In JSON, ends of lines are nowhere but between things.
        let line = body.get().replace(['\r', '\n'], " ");
        Ok(Self { kind, body: fields.collect(), line })
    }

    /// An answer that is an error is one here, and so is that the server ends the session.
    fn check(self) -> Result<Self, ConsoleError> {
        let field = |name: &str| self.body[name].as_str().unwrap_or_default();
        match &*self.kind {
            // Who unsubscribes to subscribe again does not mind.
            "error" if field("code") == "not_subscribed" => Ok(self),
            "error" => {
                let text = format!("{}: {}", field("code"), field("message"));
                Err(ConsoleError::Refused(text))
            }
            "disconnect" => {
                let text = format!("the server ends the session: {}", field("reason"));
                // There is no other token to show.
                let is_expired = self.body["code"] == TOKEN_EXPIRED;
                match self.body["may_return"] == true && !is_expired {
                    true => Err(ConsoleError::Lost(text)),
                    false => Err(ConsoleError::Refused(text)),
                }
            }
            _ => Ok(self),
        }
    }
}

/// How often it was looked in vain for anything that has arrived.
#[derive(Debug, Default)]
struct Silence(u32);

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Bearable,
    Ask,
    Gone,
}

impl Silence {
    fn grow(&mut self) -> Verdict {
        self.0 += 1;
        match self.0 {
            ASK_AFTER => Verdict::Ask,
            GONE_AFTER.. => Verdict::Gone,
            _ => Verdict::Bearable,
        }
    }
}

/// Somebody who wants to end the program waits so long.
const LOOK_AFTER: Duration = Duration::from_millis(100);
/// A minute of silence, then a minute for an answer.
const ASK_AFTER: u32 = 600;
const GONE_AFTER: u32 = 2 * ASK_AFTER;
/// Ten seconds for the answer to `connect`.
const ANSWERED_AFTER: u32 = 100;
/// For the server to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// The largest payload that a namespace can allow, as base64 or JSON, and what is around it.
const MESSAGE_BYTES_MAX: usize = 128 << 20;
const TOKEN_EXPIRED: u16 = 4402;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_as_what_it_is() {
        let said = Said::parse(r#"{"id":3,"pong":{}}"#).expect("a message");
        assert_eq!((&*said.kind, said.body), ("pong", json!({})));
        let strange = r#"{"publication":{"sequence":7,"data":[1e999,
            "\ud800"]}}"#;
        let said = Said::parse(strange).expect("a message");
        assert_eq!(said.body["sequence"], 7);
        assert_eq!(said.line, r#"{"sequence":7,"data":[1e999,             "\ud800"]}"#);
        for wrong in ["", "{}", "[]", r#"{"id":3}"#] {
            assert!(Said::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_use_to_repeat_is_refused() {
        let check = |text| Said::parse(text).and_then(Said::check);
        let lost = r#"{"disconnect":{"code":4413,"reason":"too slow","may_return":true}}"#;
        assert!(matches!(check(lost), Err(ConsoleError::Lost(_))));
        for refused in [
            r#"{"disconnect":{"code":4403,"reason":"banned"}}"#,
            r#"{"disconnect":{"code":4402,"reason":"expired","may_return":true}}"#,
            r#"{"id":1,"error":{"code":"forbidden","message":"no"}}"#,
        ] {
            assert!(matches!(check(refused), Err(ConsoleError::Refused(_))), "{refused}");
        }
        assert!(check(r#"{"id":1,"error":{"code":"not_subscribed","message":"no"}}"#).is_ok());
    }

    #[test]
    fn silence_is_asked_about_once_and_then_is_the_end() {
        let mut silence = Silence::default();
        let verdicts: Vec<Verdict> = (0..GONE_AFTER).map(|_| silence.grow()).collect();
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Ask).count(), 1);
        assert_eq!(verdicts.iter().position(|verdict| *verdict == Verdict::Gone), Some(1199));
    }
}
