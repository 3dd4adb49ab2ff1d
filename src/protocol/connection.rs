//! One endpoint of a WebSocket connection after its opening handshake: bytes in, events out.
//!
//! ```text
//!              header complete                      header complete
//!   Header ───────────────────► Payload (data)   Header ──────────► Control
//!     ▲  │                         │                ▲                  │
//!     │  └─ whole frame in input ──┤                └── payload there ─┘
//!     └──── payload complete ──────┘
//!   any of them ── close frame, or a rule broken ──► Ended (input is ignored)
//! ```
//!
//! What to call after what:
//!
//! 1. [`Connection::handle_input`] with the bytes of one read, again and again until it answers `None`: then the input
//!    is used up. Each event borrows from the input; nothing is queued.
//! 2. After `None`, [`Connection::poll_fill`] may ask for the rest of a large frame to be read straight into the
//!    message's own buffer; [`Connection::handle_fill`] takes that buffer back. In between, no other input is handled.
//! 3. On [`Event::Close`], answer with [`Connection::send_close`] and, as a server, end the stream.
//! 4. On an error, [`Connection::send_failure`] writes the close frame that tells the peer why; then end the stream.
//!
//! The `send_*` methods append frames to a buffer of the caller's at any time.

use super::close::CloseFrame;
use super::error::{ProtocolError, SendError};
use super::frame::FrameHeader;
use super::mask::apply_mask;
use super::message::{Message, Payload, Received};
use super::opcode::Opcode;
use super::utf8::Utf8Validator;
use crate::limits::{
    CONTROL_PAYLOAD_SIZE_MAX, FILL_SIZE_MAX, FILL_SIZE_MIN, FILL_TRUST_SIZE, HEADER_SIZE_MAX,
};
use std::borrow::Cow;
use std::mem;

/// Which side this endpoint is; it decides who masks (RFC 6455 section 5.1).
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a connection has two sides")]
pub enum Role {
    /// Expects masked frames and sends unmasked ones.
    Server,
    /// Expects unmasked frames and sends masked ones.
    Client {
        /// Gives a fresh key for each frame; RFC 6455 section 10.3 wants them unpredictable.
        mask_key: fn() -> [u8; 4],
    },
}

/// What the peer did.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'b> {
    /// A message is complete.
    Message(Received<'b>),
    /// A ping; answer with [`Connection::send_pong`] and the same payload.
    Ping(Payload<'b>),
    /// A pong, asked for or not.
    Pong(Payload<'b>),
    /// A close frame; `None` is one without a code. Nothing follows it.
    Close(Option<CloseFrame<'b>>),
}

/// The bytes of one read, and a buffer for a message that does not end in them.
#[derive(Debug, Default)]
pub struct Input<'b> {
    bytes: &'b mut [u8],
    spare: Vec<u8>,
}

impl<'b> Input<'b> {
    /// Input whose messages are assembled in new buffers.
    #[must_use]
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, spare: Vec::new() }
    }

    /// Input whose first unfinished message is assembled in `spare`; what `spare` holds is cleared.
    #[must_use]
    pub fn with_spare(bytes: &'b mut [u8], mut spare: Vec<u8>) -> Self {
        spare.clear();
        Self { bytes, spare }
    }

    /// Gives a buffer back for the next unfinished message.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > self.spare.capacity() {
            buffer.clear();
            self.spare = buffer;
        }
    }

    /// The spare buffer, if no message took it.
    #[must_use]
    pub fn into_spare(self) -> Vec<u8> {
        self.spare
    }

    fn take(&mut self, size: usize) -> &'b mut [u8] {
        let (taken, rest) = mem::take(&mut self.bytes).split_at_mut(size);
        self.bytes = rest;
        taken
    }
}

/// The protocol state of one connection. It owns no buffer while no message is under way.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    message_size_max: usize,
    receiving: Receiving,
    closing: Closing,
    /// The message under way, if there is one: it may span many frames, with control frames between them.
    message: Option<Assembly>,
    /// What has arrived of the message under way, unmasked, then of the control frame under way.
    assembled: Vec<u8>,
}

/// What the next bytes of input are.
#[derive(Clone, Copy, Debug)]
enum Receiving {
    /// A frame header, of which these bytes are there.
    Header { bytes: [u8; HEADER_SIZE_MAX], size: u8 },
    /// The rest of a data frame.
    Payload(Frame),
    /// The rest of a control frame.
    Control(Opcode, Frame),
    /// Nothing: a close frame came, or the peer broke a rule.
    Ended,
}

