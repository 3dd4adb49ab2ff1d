//! Bytes in, events out.

use super::small::is_sound_text;
use super::{Connection, Content, Event, Frame, Input, Receiving, Role};
use crate::limits::{
    COMPRESSED_GROWTH_BYTES, COMPRESSED_GROWTH_PART, FILL_SIZE_MAX, FILL_SIZE_MIN, FILL_TRUST_SIZE,
    HEADER_SIZE_MAX,
};
use crate::protocol::close::CloseFrame;
use crate::protocol::error::ProtocolError;
use crate::protocol::frame::FrameHeader;
use crate::protocol::message::{Payload, Received};
use crate::protocol::opcode::Opcode;
use std::mem;

impl Connection {
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
        if input.bytes.is_empty() {
            // Whatever is under way awaits more: nothing without a payload is left to be finished.
            return Ok(None);
        }
        if let Some((opcode, payload)) = self.next_small(&mut input.bytes) {
            return whole_message(opcode, payload).map(Some).inspect_err(|_| self.end());
        }
        self.next_event_or_end(input)
    }

    /// The message buffer and how many bytes of the frame under way are to be read into it, appended, if that is worth
    /// a read of its own. Ask only when [`Connection::handle_input`] has answered `None`.
    #[inline]
    pub fn poll_fill(&mut self) -> Option<(Vec<u8>, usize)> {
        let Receiving::Payload(frame) = self.receiving else {
            return None;
        };
        let missing = frame.missing();
        if missing < FILL_SIZE_MIN {
            return None;
        }
        match &mut self.message {
            // Inflating takes longer than any copy, and needs what only input has.
            Some(Content::Compressed { .. }) => return None,
            Some(Content::Text { was_filled, .. }) => *was_filled = true,
            Some(Content::Binary) | None => {}
        }
        let mut buffer = mem::take(&mut self.assembled);
        let room = buffer.capacity() - buffer.len();
        if room >= FILL_SIZE_MIN {
            return Some((buffer, missing.min(room)));
        }
        // A length is only a claim: until the peer has sent some of the message, little memory is set aside for it,
        // and never all that a connection without a real limit would let it claim.
        let trusted = if buffer.len() < FILL_TRUST_SIZE { FILL_TRUST_SIZE } else { FILL_SIZE_MAX };
        let believed = missing.min(trusted);
        if frame.is_final && believed == missing {
            buffer.reserve_exact(believed);
        } else {
            let is_compressed = self.is_message_compressed();
            make_room(&mut buffer, believed, self.payload_size_max(is_compressed));
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
            added <= frame.missing() && added <= buffer.len(),
            "a fill adds at most what was asked for"
        );
        let start = buffer.len() - added;
        frame.handle(&mut buffer[start..]);
        let valid =
            self.message.as_mut().map_or(Ok(()), |message| message.handle(&buffer[start..]));
        self.assembled = buffer;
        self.receiving = Receiving::Payload(frame);
        let event = valid.and_then(|()| {
            let mut nothing = Input::default();
            if frame.missing() == 0 {
                self.finish_frame(frame.is_final, &mut nothing)
            } else {
                Ok(None)
            }
        });
        if event.is_err() {
            self.end();
        }
        event
    }

    #[inline(never)]
    fn next_event_or_end<'b>(
        &mut self,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let event = self.next_event(input);
        if matches!(event, Err(_) | Ok(Some(Event::Close(_)))) {
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
        let mut copy = [0; HEADER_SIZE_MAX];
        copy[..before].copy_from_slice(&bytes[..before]);
        copy[before..before + more].copy_from_slice(&input.bytes[..more]);
        let there = before + more;
        if let Some((header, taken)) = FrameHeader::decode(&copy[..there])? {
            input.take(taken - before);
            self.receiving = Receiving::HEADER;
            return Ok(Some(header));
        }
        input.take(more);
        bytes[..there].copy_from_slice(&copy[..there]);
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
        let mut frame = Frame::new(header, size);
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
                if header.is_compressed {
                    return self.inflate(header.opcode == Opcode::Text, payload, input).map(Some);
                }
                return whole_message(header.opcode, payload).map(Some);
            }
            self.message = Some(Content::new(header));
            // A larger one, of a message that was inflated, would hold more for this one than a message may take.
            if input.spare.capacity() <= self.payload_size_max(header.is_compressed) {
                self.assembled = mem::take(&mut input.spare);
            }
        }
        if size == 0 {
            return self.finish_frame(frame.is_final, input);
        }
        self.receiving = Receiving::Payload(frame);
        Ok(None)
    }

    /// The rules that depend on the connection's state.
    #[inline]
    fn check(&self, header: &FrameHeader) -> Result<(), ProtocolError> {
        // RFC 6455 5.2: RSV1 has no meaning unless permessage-deflate was negotiated. RFC 7692 6: with it, "only for the first
        // fragment of a message".
        if header.is_compressed
            && !(self.is_deflating() && matches!(header.opcode, Opcode::Text | Opcode::Binary))
        {
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
        let is_compressed = header.is_compressed || self.is_message_compressed();
        let size_max = self.payload_size_max(is_compressed);
        let room = size_max.saturating_sub(self.assembled.len());
        if header.payload_size > room as u64 {
            return Err(ProtocolError::MessageTooBig);
        }
        Ok(())
    }

    /// Bytes that all payloads of one message may have.
    #[inline]
    const fn payload_size_max(&self, is_compressed: bool) -> usize {
        let size_max = match is_compressed {
            true => self
                .message_size_max
                .saturating_add(self.message_size_max / COMPRESSED_GROWTH_PART as u32)
                .saturating_add(COMPRESSED_GROWTH_BYTES as u32),
            false => self.message_size_max,
        };
        size_max as usize
    }

    #[inline]
    fn is_message_compressed(&self) -> bool {
        self.message.is_some_and(|message| message.is_compressed())
    }

    /// Appends to the message under way. Its buffer at least doubles when it grows, but never to more than it may need.
    #[inline]
    fn assemble(&mut self, bytes: &[u8]) {
        let size_max = self.payload_size_max(self.is_message_compressed());
        make_room(&mut self.assembled, bytes.len(), size_max);
        self.assembled.extend_from_slice(bytes);
    }

    fn continue_data<'b>(
        &mut self,
        mut frame: Frame,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let bytes = input.take(frame.missing().min(input.bytes.len()));
        frame.handle(bytes);
        if let Some(message) = &mut self.message {
            message.handle(bytes)?;
        }
        self.assemble(bytes);
        self.receiving = Receiving::Payload(frame);
        if frame.missing() == 0 { self.finish_frame(frame.is_final, input) } else { Ok(None) }
    }

    fn finish_frame<'b>(
        &mut self,
        is_final: bool,
        input: &mut Input<'_>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        self.receiving = Receiving::HEADER;
        if !is_final {
            return Ok(None);
        }
        let message = self.message.take().expect("a data frame belongs to a message");
        message.finish(&self.assembled)?;
        let assembled = mem::take(&mut self.assembled);
        let is_text = match message {
            Content::Binary => false,
            Content::Text { .. } => true,
            Content::Compressed { is_text } => {
                let event = self.inflate(is_text, &assembled, input).map(Some);
                input.recycle(assembled);
                return event;
            }
        };
        Ok(Some(Event::Message(Received::new(is_text, Payload::Assembled(assembled)))))
    }

    /// A control frame that spans reads waits behind what is assembled of a message.
    fn continue_control<'b>(
        &mut self,
        opcode: Opcode,
        mut frame: Frame,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let bytes = input.take(frame.missing().min(input.bytes.len()));
        frame.handle(bytes);
        self.assemble(bytes);
        if frame.missing() > 0 {
            self.receiving = Receiving::Control(opcode, frame);
            return Ok(None);
        }
        self.receiving = Receiving::HEADER;
        let payload = self.assembled.split_off(self.assembled.len() - usize::from(frame.received));
        if self.message.is_none() {
            self.assembled = Vec::new();
        }
        control_event(opcode, Payload::Assembled(payload)).map(Some)
    }

    pub(super) fn end(&mut self) {
        self.receiving = Receiving::Ended;
        self.message = None;
        self.assembled = Vec::new();
    }
}

/// Makes room for `more` bytes of a message: at least as much again as there is, because growing by just this much would copy
/// the message once for each of its fragments, but never more than the message may have.
#[inline]
fn make_room(buffer: &mut Vec<u8>, more: usize, message_size_max: usize) {
    if buffer.capacity() - buffer.len() < more {
        let doubled = buffer.capacity().saturating_mul(2).min(message_size_max);
        let size = doubled.max(buffer.len() + more);
        buffer.reserve_exact(size - buffer.len());
    }
}

#[inline]
fn whole_message(opcode: Opcode, payload: &mut [u8]) -> Result<Event<'_>, ProtocolError> {
    let is_text = is_sound_text(opcode, payload)?;
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
