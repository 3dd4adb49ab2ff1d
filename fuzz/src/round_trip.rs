//! What one side sends against what the other gets: which side sends, cuts, steps of two bytes.

use super::pieces::Cuts;
use sockeye::protocol::{
    CLOSE_REASON_SIZE_MAX, CloseCode, CloseFrame, Connection, Event, Input, Message, Opcode,
    Prepared, ProtocolError, Role, SendError, encode_frame,
};

/// Checks that every message, ping, pong and close frame arrives as it was sent, in order, in whatever pieces; that what
/// must not be sent is refused and leaves nothing; and that the other side's answer ends it.
pub fn check(input: &[u8]) {
    let Some((&side, rest)) = input.split_first() else {
        return;
    };
    let (cuts, steps) = Cuts::read(rest);
    let client = || Connection::new(Role::Client { mask_key }, SIZE_MAX);
    let server = || Connection::new(Role::Server, SIZE_MAX);
    let (sender, mut receiver) = match side & 1 {
        0 => (client(), server()),
        _ => (server(), client()),
    };
    let mut sent =
        Sent { connection: sender, wire: Vec::new(), events: Vec::new(), is_closed: false };
    for &[step, size] in steps.as_chunks::<2>().0 {
        if sent.wire.len() < WIRE_SIZE_MAX {
            sent.step(step, size);
        }
    }

    let mut got = Vec::new();
    for range in cuts.ranges(sent.wire.len()) {
        let mut read = sent.wire[range].to_vec();
        let mut input = Input::new(&mut read);
        while let Some(event) = receiver.handle_input(&mut input).expect("our own frames are good")
        {
            got.push(note(event, &mut input));
        }
    }
    assert_eq!(got, sent.events);
    if sent.is_closed {
        answer(sent.connection, receiver);
    } else {
        assert!(!receiver.is_receiving() && !receiver.is_closed());
    }
}

/// The kind of an event, and its bytes.
type Noted = (&'static str, Vec<u8>);

struct Sent {
    connection: Connection,
    wire: Vec<u8>,
    events: Vec<Noted>,
    is_closed: bool,
}

impl Sent {
    fn step(&mut self, step: u8, size: u8) {
        let text = text(usize::from(step >> 4), usize::from(size));
        let before = self.wire.len();
        let (event, result) = match step & 0x0F {
            0..4 => ("text", self.connection.send((&text).into(), &mut self.wire)),
            4..6 => ("binary", self.connection.send(text.as_bytes().into(), &mut self.wire)),
            6 => ("ping", self.connection.send_ping(text.as_bytes(), &mut self.wire)),
            7 => ("pong", self.connection.send_pong(text.as_bytes(), &mut self.wire)),
            8 if size > 250 => return self.close(size, &text),
            9 if size > 250 => return self.fail(size),
            8 | 9 => ("text", self.share(Message::from(&text))),
            _ => ("binary", self.share(Message::from(text.as_bytes()))),
        };
        let is_too_big = matches!(event, "ping" | "pong") && text.len() > 125;
        let expected = match (is_too_big, self.is_closed) {
            (true, _) => Err(SendError::ControlPayloadTooBig),
            (_, true) => Err(SendError::Closing),
            _ => Ok(()),
        };
        assert_eq!(result, expected);
        match result {
            Ok(()) => self.events.push((event, text.into_bytes())),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert_eq!(self.wire.len(), before);
            }
        }
    }

    /// As servers send to many; a client has to mask each frame for itself.
    fn share(&mut self, message: Message<'_>) -> Result<(), SendError> {
        if self.connection.is_client() || self.is_closed {
            return self.connection.send(message, &mut self.wire);
        }
        let prepared = Prepared::new(message);
        assert_eq!(prepared.as_message(), message);
        let mut frame = Vec::new();
        let opcode =
            if matches!(message, Message::Text(_)) { Opcode::Text } else { Opcode::Binary };
        encode_frame(opcode, message.as_bytes(), &mut frame);
        assert_eq!(prepared.as_frame(), frame);
        self.wire.extend(frame);
        Ok(())
    }

    fn close(&mut self, size: u8, text: &str) {
        let code = CloseCode::new([1000, 1005, 4000, 999, 5000][usize::from(size) - 251]);
        let frame = (size != 252).then(|| CloseFrame { code, reason: text.into() });
        let result = self.connection.send_close(frame.as_ref(), &mut self.wire);
        if frame.is_some() && !code.is_sendable() {
            return assert_eq!(result, Err(SendError::CloseCodeInvalid));
        }
        assert_eq!(result.is_err(), self.is_closed);
        if result.is_ok() {
            let mut noted = Vec::new();
            if frame.is_some() {
                let cut = text.floor_char_boundary(CLOSE_REASON_SIZE_MAX);
                noted.extend(code.number().to_be_bytes());
                noted.extend(&text.as_bytes()[..cut]);
            }
            self.end(noted);
        }
    }

    fn fail(&mut self, size: u8) {
        let error = FAULTS[usize::from(size) % FAULTS.len()];
        assert_eq!(error.to_string(), error.reason());
        self.connection.send_failure(error, &mut self.wire);
        if !self.is_closed {
            let mut noted = error.close_code().number().to_be_bytes().to_vec();
            noted.extend(error.reason().as_bytes());
            self.end(noted);
        }
    }

    fn end(&mut self, noted: Vec<u8>) {
        self.events.push(("close", noted));
        self.is_closed = true;
        assert!(self.connection.has_sent_close());
    }
}