impl Receiving {
    const HEADER: Self = Self::Header { bytes: [0; HEADER_SIZE_MAX], size: 0 };
}

/// A frame whose payload is arriving.
#[derive(Clone, Copy, Debug)]
struct Frame {
    is_final: bool,
    mask: Option<[u8; 4]>,
    /// Bytes that have arrived; the masking key turns with them.
    received: usize,
    missing: usize,
}

impl Frame {
    fn handle(&mut self, bytes: &mut [u8]) {
        if let Some(mask) = self.mask {
            apply_mask(bytes, mask, self.received);
        }
        self.received += bytes.len();
        self.missing -= bytes.len();
    }
}

#[derive(Clone, Copy, Debug)]
struct Assembly {
    /// `None` for binary messages.
    text: Option<Utf8Validator>,
    /// Whether its buffer has been out for a fill.
    was_filled: bool,
}

impl Assembly {
    fn handle(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        // RFC 6455 8.1: text that is not UTF-8 fails the connection; here with its first bad byte.
        self.text.as_mut().map_or(Ok(()), |text| text.validate(bytes))
    }

    fn finish(&self, assembled: &[u8]) -> Result<(), ProtocolError> {
        let Some(text) = &self.text else {
            return Ok(());
        };
        text.finish()?;
        // Whoever fills a buffer could have written to what was validated before, or given back another one, and
        // `Received` relies on each byte. Only text of at least `FILL_SIZE_MIN` bytes pays for this second look.
        if self.was_filled {
            let mut again = Utf8Validator::default();
            let valid = again.validate(assembled).and_then(|()| again.finish());
            valid.expect("a filled buffer comes back as it was, with more bytes at its end");
        }
        Ok(())
    }
}

/// How far the closing handshake is (RFC 6455 section 7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Open,
    Sent,
    Received,
    Complete,
}

impl Connection {
    /// A connection whose opening handshake is done. Messages over `message_size_max` bytes fail with 1009.
    #[must_use]
    pub const fn new(role: Role, message_size_max: usize) -> Self {
        Self {
            role,
            message_size_max,
            receiving: Receiving::HEADER,
            closing: Closing::Open,
            message: None,
            assembled: Vec::new(),
        }
    }

