//! What is kept for a WebSocket that speaks a dialect.

use super::waiting::Waiting;
use crate::dialect::Speech;
use sockeye_hub::SessionKey;

/// A WebSocket that speaks a dialect.
#[derive(Debug)]
pub(crate) struct Native {
    /// What it speaks.
    pub(super) speech: Speech,
    pub(super) phase: Phase,
}

impl Native {
    /// One that was opened by a request that had this token.
    pub(crate) fn new(speech: Speech, token: Option<Box<str>>) -> Self {
        Self { speech, phase: Phase::AwaitsConnect(token.map(Box::new)) }
    }
}

/// ```text
///   AwaitsConnect ── it connects ──► AwaitsSession ── attached ──► Session ──┐
///        └── not in time, refused ─────────┴── it is gone ───────────────────┴─► Over
/// ```
#[derive(Debug)]
pub(super) enum Phase {
    /// Awaits that the client shows who it is. Its request may have had a token.
    AwaitsConnect(Option<Box<Box<str>>>),
    /// Awaits that the hub has found the session, which may be another worker's. What the client sends meanwhile waits.
    AwaitsSession(Option<Box<Waiting>>),
    /// Is a session's.
    Session(SessionKey),
    /// The hub knows nothing of it any more: what still comes is ignored.
    Over,
}

// An idle connection has this beside what the engine and the hub keep.
const _: () = assert!(size_of::<Native>() <= 32);
