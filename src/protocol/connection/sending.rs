//! Frames out, appended to a buffer of the caller's.

use super::{Connection, Role};
use crate::limits::{CONTROL_PAYLOAD_SIZE_MAX, HEADER_SIZE_MAX};
use crate::protocol::close::CloseFrame;
use crate::protocol::error::{ProtocolError, SendError};
use crate::protocol::frame::FrameHeader;
use crate::protocol::mask::apply_mask;
use crate::protocol::message::Message;
use crate::protocol::opcode::Opcode;
use std::borrow::Cow;

impl Connection {
    /// Appends a message as one frame.
    ///
    /// # Errors
    ///
    /// [`SendError::Closing`] after a close frame was sent.
    #[inline]
    pub fn send(&self, message: Message<'_>, output: &mut Vec<u8>) -> Result<(), SendError> {
        self.send_frame(message.opcode(), message.as_bytes(), output)
    }

    /// Appends a ping with at most 125 bytes of payload.
    ///
    /// # Errors
    ///
    /// [`SendError::ControlPayloadTooBig`]; [`SendError::Closing`] after a close frame was sent.
    pub fn send_ping(&self, payload: &[u8], output: &mut Vec<u8>) -> Result<(), SendError> {
        self.send_control(Opcode::Ping, payload, output)
    }

    /// Appends a pong with at most 125 bytes of payload.
    ///
    /// # Errors
    ///
    /// [`SendError::ControlPayloadTooBig`]; [`SendError::Closing`] after a close frame was sent.
    pub fn send_pong(&self, payload: &[u8], output: &mut Vec<u8>) -> Result<(), SendError> {
        self.send_control(Opcode::Pong, payload, output)
    }

    /// Appends a close frame: to start the closing handshake, or to answer the peer's. `None` sends no code.
    ///
    /// # Errors
    ///
    /// [`SendError::Closing`] when one was sent already; [`SendError::CloseCodeInvalid`].
    pub fn send_close(
        &mut self,
        frame: Option<&CloseFrame<'_>>,
        output: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        let mut payload = Vec::new();
        if let Some(frame) = frame {
            frame.encode(&mut payload)?;
        }
        self.send_frame(Opcode::Close, &payload, output)?;
        self.has_sent_close = true;
        Ok(())
    }

    /// Appends the close frame that tells the peer which rule it broke, unless one was sent before.
    pub fn send_failure(&mut self, error: ProtocolError, output: &mut Vec<u8>) {
        let frame = CloseFrame { code: error.close_code(), reason: Cow::Borrowed(error.reason()) };
        // RFC 6455 7.1.7: failing the connection sends a close frame if none was sent yet.
        let _already_closing = self.send_close(Some(&frame), output);
    }

    fn send_control(
        &self,
        opcode: Opcode,
        payload: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        if payload.len() > CONTROL_PAYLOAD_SIZE_MAX {
            return Err(SendError::ControlPayloadTooBig);
        }
        self.send_frame(opcode, payload, output)
    }

    #[inline]
    fn send_frame(
        &self,
        opcode: Opcode,
        payload: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        if self.has_sent_close() {
            return Err(SendError::Closing);
        }
        self.write_frame(FrameHeader::new(opcode, payload.len()), payload, output);
        Ok(())
    }

    #[inline]
    pub(super) fn write_frame(
        &self,
        mut header: FrameHeader,
        payload: &[u8],
        output: &mut Vec<u8>,
    ) {
        if let Role::Client { mask_key } = self.role {
            header.mask = Some(mask_key());
        }
        let mut bytes = [0; HEADER_SIZE_MAX];
        let size = header.encode(&mut bytes);
        output.reserve(size + payload.len());
        output.extend_from_slice(&bytes[..size]);
        let start = output.len();
        output.extend_from_slice(payload);
        if let Some(mask) = header.mask {
            apply_mask(&mut output[start..], mask, 0);
        }
    }
}
