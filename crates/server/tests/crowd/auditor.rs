//! Somebody who may see everything: it publishes the last publication of each channel, and looks at what is there.

use crate::log::{Audit, AuditedChannel, Channel, Entry, Log, Place};
use crate::plan::Plan;
use crate::speech::{Encoding, id_of};
use crate::tokens::Tokens;
use serde_json::{Value, json};
use sockeye::protocol::Message;
use sockeye::{ClientConfig, WebSocket};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A client that waits for its answers.
pub(crate) struct Auditor {
    socket: WebSocket<TcpStream>,
    last_id: u64,
    pub(crate) log: Log,
}

impl Auditor {
    pub(crate) fn connect(address: SocketAddr, plan: &Plan, tokens: &Tokens) -> Self {
        let url = format!("ws://{address}/connect");
        let mut config = ClientConfig::new(&url).expect("an address");
        config.read_timeout = Some(Duration::from_secs(30));
        let socket = WebSocket::connect(&config).expect("it is let in");
        let may = vec![true; usize::from(plan.size.channels)];
        let mut auditor = Self { socket, last_id: 0, log: Log { may, ..Log::default() } };
        let connected = auditor.ask("connect", &json!({ "token": tokens.of(0, false) }));
        let session = text(&connected["connected"]["session"]);
        auditor.log.entries.push(Entry::Connected { session, is_resumed: false });
        auditor
    }

    /// Publishes once more to each channel, and says where that is.
    pub(crate) fn publish_last(&mut self, plan: &Plan) -> Vec<Place> {
        let publish = |channel: Channel| {
            let id = u64::from(channel) + 1;
            self.log.entries.push(Entry::Sent { channel, id, excludes_self: false });
            let body = json!({ "channel": plan.name(channel), "data": Encoding::Json.data(id, 0) });
            let place = place(&self.ask("publish", &body)["published"]["position"]);
            self.log.entries.push(Entry::Receipt { channel, id, place });
            place
        };
        (0..plan.size.channels).map(publish).collect()
    }

    /// Looks at all channels.
    pub(crate) fn audit(&mut self, plan: &Plan) -> Audit {
        let look = |channel| self.look(&plan.name(channel));
        Audit { channels: (0..plan.size.channels).map(look).collect() }
    }

    fn look(&mut self, name: &str) -> AuditedChannel {
        let (mut history, mut after) = (Vec::new(), 0);
        let top = loop {
            let body = json!({ "channel": name, "after": after });
            let page = self.ask("history", &body)["history"].take();
            for publication in array(&page["publications"]) {
                after = publication["sequence"].as_u64().expect("a number");
                let id = id_of(&text(&publication["data"])).expect("data of ours");
                history.push((after, id));
            }
            if page["more"] != true {
                break place(&page["position"]);
            }
        };
        let (mut present, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut body = json!({ "channel": name });
            if let Some(after) = &after {
                body["after"] = json!(after);
            }
            let page = self.ask("presence", &body)["presence"].take();
            present.extend(array(&page["members"]).iter().map(|member| text(&member["session"])));
            if page["more"] != true {
                return AuditedChannel { top, history, present };
            }
            after = present.last().cloned();
        }
    }

    fn ask(&mut self, command: &str, body: &Value) -> Value {
        self.last_id += 1;
        let message = json!({ "id": self.last_id, command: body }).to_string();
        self.socket.send(message.as_str()).expect("it reads");
        loop {
            let told: Value = match self.socket.receive().expect("it answers") {
                Some(Message::Text(text)) => serde_json::from_str(text).expect("JSON"),
                other => panic!("{other:?} instead of an answer to {message}"),
            };
            if told["id"] == self.last_id {
                assert!(told["error"].is_null(), "{message}: {told}");
                return told;
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn place(position: &Value) -> Place {
    let epoch = u64::from_str_radix(&text(&position["epoch"]), 16).expect("a number");
    Place { epoch, sequence: position["sequence"].as_u64().expect("a number") }
}
