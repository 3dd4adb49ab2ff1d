//! Connections in named states.

use super::chunking::every_chunking;
use super::frames::Frame;
use super::outcome::{Outcome, receive, receive_filling};
use sockeye::limits::FILL_SIZE_MIN;
use sockeye::protocol::{CloseCode, CloseFrame, Connection, ProtocolError, Role};

/// How to bring a connection to a state. It is a recipe, so that each chunking of an input gets a fresh connection.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    is_server: bool,
    message_size_max: usize,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Receive(Vec<u8>),
    SendClose,
}

impl Scenario {
    /// The engine is the server: its peer masks.
    pub(crate) const fn server() -> Self {
        Self { is_server: true, message_size_max: 1024 * 1024, steps: Vec::new() }
    }

    /// The engine is the client: it masks with [`KEY`], its peer does not.
    pub(crate) const fn client() -> Self {
        let mut scenario = Self::server();
        scenario.is_server = false;
        scenario
    }

    /// For what holds on either side.
    pub(crate) const fn both() -> [Self; 2] {
        [Self::server(), Self::client()]
    }

    pub(crate) const fn is_server(&self) -> bool {
        self.is_server
    }

    pub(crate) const fn message_size_max(mut self, size: usize) -> Self {
        self.message_size_max = size;
        self
    }

    /// Whatever these frames lead to.
    pub(crate) fn after(mut self, frames: impl IntoIterator<Item = Frame>) -> Self {
        let bytes = self.incoming(frames);
        self.steps.push(Step::Receive(bytes));
        self
    }

    /// The first fragment of a text message has come: [`FRAGMENT`].
    pub(crate) fn in_fragmented_text(self) -> Self {
        self.after([Frame::text(FRAGMENT).unfinished()])
    }

    /// The first fragment of a binary message has come: [`FRAGMENT`].
    pub(crate) fn in_fragmented_binary(self) -> Self {
        self.after([Frame::binary(FRAGMENT).unfinished()])
    }

    /// The header of a ping has come and half of its payload, "ha".
    pub(crate) fn in_ping(self) -> Self {
        self.after([Frame::ping("ha").claiming(4)])
    }

    /// One byte of a header has come.
    pub(crate) fn in_header(mut self) -> Self {
        self.steps.push(Step::Receive(vec![0x81]));
        self
    }

    /// This side has begun the closing handshake.
    pub(crate) fn after_close_sent(mut self) -> Self {
        self.steps.push(Step::SendClose);
        self
    }

    /// The peer has begun the closing handshake.
    pub(crate) fn after_close_received(self) -> Self {
        self.after([Frame::close(1000, "")])
    }

    /// The peer has broken a rule.
    pub(crate) fn after_failure(self) -> Self {
        self.after([Frame::new(0xF, "")])
    }

    /// A connection in this state.
    pub(crate) fn connect(&self) -> Connection {
        let role = if self.is_server { Role::Server } else { Role::Client { mask_key: || KEY } };
        let mut connection = Connection::new(role, self.message_size_max);
        for step in &self.steps {
            match step {
                Step::Receive(bytes) => {
                    receive(&mut connection, &[bytes]);
                }
                Step::SendClose => {
                    let frame = CloseFrame::new(CloseCode::NORMAL, "");
                    let sent = connection.send_close(Some(&frame), &mut Vec::new());
                    sent.expect("a scenario sends one close frame at most");
                }
            }
        }
        connection
    }

    /// The bytes of frames from the peer.
    pub(crate) fn incoming(&self, frames: impl IntoIterator<Item = Frame>) -> Vec<u8> {
        let key = self.is_server.then_some(KEY);
        frames.into_iter().flat_map(|frame| frame.encode(key)).collect()
    }

    /// The bytes of frames from this side.
    pub(crate) fn outgoing(&self, frames: impl IntoIterator<Item = Frame>) -> Vec<u8> {
        let key = (!self.is_server).then_some(KEY);
        frames.into_iter().flat_map(|frame| frame.encode(key)).collect()
    }

    /// What comes of these frames, in whatever chunks they arrive.
    pub(crate) fn receives(&self, frames: impl IntoIterator<Item = Frame>) -> Outcome {
        self.receives_bytes(&self.incoming(frames))
    }

    /// What comes of these bytes, in whatever chunks they arrive, with and without fills.
    pub(crate) fn receives_bytes(&self, bytes: &[u8]) -> Outcome {
        every_chunking(bytes, |chunks| {
            let outcome = receive(&mut self.connect(), chunks);
            if bytes.len() > FILL_SIZE_MIN {
                assert_eq!(receive_filling(&mut self.connect(), chunks), outcome);
            }
            outcome
        })
    }

    /// What the peer is told about its fault.
    pub(crate) fn failure(&self, error: ProtocolError) -> Vec<u8> {
        let mut output = Vec::new();
        self.connect().send_failure(error, &mut output);
        output
    }
}

/// What the first fragment of a scenario's message says.
pub(crate) const FRAGMENT: &str = "frag";

/// The key that masks all that a scenario does not mask otherwise.
pub(crate) const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
