//! Joining Socket.IO, once the WebSocket is open.

use super::{Line, Outcome, Phase};
use crate::error::{LostError, OpenError};
use crate::payload::Framing;
use sockeye::protocol::{Connection, Event, Input, Message};

impl Line {
    /// Takes what has arrived; gives the framing once the server has let us in.
    pub(super) fn join(&mut self) -> Result<Option<Framing>, OpenError> {
        let Some(mut protocol) = self.protocol.take() else {
            return Ok(None);
        };
        let mut bytes = std::mem::take(&mut self.partial);
        let joined = self.handle_joining(&mut protocol, &mut bytes);
        self.protocol = Some(protocol);
        match joined.map_err(OpenError::SocketIo)? {
            false => Ok(None),
            true => {
                self.phase = Phase::Open;
                Ok(Some(Framing::SocketIo))
            }
        }
    }

    /// Whether it is done.
    fn handle_joining(
        &mut self,
        protocol: &mut Connection,
        bytes: &mut [u8],
    ) -> Result<bool, LostError> {
        let Phase::Joining(mut joining) = self.phase else {
            return Ok(false);
        };
        let mut input = Input::new(bytes);
        while let Some(event) = protocol.handle_input(&mut input).map_err(LostError::Protocol)? {
            if let Event::Message(message) = &event {
                let answer = joining.handle_packet(message.as_message());
                if let Some(packet) = answer.map_err(LostError::SocketIo)? {
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
        self.phase = Phase::Joining(joining);
        Ok(joining == crate::socket_io::Joining::Done)
    }

    /// A small one, which goes between two frames.
    pub(super) fn send_packet(&mut self, protocol: &Connection, packet: &str) {
        // One whose close frame was sent sends no more.
        let _closing = protocol.send(Message::Text(packet), &mut self.control);
    }
}
