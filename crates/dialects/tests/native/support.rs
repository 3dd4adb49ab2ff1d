//! What a message has carried out, and what is encoded.

use sockeye_dialects::Native;
use sockeye_dialects::{Commands, Connect, Dialect, DialectError, Encoded, FrameKind, Incoming};
use sockeye_hub::{Command, CommandId, Own, Push, Refusal, RefusalCode};
use std::fmt::Debug;
use std::time::Instant;

/// What a dialect has asked for. Commands are kept as their texts, because they only last as long as the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Connect(u64, String),
    Refresh(u64, String),
    Command(u64, String),
    Refused(u64, RefusalCode, String),
    Disconnect,
}

impl Said {
    pub(crate) fn connect(id: u64, connect: &Connect<'_>) -> Self {
        Self::Connect(id, text(connect))
    }

    pub(crate) fn command(id: u64, command: &Command<'_>) -> Self {
        Self::Command(id, text(command))
    }

    /// With the code that a dialect refuses with.
    pub(crate) fn refused(id: u64, expected: &str) -> Self {
        Self::Refused(id, RefusalCode::BadRequest, expected.to_owned())
    }
}

fn text(of: &impl Debug) -> String {
    format!("{of:?}")
}

#[derive(Default)]
struct Recorder(Vec<Said>);

impl Commands for Recorder {
    fn connect(&mut self, id: CommandId, connect: Connect<'_>) {
        self.0.push(Said::connect(id.0, &connect));
    }

    fn refresh(&mut self, id: CommandId, token: &str) {
        self.0.push(Said::Refresh(id.0, token.to_owned()));
    }

    fn command(&mut self, id: CommandId, command: Command<'_>) {
        self.0.push(Said::command(id.0, &command));
    }

    fn refuse(&mut self, id: CommandId, refusal: Refusal) {
        self.0.push(Said::Refused(id.0, refusal.code, refusal.text.into_owned()));
    }

    fn answer(&mut self, _: impl FnOnce(&mut Encoded)) {
        unreachable!("the native dialect leaves answers to the hub");
    }

    fn disconnect(&mut self) {
        self.0.push(Said::Disconnect);
    }
}

/// What one frame has carried out, and what was wrong with it.
pub(crate) fn read(native: Native, frame: &[u8]) -> (Vec<Said>, Result<(), DialectError>) {
    let mut recorder = Recorder::default();
    let message = match (native, str::from_utf8(frame)) {
        (Native::Json, Ok(text)) => Incoming::Text(text),
        _ => Incoming::Binary(frame),
    };
    let result = native.handle_message(&mut (), message, some_time(), &mut recorder);
    (recorder.0, result)
}

/// The dialect has no use for the time.
#[expect(clippy::disallowed_methods, reason = "there is no other way to have an Instant")]
fn some_time() -> Instant {
    Instant::now()
}

/// What a frame without faults has carried out.
pub(crate) fn carried_out(native: Native, frame: &[u8]) -> Vec<Said> {
    let (said, result) = read(native, frame);
    assert_eq!(result, Ok(()), "{native:?} {:?}", String::from_utf8_lossy(frame));
    said
}

/// The frame that tells a session something.
pub(crate) fn told(native: Native, own: &Own<'_>) -> Vec<u8> {
    let mut encoded = Encoded::new();
    native.encode_own(&mut (), own, &mut encoded);
    only_frame(native, &encoded)
}

/// The frame that tells all subscribers something.
pub(crate) fn pushed(native: Native, push: &Push<'_>) -> Vec<u8> {
    let mut encoded = Encoded::new();
    native.encode_shared(push, native.shared_options(&()), &mut encoded);
    only_frame(native, &encoded)
}

fn only_frame(native: Native, encoded: &Encoded) -> Vec<u8> {
    assert_eq!(encoded.hole(), None, "everybody gets the same bytes");
    let frames: Vec<_> = encoded.frames(b"").collect();
    let [frame] = frames[..] else { panic!("{} frames", frames.len()) };
    let kind = if native == Native::Json { FrameKind::Text } else { FrameKind::Binary };
    assert_eq!(frame.kind, kind);
    frame.parts.concat()
}
