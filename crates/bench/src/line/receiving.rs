//! What arrives on an open connection: frames or bytes to messages, and messages to their judge.

use super::{Line, Outcome, Role, lost_error};
use crate::desk::Desk;
use crate::error::LostError;
use crate::native::Told;
use crate::payload::Payloads;
use crate::plan::Speech;
use crate::socket_io::{PONG, Packet, SocketIoError};
use crate::stream::Arrived;
use sockeye::protocol::{CloseCode, Connection, Event, Input, Message, Payload, Received};

impl Line {
    /// Reads once, and judges what has arrived: `desk.answers` has it.
    #[inline]
    pub(crate) fn receive(&mut self, payloads: &Payloads, desk: &mut Desk) -> Outcome {
        let mut buffer = std::mem::take(&mut desk.buffer);
        let outcome = match self.stream.receive(&mut buffer, &mut desk.cipher) {
            Ok(Arrived::Nothing) => Outcome::Fine,
            Ok(Arrived::End) => Outcome::Lost(LostError::Ended),
            Ok(Arrived::Bytes { wire, size }) => {
                desk.received += wire as u64;
                self.handle(&mut buffer[..size], payloads, desk)
            }
            Err(error) => Outcome::Lost(lost_error(error)),
        };
        desk.buffer = buffer;
        outcome
    }

    #[inline]
    pub(super) fn handle(
        &mut self,
        bytes: &mut [u8],
        payloads: &Payloads,
        desk: &mut Desk,
    ) -> Outcome {
        let Some(mut protocol) = self.protocol.take() else {
            self.handle_raw(bytes, payloads, desk);
            return Outcome::Fine;
        };
        let outcome = self.handle_frames(&mut protocol, bytes, payloads, desk);
        self.protocol = Some(protocol);
        outcome
    }

    #[inline]
    fn handle_frames(
        &mut self,
        protocol: &mut Connection,
        bytes: &mut [u8],
        payloads: &Payloads,
        desk: &mut Desk,
    ) -> Outcome {
        let mut inflater = desk.inflater.take();
        let mut input = Input::with_spare(bytes, desk.take_spare());
        if let Some(inflater) = &mut inflater {
            input = input.with_inflater(inflater);
        }
        let outcome = loop {
            match protocol.handle_input(&mut input) {
                Ok(None) => break Outcome::Fine,
                Ok(Some(Event::Message(message))) => {
                    let handled = self.handle_message(protocol, &message, payloads, desk);
                    if let Payload::Assembled(buffer) = message.into_payload() {
                        input.recycle(buffer);
                    }
                    if let Err(error) = handled {
                        break Outcome::Lost(error);
                    }
                }
                Ok(Some(event)) => match self.handle_control(protocol, &event) {
                    Outcome::Fine => {}
                    end => break end,
                },
                Err(error) => break Outcome::Lost(LostError::Protocol(error)),
            }
        };
        desk.give_spare(input.into_spare());
        desk.inflater = inflater;
        if matches!(outcome, Outcome::Fine) && self.stream.can_fill() {
            return self.fill(protocol, payloads, desk);
        }
        outcome
    }

    /// Reads the rest of a large message into its own buffer, as far as it is there.
    #[inline]
    fn fill(&mut self, protocol: &mut Connection, payloads: &Payloads, desk: &mut Desk) -> Outcome {
        while let Some((mut buffer, wanted)) = protocol.poll_fill() {
            let before = buffer.len();
            let arrived = self.stream.fill(&mut buffer, wanted);
            let added = buffer.len() - before;
            desk.received += added as u64;
            match protocol.handle_fill(buffer, added) {
                Ok(Some(Event::Message(message))) => {
                    let handled = self.handle_message(protocol, &message, payloads, desk);
                    if let Payload::Assembled(buffer) = message.into_payload() {
                        desk.give_spare(buffer);
                    }
                    if let Err(error) = handled {
                        return Outcome::Lost(error);
                    }
                }
                Ok(_) => {}
                Err(error) => return Outcome::Lost(LostError::Protocol(error)),
            }
            match arrived {
                Ok(Arrived::Bytes { .. }) if added == wanted => {}
                Ok(Arrived::Bytes { .. } | Arrived::Nothing) => break,
                Ok(Arrived::End) => return Outcome::Lost(LostError::Ended),
                Err(error) => return Outcome::Lost(lost_error(error)),
            }
        }
        Outcome::Fine
    }

