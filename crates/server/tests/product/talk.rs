//! Clients that speak the native dialect in JSON.

use crate::websocket::{Arrived, Refused, TEXT, WebSocket};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// A client with a session.
pub(crate) struct Client {
    pub(crate) socket: WebSocket,
    /// What it was told when it connected.
    pub(crate) connected: Value,
    last_id: u64,
    /// What has arrived and was not looked for yet.
    waiting: VecDeque<Value>,
}

impl Client {
    /// Connects as nobody in particular.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, &json!({}))
    }

    /// Connects with this in the command.
    pub(crate) fn connect_with(address: SocketAddr, connect: &Value) -> Self {
        let socket = open(address).expect("it is let in");
        let (connected, last_id) = (Value::Null, 0);
        let mut client = Self { socket, connected, last_id, waiting: VecDeque::new() };
        client.connected = client.ask("connect", connect)["connected"].take();
        assert!(client.connected.is_object(), "{}", client.connected);
        client
    }

    /// Its session's name.
    pub(crate) fn session(&self) -> &str {
        self.connected["session"].as_str().expect("a name")
    }

    /// What it resumes with after it has got so much of these channels.
    pub(crate) fn resume(&self, positions: &Value) -> Value {
        json!({ "resume": { "token": self.connected["resume"], "positions": positions } })
    }

    /// Asks for something, and gives the answer. What arrives before it is kept.
    pub(crate) fn ask(&mut self, command: &str, body: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "id": id, command: body }));
        self.expect(|message| message["id"] == json!(id))
    }

    /// As [`Client::ask`], when the answer is this field.
    pub(crate) fn ask_for(&mut self, command: &str, body: &Value, field: &str) -> Value {
        let mut answer = self.ask(command, body);
        assert!(answer[field].is_object(), "{command}: expected {field}, got {answer}");
        answer[field].take()
    }

    pub(crate) fn subscribe(&mut self, channel: &str) -> Value {
        self.ask_for("subscribe", &json!({ "channel": channel }), "subscribed")
    }

    pub(crate) fn publish(&mut self, channel: &str, data: &Value) -> Value {
        self.ask_for("publish", &json!({ "channel": channel, "data": data }), "published")
    }

    pub(crate) fn send(&mut self, message: &Value) {
        self.socket.send(TEXT, message.to_string().as_bytes());
    }

    /// The first that has arrived, or arrives, that is such. What is not is kept.
    pub(crate) fn expect(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.waiting.iter().position(&is_it) {
            return self.waiting.remove(index).expect("it is there");
        }
        loop {
            let message = match self.socket.next() {
                Arrived::Message(TEXT, payload) => {
                    serde_json::from_slice(&payload).expect("one JSON text a message")
                }
                other => panic!("{other:?} instead of it, after {:?}", self.waiting),
            };
            if is_it(&message) {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    /// The next that has this field: its content.
    pub(crate) fn next(&mut self, field: &str) -> Value {
        self.expect(|message| message[field].is_object())[field].take()
    }

    /// Waits until nothing that was on its way before can still come, and says whether any of what came has this field.
    pub(crate) fn has_got(&mut self, field: &str) -> bool {
        self.ask_for("ping", &json!({}), "pong");
        self.waiting.iter().any(|message| message[field].is_object())
    }

    /// Reads to the end, and gives code and text of the close frame.
    pub(crate) fn closed(&mut self) -> (u16, String) {
        closed(&mut self.socket)
    }

    /// Breaks off without a word.
    pub(crate) fn break_off(self) {
        drop(self);
    }
}

/// A WebSocket for the native dialect, which has said nothing.
pub(crate) fn open(address: SocketAddr) -> Result<WebSocket, Refused> {
    WebSocket::open(address, "/connect", "")
}

/// Reads to the end, and gives code and text of the close frame.
pub(crate) fn closed(socket: &mut WebSocket) -> (u16, String) {
    loop {
        match socket.next() {
            Arrived::Message(..) => {}
            Arrived::Close(code, text) => return (code, text),
            Arrived::End => panic!("it ends without a close frame"),
        }
    }
}
