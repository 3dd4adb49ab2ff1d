//! Queuing messages for one connection, in the frames that it takes.

use super::core::Core;
use super::messages::Shared;
use super::phases::Phase;
use crate::config::WhenFull;
use crate::handler::{Accepted, Handler, SendRefused};
use crate::limits::{HEADER_SIZE_MAX, SMALL_PAYLOAD_SIZE_MAX};
use crate::protocol::{CloseCode, Message, Prepared, encode_frame, encode_header, small_header};

impl<H: Handler> Core<H> {
    /// Queues a message, and says how much waits.
    // It is part of whoever calls it: as a call of its own, with another for the frame, it costs a small message one in twenty of
    // its instructions, and one in seven where many are in a read.
    #[inline(always)]
    pub(crate) fn send(
        &mut self,
        slot: u32,
        message: Message<'_>,
    ) -> Result<Accepted, SendRefused> {
        let payload = message.as_bytes();
        let size = payload.len() + HEADER_SIZE_MAX;
        if payload.len() <= SMALL_PAYLOAD_SIZE_MAX
            && !self.topics.is_dirty()
            && let Some(queue) = self.connections.plain_queue(slot)
            && queue.bytes() + size <= self.config.send_queue_bytes_max
        {
            self.asked_bytes += size;
            queue.append_both(small_header(message.opcode(), payload.len()), payload);
            let backlog = queue.bytes();
            debug_assert_eq!(backlog, self.connections.backlog(slot), "nothing else has not left");
            return Ok(Accepted { backlog });
        }
        self.send_by_all_rules(slot, message)
    }

    /// The same, whatever the connection, the message and what is queued are.
    #[inline(never)]
    fn send_by_all_rules(
        &mut self,
        slot: u32,
        message: Message<'_>,
    ) -> Result<Accepted, SendRefused> {
        let has_own_coding = self.connections[slot].has_own_coding();
        let backlog = self.make_room(slot, message.as_bytes().len() + HEADER_SIZE_MAX)?;
        if has_own_coding {
            return Ok(self.send_in_own_coding(slot, message, true));
        }
        Ok(self.send_plain(slot, message, backlog))
    }

    /// As [`Core::send`], but never compressed.
    pub(crate) fn send_uncompressed(
        &mut self,
        slot: u32,
        message: Message<'_>,
    ) -> Result<Accepted, SendRefused> {
        let backlog = self.make_room(slot, message.as_bytes().len() + HEADER_SIZE_MAX)?;
        if self.connections[slot].has_frames_of_own() {
            return Ok(self.send_in_own_coding(slot, message, false));
        }
        Ok(self.send_plain(slot, message, backlog))
    }

    #[inline]
    fn send_plain(&mut self, slot: u32, message: Message<'_>, backlog: usize) -> Accepted {
        let payload = message.as_bytes();
        let queue = self.connections.outgoing(slot);
        let before = queue.bytes();
        match self.messages.share(message) {
            Some(Shared::Frame(batch, range)) => queue.push_shared(&batch, range),
            Some(Shared::Payload(batch, range)) => {
                queue.append(|output| encode_header(message.opcode(), payload.len(), output));
                queue.push_shared(&batch, range);
            }
            None => queue.append(|output| encode_frame(message.opcode(), payload, output)),
        }
        Accepted { backlog: backlog + queue.bytes() - before }
    }

    pub(crate) fn send_prepared(
        &mut self,
        slot: u32,
        message: &Prepared,
    ) -> Result<Accepted, SendRefused> {
        self.make_room(slot, message.as_frame().len())?;
        let connection = &self.connections[slot];
        if connection.has_own_coding()
            && (message.is_compressible() || connection.has_frames_of_own())
        {
            let is_compressible = message.is_compressible();
            return Ok(self.send_in_own_coding(slot, message.as_message(), is_compressible));
        }
        let queue = self.connections.outgoing(slot);
        queue.append(|output| output.extend_from_slice(message.as_frame()));
        Ok(Accepted { backlog: self.connections.backlog(slot) })
    }

    /// Queues a message for a connection that does not take the frames that others take.
    fn send_in_own_coding(
        &mut self,
        slot: u32,
        message: Message<'_>,
        is_compressible: bool,
    ) -> Accepted {
        let (phase, queue) = self.connections.with_queue(slot);
        let compression = &mut self.compression;
        queue.append(|output| match phase {
            Phase::Open(open) => {
                let sent = compression.send(&mut open.protocol, message, is_compressible, output);
                sent.expect("it is open, as making room has found");
            }
            Phase::Streaming(stream) => stream.encode(message.as_bytes(), output),
            _ => unreachable!("nothing else can be sent to, as making room has found"),
        });
        Accepted { backlog: self.connections.backlog(slot) }
    }

    /// Checks that `size` bytes may be queued, behind what was published to the connection so far, and says how many there
    /// are.
    // Each message sent comes by here; as a call of its own it costs one in twenty of a small echo's instructions.
    #[inline(always)]
    fn make_room(&mut self, slot: u32, size: usize) -> Result<usize, SendRefused> {
        if !self.connections[slot].is_sendable() {
            return Err(SendRefused::Closed);
        }
        self.asked_bytes += size;
        let backlog = self.connections.backlog(slot);
        if backlog > 0 && backlog + size > self.config.send_queue_bytes_max {
            self.want_drain(slot);
            if self.config.when_full == WhenFull::Close {
                let reason = "too much waits to be sent: read faster";
                let _already_closing = self.close(slot, CloseCode::TRY_AGAIN_LATER, reason);
            }
            return Err(SendRefused::Full);
        }
        if self.topics.is_dirty() {
            self.topics.catch_up(&mut self.connections, slot);
            return Ok(self.connections.backlog(slot));
        }
        Ok(backlog)
    }
}
