//! What a connection still has to send: its own bytes and ranges of shared ones, in order.

use super::batch::Batch;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;
use std::rc::Rc;

/// Bytes on their way out. Appending merges with the end of the queue where it can, so that what is queued in one tick
/// leaves in few pieces.
#[derive(Debug, Default)]
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    /// Bytes of the first chunk that have left.
    sent: usize,
    bytes: usize,
    /// The memory of an own chunk that left, for the next one.
    spare: Vec<u8>,
}

#[derive(Debug)]
enum Chunk {
    Own(Vec<u8>),
    Shared { batch: Rc<Batch>, range: Range<usize> },
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared { batch, range } => &batch.bytes()[range.clone()],
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Own(bytes) => bytes.len(),
            Self::Shared { range, .. } => range.len(),
        }
    }
}

impl SendQueue {
    /// Bytes that have not left yet.
    #[inline]
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether everything has left.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Memory that the queue holds for later; shared bytes do not count.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.spare.capacity() + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// Lets `write` append bytes of this connection's own.
    #[inline]
    pub fn append<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let is_mergeable = matches!(
            self.chunks.back(), Some(Chunk::Own(bytes)) if bytes.len() < OWN_CHUNK_SIZE);
        if !is_mergeable {
            let memory = std::mem::take(&mut self.spare);
            self.chunks.push_back(Chunk::Own(memory));
        }
        let Some(Chunk::Own(bytes)) = self.chunks.back_mut() else {
            unreachable!("the last chunk is the connection's own");
        };
        let before = bytes.len();
        let result = write(bytes);
        self.bytes += bytes.len() - before;
        if bytes.is_empty() {
            self.chunks.pop_back();
        }
        result
    }

    /// Appends a range of shared bytes: a reference and two offsets, whatever their size.
    #[inline]
    pub fn push_shared(&mut self, batch: &Rc<Batch>, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.bytes += range.len();
        if let Some(Chunk::Shared { batch: last, range: last_range }) = self.chunks.back_mut()
            && Rc::ptr_eq(last, batch)
            && last_range.end == range.start
        {
            last_range.end = range.end;
            return;
        }
        self.chunks.push_back(Chunk::Shared { batch: Rc::clone(batch), range });
    }

    /// Appends everything that another queue holds, of which nothing has left yet: what was queued while this one was
    /// in flight.
    pub fn push_queue(&mut self, mut behind: Self) {
        debug_assert_eq!(behind.sent, 0, "nothing of it has left");
        self.bytes += behind.bytes;
        self.chunks.append(&mut behind.chunks);
        self.keep(behind.spare);
    }

    /// Fills `slices` with what leaves next, and says how many it set. Every batch is sealed by now.
    #[inline]
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut skip = self.sent;
        let mut count = 0;
        for (slice, chunk) in slices.iter_mut().zip(&self.chunks) {
            *slice = IoSlice::new(&chunk.bytes()[skip..]);
            skip = 0;
            count += 1;
        }
        count
    }

    /// Takes off the first `size` bytes: they have left.
    #[inline]
    pub fn advance(&mut self, size: usize) {
        self.bytes -= size;
        self.sent += size;
        while let Some(first) = self.chunks.front()
            && first.size() <= self.sent
        {
            self.sent -= first.size();
            if let Some(Chunk::Own(memory)) = self.chunks.pop_front() {
                self.keep(memory);
            }
        }
    }

    /// Forgets everything that has not left.
    pub fn clear(&mut self) {
        self.chunks.clear();
        self.sent = 0;
        self.bytes = 0;
    }

    fn keep(&mut self, mut memory: Vec<u8>) {
        if memory.capacity() <= SPARE_SIZE_MAX && memory.capacity() > self.spare.capacity() {
            memory.clear();
            self.spare = memory;
        }
    }
}

/// An own chunk this long is not appended to any more: growing it further would copy more than a chunk costs.
const OWN_CHUNK_SIZE: usize = 64 * 1024;

/// A larger chunk's memory is freed when it has left, not kept.
const SPARE_SIZE_MAX: usize = 2 * OWN_CHUNK_SIZE;

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(queue: &SendQueue) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 8];
        let count = queue.slices(&mut slices);
        slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect()
    }

    #[test]
    fn own_and_shared_bytes_leave_in_the_order_they_came() {
        let batch = Rc::new(Batch::default());
        let mut queue = SendQueue::default();
        queue.append(|out| out.extend_from_slice(b"one "));
        queue.push_shared(&batch, 0..3);
        queue.push_shared(&batch, 3..4);
        queue.append(|out| out.extend_from_slice(b"three"));
        queue.push_shared(&batch, 2..2);
        batch.seal(b"two ".to_vec());
        assert_eq!((queue.bytes(), queued(&queue)), (13, b"one two three".to_vec()));
        assert_eq!(queue.chunks.len(), 3, "adjacent ranges are one");
        for left in (0..13).rev() {
            queue.advance(1);
            assert_eq!(queued(&queue), b"one two three"[13 - left..].to_vec());
        }
        assert!(queue.is_empty() && queue.chunks.is_empty());
    }

    #[test]
    fn a_write_that_appends_nothing_leaves_nothing() {
        let mut queue = SendQueue::default();
        queue.append(|_| ());
        assert!(queue.is_empty() && queue.chunks.is_empty());
    }

    #[test]
    fn a_queue_that_comes_back_goes_before_what_was_queued_meanwhile() {
        let mut queue = SendQueue::default();
        queue.append(|out| out.extend_from_slice(b"in flight"));
        let mut in_flight = std::mem::take(&mut queue);
        queue.append(|out| out.extend_from_slice(b", meanwhile"));
        in_flight.advance(3);
        in_flight.push_queue(queue);
        assert_eq!((in_flight.bytes(), queued(&in_flight)), (17, b"flight, meanwhile".to_vec()));
    }

    #[test]
    fn the_memory_of_small_chunks_is_kept_and_that_of_large_ones_is_not() {
        let mut queue = SendQueue::default();
        queue.append(|out| out.resize(100, 1));
        queue.advance(100);
        assert!(queue.capacity() >= 100);
        let mut queue = SendQueue::default();
        queue.append(|out| out.resize(SPARE_SIZE_MAX + 1, 1));
        queue.advance(SPARE_SIZE_MAX + 1);
        assert!(queue.capacity() < SPARE_SIZE_MAX);
    }

    #[test]
    fn clearing_drops_what_was_queued() {
        let mut queue = SendQueue::default();
        queue.append(|out| out.extend_from_slice(b"abc"));
        queue.advance(1);
        queue.clear();
        queue.append(|out| out.extend_from_slice(b"xyz"));
        assert_eq!(queued(&queue), b"xyz");
    }
}
