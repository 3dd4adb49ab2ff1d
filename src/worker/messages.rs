//! Buffers for messages that do not arrive whole.
//!
//! While a handler is given a large message, a send queue that is to carry the same bytes on shares the message's buffer
//! instead of copying it: an echo, or a relay, of a megabyte moves no byte of it.

use crate::buffer::{Batch, Pool};
use crate::limits::{MESSAGE_POOL_BYTES_MAX, SHARED_MESSAGE_SIZE_MIN};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;

/// The message buffers of one worker.
#[derive(Debug)]
pub(crate) struct Messages {
    pool: Pool<Vec<u8>>,
    /// The message that the handler has at present, if its buffer can be shared; to be compared with, never read.
    present: Option<*const [u8]>,
    /// What stands for the present message in send queues. It is sealed when the handler has returned.
    shared: Option<Rc<Batch>>,
    /// Buffers that send queues share; they come back when the last one has sent them.
    lent: VecDeque<Rc<Batch>>,
    lent_bytes: usize,
    /// Batches that have come back and were emptied, for the next messages that are shared.
    empty: Vec<Rc<Batch>>,
}

impl Messages {
    pub(super) const fn new() -> Self {
        Self {
            pool: Pool::new(POOLED_MAX, MESSAGE_POOL_BYTES_MAX, Vec::capacity),
            present: None,
            shared: None,
            lent: VecDeque::new(),
            lent_bytes: 0,
            empty: Vec::new(),
        }
    }

    /// An empty buffer, with capacity if there is one to use again.
    #[inline]
    pub(super) fn take(&mut self) -> Vec<u8> {
        if let Some(mut oldest) = self.lent.pop_front() {
            if let Some(buffer) = Batch::reclaim(&mut oldest) {
                self.lent_bytes -= buffer.capacity();
                self.empty.push(oldest);
                return buffer;
            }
            // A slow receiver still has it, which must not keep the others from coming back.
            self.lent.push_back(oldest);
        }
        self.pool.take()
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
        self.present = (message.len() >= SHARED_MESSAGE_SIZE_MIN).then_some(ptr::from_ref(message));
    }

    /// What a send queue may refer to instead of copying `bytes`, if they are the message that the handler has.
    #[inline]
    pub(super) fn share(&mut self, bytes: &[u8]) -> Option<Rc<Batch>> {
        let present = self.present?;
        let empty = &mut self.empty;
        ptr::eq(present, bytes).then(|| {
            let batch = || empty.pop().unwrap_or_default();
            Rc::clone(self.shared.get_or_insert_with(batch))
        })
    }

    /// The handler has returned; `buffer` is the message's.
    pub(super) fn finish(&mut self, mut buffer: Vec<u8>) {
        self.present = None;
        let Some(batch) = self.shared.take() else {
            self.give(buffer);
            return;
        };
        // Send queues count the message, not the room that it was put together in.
        if buffer.capacity() > 2 * buffer.len() {
            buffer.shrink_to_fit();
        }
        let size = buffer.capacity();
        batch.seal(buffer);
        // One that is not watched is freed, not kept, when the last send queue has sent it.
        if self.lent.len() < LENT_MAX && self.lent_bytes + size <= MESSAGE_POOL_BYTES_MAX {
            self.lent_bytes += size;
            self.lent.push_back(batch);
        }
    }
}

/// Buffers kept for the next messages.
const POOLED_MAX: usize = 64;

/// Shared buffers that are watched for their return.
const LENT_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_bytes_that_the_handler_has_are_shared() {
        let mut messages = Messages::new();
        let buffer = vec![7; SHARED_MESSAGE_SIZE_MIN];
        messages.present(&buffer);
        assert!(messages.share(&buffer.clone()).is_none(), "equal bytes elsewhere");
        assert!(messages.share(&buffer[1..]).is_none(), "a part of them");
        let shared = messages.share(&buffer).expect("the message itself");
        messages.finish(buffer);
        assert_eq!(shared.bytes().len(), SHARED_MESSAGE_SIZE_MIN);
        assert!(messages.share(shared.bytes()).is_none(), "the handler has returned");
        assert_eq!(messages.take().capacity(), 0, "a send queue still has the buffer");
        drop(shared);
        let buffer = messages.take();
        assert!(buffer.is_empty() && buffer.capacity() >= SHARED_MESSAGE_SIZE_MIN);
    }

    #[test]
    fn small_messages_are_copied() {
        let mut messages = Messages::new();
        let buffer = vec![7; SHARED_MESSAGE_SIZE_MIN - 1];
        messages.present(&buffer);
        assert!(messages.share(&buffer).is_none());
        messages.finish(buffer);
        assert_eq!(messages.take().capacity(), SHARED_MESSAGE_SIZE_MIN - 1);
    }

    #[test]
    fn a_buffer_that_a_slow_receiver_has_keeps_no_other_from_coming_back() {
        let mut messages = Messages::new();
        let [slow, fast] = [SHARED_MESSAGE_SIZE_MIN, 2 * SHARED_MESSAGE_SIZE_MIN].map(|size| {
            let buffer = vec![7; size];
            messages.present(&buffer);
            let shared = messages.share(&buffer).expect("the message itself");
            messages.finish(buffer);
            shared
        });
        drop(fast);
        let capacities = [messages.take().capacity(), messages.take().capacity()];
        assert_eq!(capacities, [0, 2 * SHARED_MESSAGE_SIZE_MIN]);
        assert_eq!(slow.bytes().len(), SHARED_MESSAGE_SIZE_MIN);
    }
}
