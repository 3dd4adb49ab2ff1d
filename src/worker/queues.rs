//! The send queues that connections borrow, and what of theirs has not left.

use super::connections::{Connection, Connections};
use super::flags::Flags;
use super::phases::Phase;
use crate::buffer::SendQueue;
use crate::limits::DRAINED_BYTES;
use std::mem::ManuallyDrop;

impl<S> Connections<S> {
    /// Bytes that have not left, those included that the driver has taken along.
    #[inline]
    pub(crate) fn backlog(&self, slot: u32) -> usize {
        let connection = &self[slot];
        let in_flight = match connection.flags.has(Flags::IN_FLIGHT) {
            true => self.in_flight[slot as usize] as usize,
            false => 0,
        };
        in_flight + connection.queued()
    }

    /// Whether more than `bytes` were left over by a flush: bytes that were only queued in this tick are not late.
    #[inline]
    pub(crate) fn is_lagging(&self, slot: u32, bytes: usize) -> bool {
        self[slot].flags.has(Flags::LATE) && self.backlog(slot) > bytes
    }

    /// Has the handler of a connection hear when little waits again, if a flush has left much over. What the driver has taken
    /// along is left over if it is still there after the next poll: most of it leaves with that.
    pub(crate) fn note_left_over(&mut self, slot: u32) {
        if self.backlog(slot) <= DRAINED_BYTES {
            return;
        }
        // Behind what is in flight there is something with TLS, whose driver takes one batch of records along.
        let connection = &mut self[slot];
        let is_sure = connection.flags.has(Flags::BLOCKED) || connection.queued() > DRAINED_BYTES;
        if is_sure {
            connection.flags.set(Flags::WANTS_DRAIN, true);
        } else if !connection.flags.has(Flags::WANTS_DRAIN) {
            debug_assert!(connection.flags.has(Flags::IN_FLIGHT), "nothing else is late");
            self.much_in_flight.push((slot, self.polls));
        }
    }

    /// The same for much that was taken along before the last poll and has not left with it.
    #[inline]
    pub(crate) fn note_still_in_flight(&mut self) {
        if !self.much_in_flight.is_empty() {
            self.note_much_still_in_flight();
        }
    }

    #[inline(never)]
    fn note_much_still_in_flight(&mut self) {
        let mut much = std::mem::take(&mut self.much_in_flight);
        much.retain(|&(slot, since)| {
            if since == self.polls {
                return true;
            }
            // It may be nobody's by now, or another's, who hears once too often. What went in flight since may leave yet.
            let is_there = self.slots.contains(slot as usize);
            if is_there
                && self.in_flight_since[slot as usize] == since
                && self.is_lagging(slot, DRAINED_BYTES)
            {
                self[slot].flags.set(Flags::WANTS_DRAIN, true);
            }
            false
        });
        self.much_in_flight = much;
    }

    /// Notes that the driver has taken so many bytes along.
    #[inline]
    pub(crate) fn note_in_flight(&mut self, slot: u32, bytes: usize) {
        let slots = self.slots.capacity();
        if self.in_flight.len() <= slot as usize {
            self.in_flight.reserve_exact(slots - self.in_flight.len());
            self.in_flight.resize(slots, 0);
            self.in_flight_since.reserve_exact(slots - self.in_flight_since.len());
            self.in_flight_since.resize(slots, 0);
        }
        self.in_flight[slot as usize] = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.in_flight_since[slot as usize] = self.polls;
        self[slot].flags.set(Flags::IN_FLIGHT, true);
    }

    /// The connection, with a send queue borrowed from the pool if it had none; it will be flushed.
    #[inline(always)]
    pub(crate) fn with_queue(&mut self, slot: u32) -> (&mut Phase<S>, &mut SendQueue) {
        let Connection { phase, queue, is_dirty, .. } = &mut self.slots[slot as usize];
        // As `mark_dirty` does, without another look at the connection.
        if !std::mem::replace(is_dirty, true) {
            self.dirty.push(slot);
        }
        (phase, queue.get_or_insert_with(|| self.queues.take()))
    }

    /// The send queue of a connection with which there is nothing: it takes frames as they are, and what is queued is all that
    /// has not left. Borrowed likewise.
    #[inline(always)]
    pub(crate) fn plain_queue(&mut self, slot: u32) -> Option<&mut SendQueue> {
        let connection = &mut self.slots[slot as usize];
        if !connection.takes_plain_frames() {
            return None;
        }
        let Connection { queue, is_dirty, .. } = connection;
        if !std::mem::replace(is_dirty, true) {
            self.dirty.push(slot);
        }
        if queue.is_none() {
            // It is known to be none: to look again whether there is something to drop would be a call.
            let _none = ManuallyDrop::new(queue.replace(self.queues.take()));
        }
        queue.as_deref_mut()
    }

    /// The connection's send queue, borrowed likewise, for a caller who sees to it that what it gets is sent.
    #[inline]
    pub(crate) fn unlisted_queue(&mut self, slot: u32) -> &mut SendQueue {
        let queue = &mut self.slots[slot as usize].queue;
        queue.get_or_insert_with(|| self.queues.take())
    }

    /// The connection's send queue, as [`Connections::with_queue`] makes it.
    #[inline(always)]
    pub(crate) fn outgoing(&mut self, slot: u32) -> &mut SendQueue {
        self.with_queue(slot).1
    }

    /// Gives an empty queue back to the pool.
    #[inline]
    pub(crate) fn release_queue(&mut self, slot: u32) {
        if let Some(queue) = self.slots[slot as usize].queue.take_if(|queue| queue.is_empty()) {
            self.queues.give(queue);
        }
    }

    /// Gives a queue back to the pool, and forgets what it holds.
    pub(super) fn give_queue(&mut self, mut queue: Box<SendQueue>) {
        queue.clear();
        self.queues.give(queue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::clock::Ticks;

    /// Its slot is noted again before what was noted of it in the tick before is looked at.
    #[test]
    fn a_connection_that_is_sent_much_in_every_tick_is_noted_once() {
        let mut connections = Connections::<()>::new();
        let slot = connections.insert(Phase::Ending, Ticks::default()).slot;
        for _ in 0..1000 {
            connections.polls = connections.polls.wrapping_add(1);
            connections[slot].flags.set(Flags::IN_FLIGHT, false);
            connections.note_in_flight(slot, DRAINED_BYTES + 1);
            connections.note_left_over(slot);
            connections.note_still_in_flight();
            assert_eq!(connections.much_in_flight.len(), 1);
            assert!(!connections[slot].flags.has(Flags::WANTS_DRAIN), "it has left each time");
        }
        connections.polls = connections.polls.wrapping_add(1);
        connections.note_still_in_flight();
        assert!(connections.much_in_flight.is_empty());
        assert!(connections[slot].flags.has(Flags::WANTS_DRAIN), "this time it has not");
    }
}