fn note(event: Event<'_>, input: &mut Input<'_>) -> Noted {
    assert!(!format!("{event:?}").is_empty());
    match event {
        Event::Message(received) => {
            let kind = match received.as_message() {
                Message::Text(_) => "text",
                Message::Binary(_) => "binary",
            };
            let bytes = received.payload().as_bytes().to_vec();
            if let sockeye::protocol::Payload::Assembled(memory) = received.into_payload() {
                input.recycle(memory);
            }
            (kind, bytes)
        }
        Event::Ping(payload) => ("ping", payload.as_bytes().to_vec()),
        Event::Pong(payload) => ("pong", payload.as_bytes().to_vec()),
        Event::Close(None) => ("close", Vec::new()),
        Event::Close(Some(frame)) => {
            let mut bytes = frame.code.number().to_be_bytes().to_vec();
            bytes.extend(frame.reason.as_bytes());
            ("close", bytes)
        }
        other => panic!("an event that the check does not know: {other:?}"),
    }
}

/// The receiver answers the close frame, and both are done.
fn answer(mut sender: Connection, mut receiver: Connection) {
    let mut wire = Vec::new();
    receiver.send_close(None, &mut wire).expect("it has sent none yet");
    let mut input = Input::new(&mut wire);
    let event = sender.handle_input(&mut input).expect("our own frames are good");
    assert!(matches!(event, Some(Event::Close(None))), "{event:?}");
    assert!(sender.is_closed() && receiver.is_closed());
}

/// Characters of one to four bytes; some sizes are long enough for each form of a frame's length.
fn text(kind: usize, size: usize) -> String {
    let character = ['x', 'é', '€', '🐟'][kind % 4];
    match kind {
        15 => "x".repeat(size * 280),
        _ => std::iter::repeat_n(character, size).collect(),
    }
}

fn mask_key() -> [u8; 4] {
    [0xA5, 0x5A, 0xC3, 0x3C]
}

const SIZE_MAX: usize = 1 << 20;
/// More would only take more time.
const WIRE_SIZE_MAX: usize = 20_000;
const FAULTS: &[ProtocolError] = &[
    ProtocolError::CloseCodeTruncated,
    ProtocolError::MessageTooBig,
    ProtocolError::Utf8Invalid,
    ProtocolError::ContinuationUnexpected,
];
