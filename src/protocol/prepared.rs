//! Messages that are encoded once and sent to many.

use super::message::{Message, encode_frame};
use std::sync::Arc;

/// A message as the frame that servers send, encoded once; cloning it shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared(Arc<[u8]>);

impl Prepared {
    /// Encodes `message`.
    #[must_use]
    pub fn new<'a>(message: impl Into<Message<'a>>) -> Self {
        let message = message.into();
        let mut frame = Vec::new();
        encode_frame(message.opcode(), message.as_bytes(), &mut frame);
        Self(frame.into())
    }

    /// The whole frame: header and payload.
    #[must_use]
    pub fn as_frame(&self) -> &[u8] {
        &self.0
    }
}
