//! The blocking client: over scripted streams, over TCP against hand-written servers, and against our own server.
//!
//! Every wait has a deadline, and nothing is asserted about how long something takes.

mod closing;
mod connecting;
mod fresh_masks;
#[cfg(feature = "net")]
mod loopback;
mod messages;
mod opening;
mod peer;
mod proxy;
mod script;
#[cfg(feature = "tls")]
mod secure;
mod tunnel;
mod uri;

use script::{End, Script, Step, written};
use sockeye::client::WebSocketError;
use sockeye::protocol::Message;
use sockeye::{ClientConfig, WebSocket};

/// How long a test waits for something before it fails: far longer than anything here takes.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

fn config() -> ClientConfig {
    ClientConfig::new("ws://example.com/chat").expect("an address")
}

/// A WebSocket whose server has answered, and then does this.
fn open(steps: impl IntoIterator<Item = Step>) -> (WebSocket<Script>, script::Written) {
    let steps = [Step::Bytes(script::response("", b""))].into_iter().chain(steps);
    let (script, written) = Script::new(steps);
    (WebSocket::handshake(script, &config()).expect("a good answer"), written)
}

/// What a test can keep of a message.
fn owned(message: Message<'_>) -> (bool, Vec<u8>) {
    (matches!(message, Message::Text(_)), message.as_bytes().to_vec())
}

/// The error's own words, and that the connection is closed after it.
fn assert_ended(socket: &mut WebSocket<Script>) {
    assert!(!socket.is_open());
    assert!(matches!(socket.receive(), Err(WebSocketError::Closed)));
    assert!(matches!(socket.receive_any(), Err(WebSocketError::Closed)));
    assert!(matches!(socket.send("late"), Err(WebSocketError::Closed)));
    assert!(matches!(socket.ping(b"late"), Err(WebSocketError::Closed)));
    let code = sockeye::protocol::CloseCode::NORMAL;
    assert!(matches!(socket.close(code, ""), Err(WebSocketError::Closed)));
}
