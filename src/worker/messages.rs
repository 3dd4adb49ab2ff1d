//! Buffers for messages that do not arrive whole, and what becomes of a large message that is sent on as it came.

use super::sharing::Sharing;
use crate::buffer::{Batch, Pool};
use crate::limits::{
    HEADER_SIZE_MAX, MESSAGE_POOL_BYTES_MAX, SHARED_MESSAGE_SIZE_MIN, SHARED_RECEIVED_SIZE_MIN,
};
use crate::protocol::{FrameHeader, Message};
use std::ops::Range;
use std::rc::Rc;

/// The message buffers of one worker.
#[derive(Debug)]
pub(crate) struct Messages {
    pool: Pool<Vec<u8>>,
    /// The message that the handler has at present, if it lies in a buffer of its own.
    assembled: Sharing,
    /// What one receive has brought, messages and all.
    received: Sharing,
    /// What handlers have sent of it, in this order.
    frames: Vec<Frame>,
    /// Whoever lent what was received last, the driver or TLS, has no memory for the next.
    has_kept_received: bool,
}

impl Messages {
    pub(super) const fn new() -> Self {
        Self {
            pool: Pool::new(POOLED_MAX, MESSAGE_POOL_BYTES_MAX),
            assembled: Sharing::new(SHARED_MESSAGE_SIZE_MIN),
            received: Sharing::new(SHARED_RECEIVED_SIZE_MIN),
            frames: Vec::new(),
            has_kept_received: false,
        }
    }

    /// An empty buffer, with capacity if there is one to use again.
    #[inline]
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.assembled.reclaim().unwrap_or_else(|| self.pool.take())
    }

    /// Takes a buffer back.
    #[inline]
    pub(super) fn give(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > 0 {
            buffer.clear();
            self.pool.give(buffer);
        }
    }

    /// The handler is about to be given this message, which lies in a buffer of its own.
    pub(super) fn present(&mut self, message: &[u8]) {
        self.assembled.present(message);
    }

    /// The handler has returned; `buffer` is the message's.
    pub(super) fn finish(&mut self, mut buffer: Vec<u8>) {
        let Some(batch) = self.assembled.end() else {
            self.give(buffer);
            return;
        };
        // Send queues count the message, not the room that it was put together in.
        if buffer.capacity() > 2 * buffer.len() {
            buffer.shrink_to_fit();
        }
        self.assembled.seal(batch, buffer);
    }

    /// Handlers are about to be given messages out of what the driver lends, or TLS.
    #[inline]
    pub(super) fn present_received(&mut self, received: &Vec<u8>) {
        let size = received.len();
        if size >= SHARED_RECEIVED_SIZE_MIN && self.received.has_room(received.capacity()) {
            self.received.present(received);
        }
    }

    /// They have returned. If something refers to what was lent, its memory is kept, and who lent it has none meanwhile.
    #[inline]
    pub(super) fn finish_received(&mut self, received: &mut Vec<u8>) {
        if let Some(batch) = self.received.end() {
            for Frame { header, range } in self.frames.drain(..) {
                let mut bytes = [0; HEADER_SIZE_MAX];
                let size = header.encode(&mut bytes);
                received[range][..size].copy_from_slice(&bytes[..size]);
            }
            self.received.seal(batch, std::mem::take(received));
            self.has_kept_received = true;
        }
    }

    /// Whether who lent what was received last has no memory for the next.
    #[inline]
    pub(super) const fn has_kept_received(&self) -> bool {
        self.has_kept_received
    }

    /// Memory for who has none, if there is some. After what refers to it was sent that is the same as before, which is still
    /// in the processor's cache.
    pub(super) fn give_back_received(&mut self) -> Option<Vec<u8>> {
        self.has_kept_received = false;
        self.received.reclaim_last().or_else(|| self.received.reclaim())
    }

    /// What a send queue may refer to instead of copying `message`, if that is of what the handler has.
    #[inline]
    pub(super) fn share(&mut self, message: Message<'_>) -> Option<Shared> {
        let payload = message.as_bytes();
        if payload.len() < SHARED_RECEIVED_SIZE_MIN {
            return None;
        }
        match self.received.find(payload) {
            Some(range) => {
                let range = self.frame(FrameHeader::new(message.opcode(), payload.len()), range)?;
                Some(Shared::Frame(self.received.share(), range))
            }
            None => {
                let range = self.assembled.find(payload)?;
                Some(Shared::Payload(self.assembled.share(), range))
            }
        }
    }

    /// Makes a frame of this part of what was received, with its header where the end of another was, which the handler is
    /// through with: nothing that a peer sends as one frame begins with less than what we need. Two frames cannot share
    /// bytes.
    fn frame(&mut self, header: FrameHeader, payload: Range<usize>) -> Option<Range<usize>> {
        let header_size = header.encode(&mut [0; HEADER_SIZE_MAX]);
        let range = payload.start.checked_sub(header_size)?..payload.end;
        let frame = Frame { header, range: range.clone() };
        match self.frames.last() {
            Some(last) if *last == frame => {}
            Some(last) if range.start < last.range.end => return None,
            _ => self.frames.push(frame),
        }
        Some(range)
    }
}

