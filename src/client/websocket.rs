//! An open WebSocket whose calls block.
//!
//! ```text
//!          send_close                       the server's close frame, and the end of its stream
//!   Open ─────────────► Closing (deadline) ────────────────────────────────────────────────────► Closed
//!     │                    │
//!     └────────┬───────────┴─ a rule broken, the stream failed, the time was up ──► Failed
//! ```

use super::clock::Deadline;
use super::opening::Opening;
use super::receiving::{Found, Place};
use super::wire::Wire;
use super::{ClientConfig, WebSocketError};
use crate::limits::CLIENT_BUFFER_KEPT_BYTES_MAX;
#[cfg(feature = "deflate")]
use crate::protocol::deflate::{Compressor, Inflater};
use crate::protocol::{CloseCode, CloseFrame, Connection, Message, Received};
use std::fmt;
use std::io::{Read, Write};
use std::ops::Range;
use std::time::Duration;

/// A WebSocket to a server, over a stream that blocks. See the [module](super) for what to call after what.
pub struct WebSocket<S> {
    pub(super) wire: Wire<S>,
    pub(super) connection: Connection,
    #[cfg(feature = "deflate")]
    compressor: Compressor,
    #[cfg(feature = "deflate")]
    pub(super) inflater: Inflater,
    pub(super) state: State,
    /// What one read brings, and the part of it that has not been handled.
    pub(super) input: Box<[u8]>,
    pub(super) unread: Range<usize>,
    /// Holds the payload that was lent last, if it did not arrive whole. The next such message is assembled in it.
    pub(super) message: Vec<u8>,
    /// Frames to be written.
    pub(super) output: Vec<u8>,
    /// Whether the stream has taken all that was written so far.
    pub(super) is_writable: bool,
    subprotocol: Option<String>,
    pub(super) close_timeout: Duration,
}

#[derive(Debug)]
pub(super) enum State {
    Open,
    /// We sent the first close frame.
    Closing(Deadline),
    /// Both sides have, and this is the server's.
    Closed(Option<CloseFrame<'static>>),
    Failed,
}

/// What the server did, as [`WebSocket::receive_any`] tells it.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incoming<'a> {
    /// It sent a message.
    Message(Message<'a>),
    /// It sent a ping, which has been answered.
    Ping(&'a [u8]),
    /// It sent a pong, asked for or not.
    Pong(&'a [u8]),
    /// It closed, and that was answered. [`WebSocket::close_frame`] has its code.
    Closed,
}

impl<S: Read + Write> WebSocket<S> {
    pub(super) fn new(
        opening: Opening<S>,
        subprotocol: Option<String>,
        connection: Connection,
        config: &ClientConfig,
    ) -> Self {
        Self {
            wire: opening.wire,
            connection,
            #[cfg(feature = "deflate")]
            compressor: Compressor::new(),
            #[cfg(feature = "deflate")]
            inflater: Inflater::new(),
            state: State::Open,
            input: opening.input,
            unread: 0..opening.received,
            message: Vec::new(),
            output: Vec::new(),
            is_writable: true,
            subprotocol,
            close_timeout: config.close_timeout,
        }
    }

    /// The next message, borrowed until the next call. `None`: the server has closed, and was answered.
    ///
    /// Pings are answered meanwhile, pongs passed over; [`WebSocket::receive_any`] tells of them too.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::TimedOut`] leaves everything as it is. Any other ends the connection.
    pub fn receive(&mut self) -> Result<Option<Message<'_>>, WebSocketError> {
        loop {
            match self.next_found()? {
                Found::Message { is_text, place } => {
                    self.flush_answers();
                    return Ok(Some(Received::message(is_text, self.bytes(&place))));
                }
                Found::Closed => return Ok(None),
                // Answers to a burst of pings leave together.
                Found::Ping(_) | Found::Pong(_) => {}
            }
        }
    }

    /// What the server does next, also what needs no answer of our caller.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::receive`].
    pub fn receive_any(&mut self) -> Result<Incoming<'_>, WebSocketError> {
        let found = self.next_found()?;
        self.flush_answers();
        Ok(match found {
            Found::Message { is_text, place } => {
                Incoming::Message(Received::message(is_text, self.bytes(&place)))
            }
            Found::Ping(place) => Incoming::Ping(self.bytes(&place)),
            Found::Pong(place) => Incoming::Pong(self.bytes(&place)),
            Found::Closed => Incoming::Closed,
        })
    }

    /// Sends a message, as one frame with a fresh masking key. It has left when this returns.
    ///
    /// # Errors
    ///
    /// [`WebSocketError::Closed`] after a close frame was sent. A stream that does not take all of it has ended.
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), WebSocketError> {
        self.check_writable()?;
        #[cfg(feature = "deflate")]
        self.connection.send_compressed(message.into(), &mut self.compressor, &mut self.output)?;
        #[cfg(not(feature = "deflate"))]
        self.connection.send(message.into(), &mut self.output)?;
        self.flush()
    }