    /// Whether nothing is left to exchange: both close frames have passed, or one did and the peer broke a rule.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closing == Closing::Complete
    }

    /// Whether a close frame was sent: nothing can be sent any more.
    #[must_use]
    pub const fn has_sent_close(&self) -> bool {
        matches!(self.closing, Closing::Sent | Closing::Complete)
    }

    /// Whether a frame or a message has begun and not ended.
    #[must_use]
    pub const fn is_receiving(&self) -> bool {
        match self.receiving {
            Receiving::Header { size, .. } => size > 0 || self.message.is_some(),
            Receiving::Payload(_) | Receiving::Control(..) => true,
            Receiving::Ended => false,
        }
    }

    /// Handles input up to the next event. `None`: the input is used up.
    ///
    /// # Errors
    ///
    /// The rule that the peer broke. All later input is ignored.
    #[inline]
    pub fn handle_input<'b>(
        &mut self,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let event = self.next_event(input);
        if matches!(event, Err(_) | Ok(Some(Event::Close(_)))) {
            self.end();
        }
        event
    }

    /// The message buffer and how many bytes of the frame under way are to be read into it, appended, if that is worth
    /// a read of its own. Ask only when [`Connection::handle_input`] has answered `None`.
    #[inline]
    pub fn poll_fill(&mut self) -> Option<(Vec<u8>, usize)> {
        let Receiving::Payload(frame) = self.receiving else {
            return None;
        };
        if frame.missing < FILL_SIZE_MIN {
            return None;
        }
        if let Some(message) = &mut self.message {
            message.was_filled = true;
        }
        let mut buffer = mem::take(&mut self.assembled);
        let room = buffer.capacity() - buffer.len();
        if room >= FILL_SIZE_MIN {
            return Some((buffer, frame.missing.min(room)));
        }
        // A length is only a claim: until the peer has sent some of the message, little memory is set aside for it,
        // and never all that a connection without a real limit would let it claim.
        let trusted = if buffer.len() < FILL_TRUST_SIZE { FILL_TRUST_SIZE } else { FILL_SIZE_MAX };
        let believed = frame.missing.min(trusted);
        if frame.is_final && believed == frame.missing {
            buffer.reserve_exact(believed);
        } else {
            // More follows: growing by just this much would copy the message once for each of its fragments.
            buffer.reserve(believed);
        }
        Some((buffer, believed))
    }

    /// Takes back the buffer from [`Connection::poll_fill`] with `added` more bytes at its end, no more than it asked
    /// for.
    ///
    /// # Errors
    ///
    /// As [`Connection::handle_input`].
    ///
    /// # Panics
    ///
    /// When more was added than the frame has left, or a text message comes back with other bytes than it left with.
    pub fn handle_fill<'b>(
        &mut self,
        mut buffer: Vec<u8>,
        added: usize,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let Receiving::Payload(mut frame) = self.receiving else {
            return Ok(None);
        };
        assert!(
            added <= frame.missing && added <= buffer.len(),
            "a fill adds at most what was asked for"
        );
        let start = buffer.len() - added;
        frame.handle(&mut buffer[start..]);
        let valid =
            self.message.as_mut().map_or(Ok(()), |message| message.handle(&buffer[start..]));
        self.assembled = buffer;
        self.receiving = Receiving::Payload(frame);
        let event = valid.and_then(|()| {
            if frame.missing == 0 { self.finish_frame(frame.is_final) } else { Ok(None) }
        });
        if event.is_err() {
            self.end();
        }
        event
    }

    fn next_event<'b>(
        &mut self,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        loop {
            let event = match self.receiving {
                Receiving::Header { .. } => {
                    let Some(header) = self.next_header(input)? else {
                        return Ok(None);
                    };
                    self.start_frame(&header, input)?
                }
                Receiving::Payload(frame) => {
                    if input.bytes.is_empty() {
                        return Ok(None);
                    }
                    self.continue_data(frame, input)?
                }
                Receiving::Control(opcode, frame) => {
                    if input.bytes.is_empty() {
                        return Ok(None);
                    }
                    self.continue_control(opcode, frame, input)?
                }
                Receiving::Ended => {
                    input.bytes = &mut [];
                    return Ok(None);
                }
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    #[inline]
    fn next_header(&mut self, input: &mut Input<'_>) -> Result<Option<FrameHeader>, ProtocolError> {
        let Receiving::Header { bytes, size } = &mut self.receiving else {
            unreachable!("called while a header is awaited");
        };
        if *size == 0 {
            if let Some((header, taken)) = FrameHeader::decode(input.bytes)? {
                input.take(taken);
                return Ok(Some(header));
            }
            let rest = input.take(input.bytes.len());
            bytes[..rest.len()].copy_from_slice(rest);
            *size = rest.len() as u8;
            return Ok(None);
        }
        // The header began in an earlier read: complete a copy of it.
        let before = usize::from(*size);
        let more = input.bytes.len().min(HEADER_SIZE_MAX - before);
        bytes[before..before + more].copy_from_slice(&input.bytes[..more]);
        let there = before + more;
        if let Some((header, taken)) = FrameHeader::decode(&bytes[..there])? {
            input.take(taken - before);
            self.receiving = Receiving::HEADER;
            return Ok(Some(header));
        }
        input.take(more);
        *size = there as u8;
        Ok(None)
    }

    #[inline]
    fn start_frame<'b>(
        &mut self,
        header: &FrameHeader,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        self.check(header)?;
        // `check` has bounded the size, so it fits.
        let size = header.payload_size as usize;
        let mut frame =
            Frame { is_final: header.is_final, mask: header.mask, received: 0, missing: size };
        if header.opcode.is_control() {
            if input.bytes.len() < size {
                self.receiving = Receiving::Control(header.opcode, frame);
                return Ok(None);
            }
            let payload = input.take(size);
            frame.handle(payload);
            return control_event(header.opcode, Payload::Lent(payload)).map(Some);
        }
        if self.message.is_none() {
            if header.is_final && input.bytes.len() >= size {
                let payload = input.take(size);
                frame.handle(payload);
                return whole_message(header.opcode, payload).map(Some);
            }
            let text = (header.opcode == Opcode::Text).then(Utf8Validator::default);
            self.message = Some(Assembly { text, was_filled: false });
            self.assembled = mem::take(&mut input.spare);
        }
        if size == 0 {
            return self.finish_frame(frame.is_final);
        }
        self.receiving = Receiving::Payload(frame);
        Ok(None)
    }

    /// The rules that depend on the connection's state.
    #[inline]
    fn check(&self, header: &FrameHeader) -> Result<(), ProtocolError> {
        // RFC 6455 5.2: RSV1 has no meaning unless permessage-deflate was negotiated.
        if header.is_compressed {
            return Err(ProtocolError::ReservedBitSet);
        }
        // RFC 6455 5.1: clients mask, servers do not.
        match (self.role, header.mask) {
            (Role::Server, None) => return Err(ProtocolError::MaskMissing),
            (Role::Client { .. }, Some(_)) => return Err(ProtocolError::MaskUnexpected),
            _ => {}
        }
        if header.opcode.is_control() {
            return Ok(());
        }
        // RFC 6455 5.4: fragments of one message follow each other, with nothing but control frames between.
        match (header.opcode == Opcode::Continuation, self.message.is_some()) {
            (true, false) => return Err(ProtocolError::ContinuationUnexpected),
            (false, true) => return Err(ProtocolError::ContinuationExpected),
            _ => {}
        }
        let room = self.message_size_max.saturating_sub(self.assembled.len());
        if header.payload_size > room as u64 {
            return Err(ProtocolError::MessageTooBig);
        }
        Ok(())
    }

    fn continue_data<'b>(
        &mut self,
        mut frame: Frame,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let bytes = input.take(frame.missing.min(input.bytes.len()));
        frame.handle(bytes);
        if let Some(message) = &mut self.message {
            message.handle(bytes)?;
        }
        self.assembled.extend_from_slice(bytes);
        self.receiving = Receiving::Payload(frame);
        if frame.missing == 0 { self.finish_frame(frame.is_final) } else { Ok(None) }
    }

    fn finish_frame<'b>(&mut self, is_final: bool) -> Result<Option<Event<'b>>, ProtocolError> {
        self.receiving = Receiving::HEADER;
        if !is_final {
            return Ok(None);
        }
        let message = self.message.take().expect("a data frame belongs to a message");
        message.finish(&self.assembled)?;
        let payload = Payload::Assembled(mem::take(&mut self.assembled));
        Ok(Some(Event::Message(Received::new(message.text.is_some(), payload))))
    }

    /// A control frame that spans reads waits behind what is assembled of a message.
    fn continue_control<'b>(
        &mut self,
        opcode: Opcode,
        mut frame: Frame,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let bytes = input.take(frame.missing.min(input.bytes.len()));
        frame.handle(bytes);
        self.assembled.extend_from_slice(bytes);
        if frame.missing > 0 {
            self.receiving = Receiving::Control(opcode, frame);
            return Ok(None);
        }
        self.receiving = Receiving::HEADER;
        let payload = self.assembled.split_off(self.assembled.len() - frame.received);
        if self.message.is_none() {
            self.assembled = Vec::new();
        }
        control_event(opcode, Payload::Assembled(payload)).map(Some)
    }

    fn end(&mut self) {
        self.receiving = Receiving::Ended;
        self.message = None;
        self.assembled = Vec::new();
        self.closing = match self.closing {
            Closing::Open | Closing::Received => Closing::Received,
            Closing::Sent | Closing::Complete => Closing::Complete,
        };
    }

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
        self.closing = match self.closing {
            Closing::Received => Closing::Complete,
            _ => Closing::Sent,
        };
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
        let mut header = FrameHeader::new(opcode, payload.len());
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
        Ok(())
    }
}

#[inline]
fn whole_message(opcode: Opcode, payload: &mut [u8]) -> Result<Event<'_>, ProtocolError> {
    let is_text = opcode == Opcode::Text;
    if is_text && std::str::from_utf8(payload).is_err() {
        return Err(ProtocolError::Utf8Invalid);
    }
    Ok(Event::Message(Received::new(is_text, Payload::Lent(payload))))
}

fn control_event(opcode: Opcode, payload: Payload<'_>) -> Result<Event<'_>, ProtocolError> {
    match opcode {
        Opcode::Ping => Ok(Event::Ping(payload)),
        Opcode::Pong => Ok(Event::Pong(payload)),
        _ => match payload {
            Payload::Lent(bytes) => CloseFrame::decode(bytes),
            Payload::Assembled(bytes) => {
                CloseFrame::decode(&bytes).map(|frame| frame.map(CloseFrame::into_owned))
            }
        }
        .map(Event::Close),
    }
}
