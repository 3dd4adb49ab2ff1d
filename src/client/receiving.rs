//! How a blocking WebSocket receives: what was read is handled before anything is waited for.

use super::clock::Deadline;
use super::websocket::State;
use super::wire::{deadline_error, is_timeout};
use super::{WebSocket, WebSocketError};
use crate::limits::{CLIENT_BUFFER_KEPT_BYTES_MAX, CLIENT_FILL_SIZE_MAX, SERVER_END_TIMEOUT};
use crate::protocol::{CloseFrame, Event, Input, Message, Payload};
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::ops::Range;

/// What was received, without borrowing it: the buffers cannot be lent out of a loop that goes on to fill them.
pub(super) enum Found {
    Message { is_text: bool, place: Place },
    Ping(Place),
    Pong(Place),
    Closed,
}

/// Where a payload lies until the next call.
pub(super) enum Place {
    Input(Range<usize>),
    Message,
}

impl<S: Read + Write> WebSocket<S> {
    /// What the server does next. Answers to it are queued and not written yet, unless something had to be waited for.
    pub(super) fn next_found(&mut self) -> Result<Found, WebSocketError> {
        match self.state {
            State::Open | State::Closing(_) => {}
            State::Closed(_) => return Ok(Found::Closed),
            State::Failed => return Err(WebSocketError::Closed),
        }
        // A buffer grown for one large message is not kept for ever.
        if self.message.capacity() > CLIENT_BUFFER_KEPT_BYTES_MAX {
            self.message = Vec::new();
        }
        loop {
            let found = match self.handle_unread() {
                Ok(None) => {
                    self.flush_answers();
                    self.read()
                }
                handled => handled,
            };
            match found {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(WebSocketError::Io(error)) if is_timeout(&error) => {
                    return Err(match self.is_late() {
                        true => self.fail(WebSocketError::Io(deadline_error())),
                        false => WebSocketError::TimedOut,
                    });
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    /// Writes what answers the server. When it takes no more, there may still be something to receive from it.
    pub(super) fn flush_answers(&mut self) {
        if !self.output.is_empty() && self.is_writable {
            self.is_writable = self.wire.write(&self.output).is_ok();
        }
        self.clear_output();
    }

    /// Ends the connection over this error, and gives it back.
    pub(super) fn fail(&mut self, error: WebSocketError) -> WebSocketError {
        let deadline = self.close_deadline();
        self.state = State::Failed;
        if let WebSocketError::Protocol(rule) = error {
            self.connection.send_failure(rule, &mut self.output);
            self.write_last(deadline);
        }
        self.wire.shutdown_write();
        // A socket that is closed over unread bytes resets the connection, and the peer may never read the reason.
        if matches!(error, WebSocketError::Protocol(_)) {
            self.discard_until_end(deadline);
        }
        self.release();
        error
    }

    /// Handles what was read, up to what is worth telling. `None`: all of it was.
    fn handle_unread(&mut self) -> Result<Option<Found>, WebSocketError> {
        let end = self.unread.end;
        let spare = mem::take(&mut self.message);
        let mut input = Input::with_spare(&mut self.input[self.unread.clone()], spare);
        #[cfg(feature = "deflate")]
        if self.connection.is_deflating() {
            input = input.with_inflater(&mut self.inflater);
        }
        let event = self.connection.handle_input(&mut input).map_err(WebSocketError::Protocol)?;
        self.unread.start = end - input.rest().len();
        self.message = input.into_spare();
        let handled = self.unread.start;
        let place = |payload: Payload<'_>, message: &mut Vec<u8>| match payload {
            // What is lent is the last that was handled.
            Payload::Lent(bytes) => Place::Input(handled - bytes.len()..handled),
            Payload::Assembled(bytes) => {
                *message = bytes;
                Place::Message
            }
        };
        Ok(match event {
            None => None,
            Some(Event::Message(received)) => {
                let is_text = matches!(received.as_message(), Message::Text(_));
                let place = place(received.into_payload(), &mut self.message);
                Some(Found::Message { is_text, place })
            }
            Some(Event::Ping(payload)) => {
                // RFC 6455 5.5.2: a pong in response, "unless it already received a Close frame"; and none after ours.
                let _closing = self.connection.send_pong(payload.as_bytes(), &mut self.output);
                Some(Found::Ping(place(payload, &mut self.message)))
            }
            Some(Event::Pong(payload)) => Some(Found::Pong(place(payload, &mut self.message))),
            Some(Event::Close(frame)) => {
                let frame = frame.map(CloseFrame::into_owned);
                self.finish(frame);
                Some(Found::Closed)
            }
        })
    }

    /// Reads: a large message into its own buffer, anything else into the buffer for all.
    fn read(&mut self) -> Result<Option<Found>, WebSocketError> {
        // A fill goes on until it is full, which is no way to keep the deadline for closing.
        if let State::Open = self.state
            && let Some((buffer, wanted)) = self.connection.poll_fill()
        {
            return self.fill(buffer, wanted.min(CLIENT_FILL_SIZE_MAX));
        }
        let mut input = mem::take(&mut self.input);
        let read = match self.state {
            State::Closing(deadline) => self.wire.read_before(deadline, &mut input),
            _ => self.wire.read(&mut input),
        };
        self.input = input;
        match read {
            Ok(0) => Err(end_of_stream()),
            Ok(size) => {
                self.unread = 0..size;
                Ok(None)
            }
            Err(error) => Err(WebSocketError::Io(error)),
        }
    }

    /// Reads so many bytes to the end of a message's buffer, and gives it back however that ends.
    fn fill(
        &mut self,
        mut buffer: Vec<u8>,
        wanted: usize,
    ) -> Result<Option<Found>, WebSocketError> {
        let start = buffer.len();
        let read = self.wire.read_many(&mut buffer, wanted);
        let added = buffer.len() - start;
        let event = self.connection.handle_fill(buffer, added).map_err(WebSocketError::Protocol)?;
        if let Some(Event::Message(received)) = event {
            let is_text = matches!(received.as_message(), Message::Text(_));
            if let Payload::Assembled(bytes) = received.into_payload() {
                self.message = bytes;
            }
            return Ok(Some(Found::Message { is_text, place: Place::Message }));
        }
        match read {
            Ok(()) if added < wanted => Err(end_of_stream()),
            Ok(()) => Ok(None),
            Err(error) => Err(WebSocketError::Io(error)),
        }
    }

    /// Answers the server's close frame, if it was not ours that this one answers, and waits for the end of the stream.
    fn finish(&mut self, frame: Option<CloseFrame<'static>>) {
        let deadline = self.close_deadline();
        // RFC 6455 5.5.1: "When sending a Close frame in response, the endpoint typically echos the status code".
        let _sent_before = self.connection.send_close(frame.as_ref(), &mut self.output);
        self.write_last(deadline);
        // RFC 6455 7.1.1: the client "SHOULD wait for the server to close the connection but MAY initiate a TCP Close at
        // any time", which ends the wait of a server that waits as well.
        self.discard_until_end(deadline.or_after(SERVER_END_TIMEOUT));
        self.wire.shutdown_write();
        self.discard_until_end(deadline);
        self.state = State::Closed(frame);
        self.release();
    }

    fn write_last(&mut self, deadline: Deadline) {
        if !self.output.is_empty() && self.is_writable {
            // The server may be gone already; it has said what it had to say.
            self.is_writable = self.wire.write_before(deadline, &self.output).is_ok();
        }
        self.clear_output();
    }

    /// Reads until the server ends the stream, where that can be limited.
    fn discard_until_end(&mut self, deadline: Deadline) {
        if !self.wire.has_controls() {
            return;
        }
        while matches!(self.wire.read_before(deadline, &mut self.input), Ok(1..)) {}
    }

    /// Nothing is received any more.
    fn release(&mut self) {
        self.input = Box::default();
        self.unread = 0..0;
        self.message = Vec::new();
        self.output = Vec::new();
    }

    fn close_deadline(&self) -> Deadline {
        match self.state {
            State::Closing(deadline) => deadline,
            _ => Deadline::after(self.close_timeout),
        }
    }

    /// Whether the time for the closing handshake is up.
    fn is_late(&self) -> bool {
        matches!(self.state, State::Closing(deadline) if deadline.left().is_none())
    }
}

/// RFC 6455 7.1.5: then "_The WebSocket Connection Close Code_ is considered to be 1006".
fn end_of_stream() -> WebSocketError {
    let sentence = "the server ended the connection without a close frame";
    WebSocketError::Io(io::Error::new(ErrorKind::UnexpectedEof, sentence))
}
