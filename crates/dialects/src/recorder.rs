//! For tests: what a dialect says, as lines.

mod clock;

pub(crate) use clock::start;

use crate::dialect::{Commands, Connect, Dialect, DialectError, Incoming};
use crate::encoded::{Encoded, FrameKind};
use sockeye_hub::{Command, CommandId, Own, Push, Refusal};
use std::time::Instant;

/// Keeps what was said to it, each in one line.
#[derive(Debug, Default)]
pub(crate) struct Recorder(pub(crate) Vec<String>);

impl Commands for Recorder {
    fn connect(&mut self, id: CommandId, connect: Connect<'_>) {
        self.0.push(format!("connect {} {:?}", id.0, connect.token.as_deref()));
    }

    fn refresh(&mut self, id: CommandId, token: &str) {
        self.0.push(format!("refresh {} {token}", id.0));
    }

    fn command(&mut self, id: CommandId, command: Command<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let line = match command {
            Command::Subscribe(it) => format!("subscribe {} tag {}", it.channel, text(&it.tag)),
            Command::Unsubscribe { channel } => format!("unsubscribe {channel}"),
            Command::Publish(it) => format!(
                "publish {:?} {:?} {:?} {:?} {:?}",
                it.target,
                it.attributes.content_type,
                it.attributes.headers,
                it.payload.format,
                text(it.payload.bytes)
            ),
            Command::Call(it) => format!("call {} {}", it.method, text(it.payload.bytes)),
            Command::Reply { call, answer } => {
                format!("reply {call} {}", text(answer.expect("not an error").bytes))
            }
            other => format!("{other:?}"),
        };
        self.0.push(format!("{} {line}", id.0));
    }

    fn refuse(&mut self, id: CommandId, refusal: Refusal) {
        self.0.push(format!("{} refuse {refusal}", id.0));
    }

    fn answer(&mut self, encode: impl FnOnce(&mut Encoded)) {
        let mut encoded = Encoded::new();
        encode(&mut encoded);
        self.0.extend(lines(&encoded, "").into_iter().map(|line| format!("answer {line}")));
    }

    fn disconnect(&mut self) {
        self.0.push("disconnect".to_owned());
    }
}

/// The frames in it: texts as they are, bytes in brackets.
pub(crate) fn lines(encoded: &Encoded, tag: &str) -> Vec<String> {
    let frames = encoded.frames(tag.as_bytes()).map(|frame| match frame.kind {
        FrameKind::Text => String::from_utf8(frame.parts.concat()).expect("text frames are UTF-8"),
        FrameKind::Binary => format!("{:?}", frame.parts.concat()),
    });
    frames.collect()
}

/// What a message says.
pub(crate) fn hear<D: Dialect>(
    dialect: &D,
    state: &mut D::State,
    message: Incoming<'_>,
    now: Instant,
) -> Result<Vec<String>, DialectError> {
    let mut recorder = Recorder::default();
    dialect.handle_message(state, message, now, &mut recorder)?;
    Ok(recorder.0)
}

/// What one session is told.
pub(crate) fn own<D: Dialect>(dialect: &D, state: &mut D::State, own: &Own<'_>) -> Vec<String> {
    let mut encoded = Encoded::new();
    dialect.encode_own(state, own, &mut encoded);
    assert_eq!(encoded.hole(), None);
    lines(&encoded, "")
}

/// What all are told, with something in the hole.
pub(crate) fn shared<D: Dialect>(dialect: &D, push: &Push<'_>, tag: &str) -> Vec<String> {
    let mut encoded = Encoded::new();
    dialect.encode_shared(push, crate::SharedOptions::default(), &mut encoded);
    lines(&encoded, tag)
}

/// A publication.
pub(crate) fn publication(format: sockeye_hub::Format, payload: &[u8]) -> sockeye_hub::Publication {
    sockeye_hub::Publication {
        sequence: 7,
        previous: 6,
        time_ms: 0,
        expires_ms: 0,
        publisher: None,
        excludes_publisher: false,
        format,
        priority: sockeye_hub::PRIORITY,
        extras: None,
        payload: payload.into(),
    }
}
