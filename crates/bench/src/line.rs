//! One connection to the server, from connecting to its end.
//!
//! ```text
//!   Connecting ── TCP ──► Opening ── 101 ──► Open ── end of the run ──► Closing ── close frame ──► Ended
//!        └────────────────────┴──── fault ───┴──────────────────────────────┴─────────────────────────▲
//! ```
//!
//! With Socket.IO, and with our own protocol, it is Joining between Opening and Open.

mod joining;
mod receiving;

pub(crate) use joining::Joining;

use crate::desk::Desk;
use crate::error::{LostError, OpenError};
use crate::native::DISCONNECT;
use crate::outgoing::{Outgoing, Sending};
use crate::payload::{Framing, Payloads};
use crate::plan::{Speech, Target};
use crate::stream::{Arrived, Stream};
use crate::verify::{Awaited, Delivered};
use sockeye::protocol::handshake::ClientHandshake;
use sockeye::protocol::{CloseCode, CloseFrame, Connection, Message, Role as Side};
use sockeye::random::mask_key;
use std::io;

/// One connection to the server.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) stream: Stream,
    pub(crate) phase: Phase,
    pub(crate) role: Role,
    /// What it is called in stamps.
    pub(crate) sender: u16,
    /// Messages that it has sent or will.
    pub(crate) sequence: u64,
    pub(crate) outgoing: Outgoing,
    /// Requests and control frames that have not left. They go between two frames.
    control: Vec<u8>,
    /// Whether the loop is asked to tell when more can be sent.
    pub(crate) wants_writable: bool,
    /// When something came back last, or began to be waited for.
    pub(crate) progress_at: u64,
    protocol: Option<Box<Connection>>,
    speech: Speech,
    /// What has arrived of the answer to the opening handshake or, without WebSocket, of a message.
    partial: Vec<u8>,
}

/// What the connection awaits.
#[derive(Debug)]
pub(crate) enum Phase {
    Connecting,
    Opening(Box<ClientHandshake>),
    Joining(Joining),
    Open,
    Closing,
    Ended,
}

impl Phase {
    pub(crate) const fn is_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }
}

/// What it is for.
#[derive(Debug)]
pub(crate) enum Role {
    Echo(Awaited),
    Subscriber(Delivered),
    Publisher { number: usize },
}

/// Why an open connection is no more, or what a read has done.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Go on.
    Fine,
    /// The closing handshake is done.
    Closed,
    Lost(LostError),
}

impl Line {
    pub(crate) fn new(stream: Stream, role: Role, sender: u16, now: u64) -> Self {
        Self {
            stream,
            phase: Phase::Connecting,
            role,
            sender,
            sequence: 0,
            outgoing: Outgoing::default(),
            control: Vec::new(),
            wants_writable: true,
            progress_at: now,
            protocol: None,
            speech: Speech::Plain,
            partial: Vec::new(),
        }
    }

    /// TCP has connected: asks for the WebSocket.
    pub(crate) fn ask(&mut self, target: &Target) -> Result<(), OpenError> {
        let handshake = target.config.client_handshake().map_err(OpenError::Request)?;
        handshake.encode_request(&mut self.control);
        self.phase = Phase::Opening(Box::new(handshake));
        Ok(())
    }

    /// Reads what answers the opening handshake; gives the framing that was agreed on once it is open.
    pub(crate) fn receive_answer(
        &mut self,
        target: &Target,
        desk: &mut Desk,
    ) -> Result<Option<Framing>, OpenError> {
        match self.stream.receive(&mut desk.buffer, &mut desk.cipher).map_err(open_error)? {
            Arrived::Nothing => return Ok(None),
            Arrived::End => return Err(OpenError::Io(io::ErrorKind::UnexpectedEof.into())),
            Arrived::Bytes { size, .. } => self.partial.extend_from_slice(&desk.buffer[..size]),
        }
        let Phase::Opening(handshake) = &mut self.phase else {
            return self.join();
        };
        let accepted = handshake.handle_response(&self.partial).map_err(OpenError::Handshake)?;
        let Some(accepted) = accepted else {
            return Ok(None);
        };
        let mut protocol =
            Connection::new(Side::Client { mask_key }, target.config.message_bytes_max);
        let mut framing = Framing::WebSocket;
        let deflate = &target.config.deflate;
        if deflate.offer().is_some() {
            let answer = deflate.check_answer(accepted.extensions());
            let agreement =
                answer.map_err(OpenError::Handshake)?.ok_or(OpenError::DeflateDeclined)?;
            protocol = protocol.with_deflate(&agreement, deflate);
            framing = Framing::Deflate(agreement);
        }
        let size = accepted.size();
        self.partial.drain(..size);
        self.protocol = Some(Box::new(protocol));
        self.speech = target.speech;
        if let Some(joining) = self.begin_joining() {
            self.phase = Phase::Joining(joining);
            return self.join();
        }
        self.phase = Phase::Open;
        Ok(Some(framing))
    }

    /// What came with the answer to the opening handshake, right behind it.
    pub(crate) fn handle_rest(&mut self, payloads: &Payloads, desk: &mut Desk) -> Outcome {
        let mut rest = std::mem::take(&mut self.partial);
        self.handle(&mut rest, payloads, desk)
    }

    /// Begins the closing handshake.
    pub(crate) fn close(&mut self) {
        self.phase = Phase::Ended;
        if let Some(protocol) = &mut self.protocol {
            if self.speech == Speech::Native {
                let _closing = protocol.send(Message::Text(DISCONNECT), &mut self.control);
            }
            let frame = CloseFrame::new(CloseCode::NORMAL, "");
            if protocol.send_close(Some(&frame), &mut self.control).is_ok() {
                self.phase = Phase::Closing;
            }
        }
    }

    /// Whether something waits to be sent by itself.
    #[inline]
    pub(crate) fn has_control(&self) -> bool {
        !self.control.is_empty()
    }

    /// Sends as much as the socket takes.
    #[inline]
    pub(crate) fn flush(
        &mut self,
        payloads: Option<&Payloads>,
        scratch: &mut Vec<u8>,
    ) -> io::Result<Sending> {
        if self.has_control() && !self.outgoing.is_inside_a_frame() && !self.flush_control()? {
            return Ok(Sending::Blocked);
        }
        if let Some(payloads) = payloads {
            let sending = self.outgoing.flush(payloads, scratch, &mut self.stream)?;
            if sending == Sending::Blocked {
                return Ok(sending);
            }
        }
        match self.flush_control()? && self.stream.flush()? {
            true => Ok(Sending::Done),
            false => Ok(Sending::Blocked),
        }
    }

    fn flush_control(&mut self) -> io::Result<bool> {
        while !self.control.is_empty() {
            match self.stream.send(&self.control)? {
                Some(sent) => drop(self.control.drain(..sent)),
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

fn open_error(error: io::Error) -> OpenError {
    match error.downcast::<rustls::Error>() {
        Ok(error) => OpenError::Tls(error),
        Err(error) => OpenError::Io(error),
    }
}

pub(crate) fn lost_error(error: io::Error) -> LostError {
    match error.downcast::<rustls::Error>() {
        Ok(error) => LostError::Tls(error),
        Err(error) => LostError::Io(error),
    }
}