    /// Sends a message that is not compressed, whatever was agreed on: because it is already, or because it has a secret
    /// beside what an attacker can choose.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub fn send_uncompressed<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
    ) -> Result<(), WebSocketError> {
        self.check_writable()?;
        self.connection.send(message.into(), &mut self.output)?;
        self.flush()
    }

    /// Sends a ping with at most 125 bytes of payload. The pong comes to [`WebSocket::receive_any`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`]; [`SendError::ControlPayloadTooBig`](crate::protocol::SendError).
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), WebSocketError> {
        self.check_writable()?;
        self.connection.send_ping(payload, &mut self.output)?;
        self.flush()
    }

    /// Closes: sends a close frame, waits for the server's and for the end of its stream. Messages that are still on
    /// their way are discarded; to receive them, call [`WebSocket::send_close`] and `receive` up to its `None`.
    ///
    /// Nothing happens when the server has closed before. After a [`WebSocketError::TimedOut`], which only a stream with
    /// a limit of its own gives, calling again goes on.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::receive`]; a server that does not answer within `close_timeout` is an [`WebSocketError::Io`].
    /// [`SendError::CloseCodeInvalid`](crate::protocol::SendError) sends nothing.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), WebSocketError> {
        if matches!(self.state, State::Open) {
            self.send_close(code, reason)?;
        }
        loop {
            match self.next_found() {
                Ok(Found::Closed) => return Ok(()),
                Ok(_) => {}
                // The kernel may wake us a moment early.
                Err(WebSocketError::TimedOut) if self.wire.has_controls() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts the closing handshake. Nothing can be sent after it; what the server still sends can be received, within
    /// `close_timeout`.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`]; [`SendError::CloseCodeInvalid`](crate::protocol::SendError).
    pub fn send_close(&mut self, code: CloseCode, reason: &str) -> Result<(), WebSocketError> {
        self.check_writable()?;
        let frame = CloseFrame::new(code, reason);
        self.connection.send_close(Some(&frame), &mut self.output)?;
        let deadline = Deadline::after(self.close_timeout);
        self.state = State::Closing(deadline);
        let written = self.wire.write_before(deadline, &self.output);
        self.clear_output();
        written.map_err(|error| self.fail(WebSocketError::Io(error)))
    }

    /// The close frame that the server sent, once it has closed; `None` also for one without a code.
    #[must_use]
    pub const fn close_frame(&self) -> Option<&CloseFrame<'static>> {
        match &self.state {
            State::Closed(frame) => frame.as_ref(),
            _ => None,
        }
    }

    /// Whether messages can be sent.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open) && self.is_writable
    }

    /// The subprotocol that the server chose among those offered.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The stream, to look at its addresses or to limit how long it waits. Reading from it or writing to it breaks the
    /// connection.
    #[must_use]
    pub const fn stream(&self) -> &S {
        &self.wire.stream
    }

    fn bytes(&self, place: &Place) -> &[u8] {
        match place {
            Place::Input(range) => &self.input[range.clone()],
            Place::Message => &self.message,
        }
    }

    fn check_writable(&self) -> Result<(), WebSocketError> {
        if self.is_open() { Ok(()) } else { Err(WebSocketError::Closed) }
    }

    fn flush(&mut self) -> Result<(), WebSocketError> {
        let written = self.wire.write(&self.output);
        self.clear_output();
        written.map_err(|error| self.fail(WebSocketError::Io(error)))
    }

    pub(super) fn clear_output(&mut self) {
        self.output.clear();
        self.output.shrink_to(CLIENT_BUFFER_KEPT_BYTES_MAX);
    }
}

impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("state", &self.state)
            .field("subprotocol", &self.subprotocol)
            .finish_non_exhaustive()
    }
}