/// What is sent on without being copied.
#[derive(Debug)]
pub(super) enum Shared {
    /// A frame.
    Frame(Rc<Batch>, Range<usize>),
    /// The payload of one.
    Payload(Rc<Batch>, Range<usize>),
}

/// A frame to be made of what was received, header and all.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    header: FrameHeader,
    range: Range<usize>,
}

/// Buffers kept for the next messages.
const POOLED_MAX: usize = 64;

const _: () = assert!(SHARED_RECEIVED_SIZE_MIN <= SHARED_MESSAGE_SIZE_MIN);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Opcode, encode_frame};

    const SMALL: usize = SHARED_MESSAGE_SIZE_MIN - 1;
    const SIZE: usize = SHARED_RECEIVED_SIZE_MIN;

    #[test]
    fn a_part_of_what_the_handler_has_is_shared_and_equal_bytes_elsewhere_are_not() {
        let mut messages = Messages::new();
        let buffer = vec![7; SHARED_MESSAGE_SIZE_MIN + 1];
        messages.present(&buffer);
        assert!(
            messages.share(Message::Binary(&buffer.clone())).is_none(),
            "equal bytes elsewhere"
        );
        assert!(messages.share(Message::Binary(&buffer[2..])).is_none(), "too small a part");
        let whole = share(&mut messages, &buffer);
        let part = share(&mut messages, &buffer[1..]);
        messages.finish(buffer);
        assert_eq!([bytes(&whole).len(), bytes(&part).len()], [SMALL + 2, SMALL + 1]);
        assert!(
            messages.share(Message::Binary(bytes(&whole))).is_none(),
            "the handler has returned"
        );
        drop(part);
        assert_eq!(messages.take().capacity(), 0, "a send queue still has the buffer");
        drop(whole);
        let buffer = messages.take();
        assert!(buffer.is_empty() && buffer.capacity() > SMALL);
    }

    #[test]
    fn small_messages_are_copied() {
        let mut messages = Messages::new();
        let buffer = vec![7; SMALL];
        messages.present(&buffer);
        assert!(messages.share(Message::Binary(&buffer)).is_none());
        messages.finish(buffer);
        assert_eq!(messages.take().capacity(), SMALL);
    }

    #[test]
    fn a_buffer_that_a_slow_receiver_has_keeps_no_other_from_coming_back() {
        let mut messages = Messages::new();
        let [slow, fast] = [SMALL + 1, 2 * SMALL].map(|size| {
            let buffer = vec![7; size];
            messages.present(&buffer);
            let shared = share(&mut messages, &buffer);
            messages.finish(buffer);
            shared
        });
        drop(fast);
        let capacities = [messages.take().capacity(), messages.take().capacity()];
        assert_eq!(capacities, [0, 2 * SMALL]);
        assert_eq!(bytes(&slow).len(), SMALL + 1);
    }

    #[test]
    fn what_was_received_becomes_a_frame_where_it_lies_and_the_driver_gets_other_memory() {
        let mut messages = Messages::new();
        let mut memory = vec![0; 2 * (HEADER_SIZE_MAX + SIZE)];
        memory[HEADER_SIZE_MAX..][..SIZE].fill(1);
        memory[2 * HEADER_SIZE_MAX + SIZE..].fill(2);
        messages.present_received(&memory);
        let shared = [HEADER_SIZE_MAX, HEADER_SIZE_MAX, 2 * HEADER_SIZE_MAX + SIZE]
            .map(|start| share(&mut messages, &memory[start..][..SIZE]));
        messages.finish_received(&mut memory);
        assert_eq!(memory.capacity(), 0);
        let frames = [1, 1, 2].map(|byte| {
            let mut frame = Vec::new();
            encode_frame(Opcode::Binary, &[byte; SIZE], &mut frame);
            frame
        });
        assert_eq!(shared.each_ref().map(bytes), frames);
        drop(shared);
        memory.resize(HEADER_SIZE_MAX + SIZE, 0);
        messages.present_received(&memory);
        let _next = share(&mut messages, &memory[HEADER_SIZE_MAX..]);
        messages.finish_received(&mut memory);
        assert!(messages.give_back_received().is_some_and(|it| it.capacity() > 2 * SIZE), "sent");
        assert_eq!(messages.give_back_received(), None, "the driver has some");
    }

    #[test]
    fn what_would_lie_on_another_frame_or_has_no_room_for_its_header_is_copied() {
        let mut messages = Messages::new();
        let mut memory = vec![7; 5 * SIZE];
        messages.present_received(&memory);
        assert!(messages.share(Message::Binary(&memory[..SIZE])).is_none(), "no room");
        let kept = share(&mut messages, &memory[SIZE..3 * SIZE]);
        for range in [SIZE + 1..3 * SIZE, 2..SIZE + 2, SIZE..3 * SIZE - 1, 3 * SIZE..4 * SIZE] {
            assert!(
                messages.share(Message::Binary(&memory[range])).is_none(),
                "on the first frame"
            );
        }
        let text = std::str::from_utf8(&memory[SIZE..3 * SIZE]).expect("bells");
        assert!(messages.share(Message::Text(text)).is_none(), "another header");
        let after = share(&mut messages, &memory[3 * SIZE - 1 + HEADER_SIZE_MAX..]);
        messages.finish_received(&mut memory);
        assert!(bytes(&kept)[4..] == [7; 2 * SIZE] && bytes(&after)[4..].iter().all(|&it| it == 7));
    }

    #[test]
    fn the_driver_gets_what_was_shared_last_if_that_was_sent_and_else_what_was_before() {
        let mut messages = Messages::new();
        let [first, second] = [2 * SIZE, 3 * SIZE].map(|size| {
            let mut memory = vec![7; size];
            messages.present_received(&memory);
            let shared = share(&mut messages, &memory[HEADER_SIZE_MAX..]);
            messages.finish_received(&mut memory);
            shared
        });
        drop(first);
        assert_eq!(messages.give_back_received().map(|memory| memory.capacity()), Some(2 * SIZE));
        drop(second);
        let mut memory = vec![7; 2 * SIZE];
        messages.present_received(&memory);
        drop(share(&mut messages, &memory[HEADER_SIZE_MAX..]));
        messages.finish_received(&mut memory);
        assert_eq!(messages.give_back_received().map(|memory| memory.capacity()), Some(2 * SIZE));
    }

    #[test]
    fn while_too_many_wait_for_slow_receivers_what_is_received_is_copied() {
        let mut messages = Messages::new();
        let receive = |messages: &mut Messages| {
            let mut memory = vec![7; HEADER_SIZE_MAX + SIZE];
            messages.present_received(&memory);
            let shared = messages.share(Message::Binary(&memory[HEADER_SIZE_MAX..]));
            messages.finish_received(&mut memory);
            shared
        };
        let mut slow: Vec<_> = std::iter::from_fn(|| receive(&mut messages)).collect();
        let most = slow.len();
        assert!(most > 1);
        slow.remove(most / 2);
        let again: Vec<_> = (0..3 * most).filter_map(|_| receive(&mut messages)).collect();
        assert_eq!(again.len(), 1, "for the one that came back");
    }

    #[test]
    fn so_it_is_while_they_wait_with_too_much_memory() {
        let mut messages = Messages::new();
        let slow: Vec<_> = std::iter::from_fn(|| {
            let mut memory = Vec::with_capacity(MESSAGE_POOL_BYTES_MAX / 3);
            memory.resize(HEADER_SIZE_MAX + SIZE, 7);
            messages.present_received(&memory);
            let shared = messages.share(Message::Binary(&memory[HEADER_SIZE_MAX..]));
            messages.finish_received(&mut memory);
            shared
        })
        .collect();
        assert_eq!(slow.len(), 3);
    }

    fn share(messages: &mut Messages, bytes: &[u8]) -> Shared {
        messages.share(Message::Binary(bytes)).expect("it is what the handler has")
    }

    fn bytes(shared: &Shared) -> &[u8] {
        let (Shared::Frame(batch, range) | Shared::Payload(batch, range)) = shared;
        &batch.bytes()[range.clone()]
    }
}
