//! Messages that are compressed, RFC 7692.

use super::{Connection, Event, Input};
#[cfg(feature = "net")]
use crate::protocol::deflate::Shape;
use crate::protocol::deflate::{Agreement, Compressor, Context, DeflateConfig, Inflater};
use crate::protocol::error::{ProtocolError, SendError};
use crate::protocol::frame::FrameHeader;
use crate::protocol::message::{Message, Payload, Received};
use std::mem;

impl Connection {
    /// The same connection with permessage-deflate, as both sides have agreed on it.
    ///
    /// Call this before anything was received. An inflated message may have as many bytes as one that is not compressed,
    /// unless the configuration says otherwise.
    #[must_use]
    pub fn with_deflate(mut self, agreement: &Agreement, config: &DeflateConfig) -> Self {
        let context =
            Context::new(self.is_client(), agreement, config, self.message_size_max as usize);
        self.deflate = Some(Box::new(context));
        self
    }

    /// Whether permessage-deflate was agreed on, so that messages may come compressed.
    #[inline]
    #[must_use]
    pub const fn is_deflating(&self) -> bool {
        self.deflate.is_some()
    }

    /// Appends a message as one frame, compressed where that was agreed on, if the message is not small and becomes smaller.
    ///
    /// # Errors
    ///
    /// [`SendError::Closing`] after a close frame was sent.
    pub fn send_compressed(
        &mut self,
        message: Message<'_>,
        compressor: &mut Compressor,
        output: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        if self.has_sent_close() {
            return Err(SendError::Closing);
        }
        let compressed = self
            .deflate
            .as_mut()
            .and_then(|context| context.compress(message.as_bytes(), compressor));
        let Some(compressed) = compressed else {
            return self.send(message, output);
        };
        let mut header = FrameHeader::new(message.opcode(), compressed.len());
        header.is_compressed = true;
        self.write_frame(header, compressed, output);
        Ok(())
    }

    /// What a broadcast to this connection is compressed with, if it takes it compressed, and from which size on. It has to
    /// be told of each that was, by [`Connection::forget_sent`].
    #[cfg(feature = "net")]
    pub(crate) fn broadcast_shape(&self) -> Option<(Shape, usize)> {
        let context = self.deflate.as_ref()?;
        Some((context.broadcast_shape()?, context.threshold_bytes()))
    }

    /// Bytes that are kept from one message to the next.
    #[cfg(feature = "net")]
    pub(crate) fn context_bytes(&self) -> usize {
        self.deflate.as_ref().map_or(0, |context| context.held_bytes())
    }

    /// A message was sent that had been compressed without this connection's context.
    #[cfg(feature = "net")]
    pub(crate) fn forget_sent(&mut self) {
        if let Some(context) = &mut self.deflate {
            context.forget_sent();
        }
    }

    /// The message that `payload` was compressed from, in the input's spare buffer.
    pub(super) fn inflate<'b>(
        &mut self,
        is_text: bool,
        payload: &[u8],
        input: &mut Input<'_>,
    ) -> Result<Event<'b>, ProtocolError> {
        let context = self.deflate.as_mut().ok_or(ProtocolError::ReservedBitSet)?;
        let mut message = mem::take(&mut input.spare);
        message.clear();
        let mut own = None;
        let inflater = match &mut input.inflater {
            Some(inflater) => inflater,
            None => own.insert(Inflater::new()),
        };
        context.inflate(payload, inflater, &mut message)?;
        // RFC 6455 8.1, of what the message was before it was compressed.
        if is_text && std::str::from_utf8(&message).is_err() {
            return Err(ProtocolError::Utf8Invalid);
        }
        Ok(Event::Message(Received::new(is_text, Payload::Assembled(message))))
    }
}
