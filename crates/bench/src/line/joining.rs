//! Joining what is spoken over the WebSocket, once that is open.

use super::{Line, Outcome, Phase, Role};
use crate::error::{LostError, OpenError};
use crate::native::{self, CONNECT, SUBSCRIBE};
use crate::payload::Framing;
use crate::plan::Speech;
use crate::socket_io;
use sockeye::protocol::{Connection, Event, Input, Message};

/// What is awaited until messages may flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    SocketIo(socket_io::Joining),
    Native(native::Joining),
}

impl Joining {
    const fn is_done(self) -> bool {
        matches!(
            self,
            Self::SocketIo(socket_io::Joining::Done) | Self::Native(native::Joining::Done)
        )
    }

    /// Takes a message; gives what to answer with.
    fn handle(&mut self, message: Message<'_>) -> Result<Option<&'static str>, LostError> {
        match self {
            Self::SocketIo(joining) => joining.handle_packet(message).map_err(LostError::SocketIo),
            Self::Native(joining) => {
                joining.handle(message).map(|()| None).map_err(LostError::Native)
            }
        }
    }
}

impl Line {
    /// Says what comes first, if anything has to be said before messages flow.
    pub(super) fn begin_joining(&mut self) -> Option<Joining> {
        match self.speech {
            Speech::Plain => None,
            Speech::SocketIo => Some(Joining::SocketIo(socket_io::Joining::ExpectOpen)),
            Speech::Native => {
                let subscribes = matches!(self.role, Role::Subscriber(_));
                if let Some(protocol) = self.protocol.take() {
                    self.send_packet(&protocol, CONNECT);
                    if subscribes {
                        self.send_packet(&protocol, SUBSCRIBE);
                    }
                    self.protocol = Some(protocol);
                }
                Some(Joining::Native(native::Joining::ExpectConnected { subscribes }))
            }
        }
    }

    /// Takes what has arrived; gives the framing once the server has let us in.
    pub(super) fn join(&mut self) -> Result<Option<Framing>, OpenError> {
        let Phase::Joining(mut joining) = self.phase else {
            return Ok(None);
        };
        let Some(mut protocol) = self.protocol.take() else {
            return Ok(None);
        };
        let mut bytes = std::mem::take(&mut self.partial);
        let joined = self.handle_joining(&mut joining, &mut protocol, &mut bytes);
        self.protocol = Some(protocol);
        let (framing, error): (_, fn(LostError) -> OpenError) = match joining {
            Joining::SocketIo(_) => (Framing::SocketIo, OpenError::SocketIo),
            Joining::Native(_) => (Framing::Native, OpenError::Native),
        };
        joined.map_err(error)?;
        let is_done = joining.is_done();
        self.phase = if is_done { Phase::Open } else { Phase::Joining(joining) };
        Ok(is_done.then_some(framing))
    }

    fn handle_joining(
        &mut self,
        joining: &mut Joining,
        protocol: &mut Connection,
        bytes: &mut [u8],
    ) -> Result<(), LostError> {
        let mut input = Input::new(bytes);
        while let Some(event) = protocol.handle_input(&mut input).map_err(LostError::Protocol)? {
            if let Event::Message(message) = &event {
                if let Some(packet) = joining.handle(message.as_message())? {
                    self.send_packet(protocol, packet);
                }
                continue;
            }
            match self.handle_control(protocol, &event) {
                Outcome::Fine => {}
                Outcome::Closed => return Err(LostError::Ended),
                Outcome::Lost(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A small one, which goes between two frames.
    pub(super) fn send_packet(&mut self, protocol: &Connection, packet: &str) {
        // One whose close frame was sent sends no more.
        let _closing = protocol.send(Message::Text(packet), &mut self.control);
    }
}