    #[inline]
    fn handle_message(
        &mut self,
        protocol: &Connection,
        message: &Received<'_>,
        payloads: &Payloads,
        desk: &mut Desk,
    ) -> Result<(), LostError> {
        match payloads.speech() {
            Speech::Plain => {}
            Speech::SocketIo => {
                return self.handle_packet(protocol, message.as_message(), payloads, desk);
            }
            Speech::Native => return self.handle_told(message.as_message(), payloads, desk),
        }
        let is_text = matches!(message.as_message(), Message::Text(_));
        self.judge(is_text, message.payload().as_bytes(), payloads, desk);
        Ok(())
    }

    fn handle_packet(
        &mut self,
        protocol: &Connection,
        message: Message<'_>,
        payloads: &Payloads,
        desk: &mut Desk,
    ) -> Result<(), LostError> {
        match Packet::decode(message).map_err(LostError::SocketIo)? {
            Packet::Event(message) => self.judge(true, message.as_bytes(), payloads, desk),
            Packet::Ping => self.send_packet(protocol, PONG),
            Packet::Open | Packet::Connected => {
                return Err(LostError::SocketIo(SocketIoError::unexpected(message)));
            }
        }
        Ok(())
    }

    #[inline]
    fn handle_told(
        &mut self,
        message: Message<'_>,
        payloads: &Payloads,
        desk: &mut Desk,
    ) -> Result<(), LostError> {
        if let Told::Publication(message) = Told::decode(message).map_err(LostError::Native)? {
            self.judge(true, message.as_bytes(), payloads, desk);
        }
        Ok(())
    }

    #[inline]
    fn judge(&mut self, is_text: bool, message: &[u8], payloads: &Payloads, desk: &mut Desk) {
        match &mut self.role {
            Role::Echo(awaited) => {
                let answer = awaited.handle(payloads, is_text, message, &mut desk.errors);
                if let Some(stamp) = answer {
                    desk.count(stamp, 1);
                }
            }
            Role::Subscriber(delivered) => {
                let delivery = delivered.handle(payloads, is_text, message, &mut desk.errors);
                if let Some(delivery) = delivery {
                    desk.count(delivery.stamp, delivery.advanced);
                }
            }
            Role::Publisher { .. } => {
                desk.errors.unexpected += u64::from(!desk.publisher_subscribes);
            }
        }
    }

    /// Without WebSocket a message is so many bytes.
    fn handle_raw(&mut self, bytes: &[u8], payloads: &Payloads, desk: &mut Desk) {
        let size = payloads.size();
        let mut rest = bytes;
        if !self.partial.is_empty() {
            let taken = rest.len().min(size - self.partial.len());
            self.partial.extend_from_slice(&rest[..taken]);
            rest = &rest[taken..];
            if self.partial.len() == size {
                let mut message = std::mem::take(&mut self.partial);
                self.judge(payloads.is_text(), &message, payloads, desk);
                message.clear();
                self.partial = message;
            }
        }
        let mut messages = rest.chunks_exact(size);
        for message in &mut messages {
            self.judge(payloads.is_text(), message, payloads, desk);
        }
        self.partial.extend_from_slice(messages.remainder());
    }

    #[cold]
    pub(super) fn handle_control(&mut self, protocol: &Connection, event: &Event<'_>) -> Outcome {
        match event {
            Event::Ping(payload) => {
                // One whose close frame was sent gets no pong.
                let _closing = protocol.send_pong(payload.as_bytes(), &mut self.control);
                Outcome::Fine
            }
            Event::Close(_) if protocol.has_sent_close() => Outcome::Closed,
            Event::Close(frame) => {
                let (code, reason) =
                    frame.as_ref().map_or((CloseCode::NO_STATUS, String::new()), |frame| {
                        (frame.code, frame.reason.clone().into_owned())
                    });
                Outcome::Lost(LostError::Closed(code.number(), reason))
            }
            _ => Outcome::Fine,
        }
    }
}
