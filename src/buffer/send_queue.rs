//! What a connection still has to send: its own bytes and ranges of shared ones, in order.

use super::batch::Batch;
use std::collections::VecDeque;
use std::io::IoSlice;
use std::mem;
use std::ops::Range;
use std::rc::Rc;

/// Bytes on their way out. Appending merges with the end of the queue where it can, so that what is queued in one tick
/// leaves in few pieces.
#[derive(Debug, Default)]
pub struct SendQueue {
    /// What goes before `tail`. Its first piece is here and not in `rest`: who subscribes seldom has a second one, and finds
    /// it without another look into memory.
    first: Option<Chunk>,
    /// Empty while there is no first one.
    rest: VecDeque<Chunk>,
    /// The connection's own bytes at the end of the queue. Its memory stays when they have left.
    tail: Vec<u8>,
    /// Bytes of the first piece that have left.
    sent: usize,
    bytes: usize,
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

    /// Whether the queue holds nothing that has not left.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Memory that the queue holds for later, once it is empty.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.tail.capacity() + self.rest.capacity() * size_of::<Chunk>()
    }

    /// Lets `write` append bytes of this connection's own.
    #[inline]
    pub fn append<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        if self.tail.len() >= OWN_CHUNK_SIZE {
            self.close_tail();
        }
        let before = self.tail.len();
        let result = write(&mut self.tail);
        self.bytes += self.tail.len() - before;
        result
    }

    /// Appends a head and what follows it, without a call: for what is small, and often.
    #[inline(always)]
    pub(crate) fn append_both(&mut self, head: [u8; 2], rest: &[u8]) {
        if self.tail.len() >= OWN_CHUNK_SIZE {
            self.close_tail();
        }
        self.tail.extend_from_slice(&head);
        self.tail.extend_from_slice(rest);
        self.bytes += head.len() + rest.len();
    }

    /// Appends a range of shared bytes: a reference and two offsets, whatever their size.
    #[inline]
    pub fn push_shared(&mut self, batch: &Rc<Batch>, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.bytes += range.len();
        if !self.tail.is_empty() {
            self.close_tail();
        } else if let Some(Chunk::Shared { batch: last, range: last_range }) =
            self.rest.back_mut().or(self.first.as_mut())
            && Rc::ptr_eq(last, batch)
            && last_range.end == range.start
        {
            last_range.end = range.end;
            return;
        }
        self.push(Chunk::Shared { batch: Rc::clone(batch), range });
    }

    #[inline]
    fn push(&mut self, chunk: Chunk) {
        match &self.first {
            None => self.first = Some(chunk),
            Some(_) => self.rest.push_back(chunk),
        }
    }

    /// Appends everything that another queue holds, of which nothing has left yet: what was queued while this one was
    /// in flight.
    pub fn push_queue(&mut self, behind: Self) {
        debug_assert_eq!(behind.sent, 0, "nothing of it has left");
        self.bytes += behind.bytes;
        if behind.is_empty() {
            return;
        }
        self.close_tail();
        behind.first.into_iter().chain(behind.rest).for_each(|chunk| self.push(chunk));
        self.tail = behind.tail;
    }

    /// Fills `slices` with what leaves next, and says how many it set. Every batch is sealed by now.
    #[inline]
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut skip = self.sent;
        let mut count = 0;
        let mut slices = slices.iter_mut();
        for (chunk, slice) in self.first.iter().chain(&self.rest).zip(slices.by_ref()) {
            *slice = IoSlice::new(&chunk.bytes()[skip..]);
            skip = 0;
            count += 1;
        }
        let has_all = count == usize::from(self.first.is_some()) + self.rest.len();
        if has_all
            && !self.tail.is_empty()
            && let Some(slice) = slices.next()
        {
            *slice = IoSlice::new(&self.tail[skip..]);
            count += 1;
        }
        count
    }

    /// In how many pieces it lies: so many slices have all of it.
    #[inline]
    #[must_use]
    pub fn pieces(&self) -> usize {
        let last = usize::from(!self.tail.is_empty());
        usize::from(self.first.is_some()) + self.rest.len() + last
    }

    /// Everything that has not left, if it is in one piece.
    #[inline]
    pub fn as_one_slice(&self) -> Option<&[u8]> {
        let is_one = self.first.is_none() || self.rest.is_empty() && self.tail.is_empty();
        is_one.then(|| self.front())
    }

    /// The first piece of what has not left.
    #[inline]
    pub(crate) fn front(&self) -> &[u8] {
        let front = self.first.as_ref().map_or(&*self.tail, Chunk::bytes);
        &front[self.sent..]
    }

    /// Takes off the first `size` bytes: they have left.
    #[inline]
    pub fn advance(&mut self, size: usize) {
        debug_assert!(size <= self.bytes, "no more can have left than there was");
        if self.first.is_some() || size < self.bytes {
            return self.advance_by_pieces(size);
        }
        // All of it, and nothing of it was shared.
        self.bytes = 0;
        self.sent = 0;
        self.empty_tail();
    }

    fn advance_by_pieces(&mut self, size: usize) {
        self.bytes -= size;
        self.sent += size;
        while let Some(first) = &self.first
            && first.size() <= self.sent
        {
            self.sent -= first.size();
            let gone = mem::replace(&mut self.first, self.rest.pop_front());
            if let Some(Chunk::Own(memory)) = gone {
                self.keep(memory);
            }
        }
        if self.bytes == 0 {
            // It begins anew in its first place: else one that was long once would go on through all of its memory.
            self.rest.clear();
            self.sent = 0;
            self.empty_tail();
        }
    }

    /// Forgets everything that has not left.
    pub fn clear(&mut self) {
        self.first = None;
        self.rest.clear();
        self.empty_tail();
        self.sent = 0;
        self.bytes = 0;
    }

    /// Makes the tail a chunk that something can follow.
    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            let memory = mem::take(&mut self.tail);
            self.push(Chunk::Own(memory));
        }
    }

    #[inline]
    fn empty_tail(&mut self) {
        if self.tail.capacity() <= SPARE_SIZE_MAX {
            self.tail.clear();
        } else {
            self.tail = Vec::new();
        }
    }

    /// Keeps the memory for a next tail, if there is none.
    fn keep(&mut self, mut memory: Vec<u8>) {
        if memory.capacity() <= SPARE_SIZE_MAX && self.tail.capacity() == 0 {
            memory.clear();
            self.tail = memory;
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
        let one = if count == 1 { Some(&*slices[0]) } else { None };
        assert_eq!(queue.as_one_slice().filter(|all| !all.is_empty()), one);
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
        let count = queue.slices(&mut [IoSlice::new(&[]); 8]);
        assert_eq!(count, 3, "adjacent ranges are one");
        for left in (0..13).rev() {
            queue.advance(1);
            assert_eq!(queued(&queue), b"one two three"[13 - left..].to_vec());
        }
        assert!(queue.is_empty() && queue.first.is_none() && queue.rest.is_empty());
    }

    #[test]
    fn a_write_that_appends_nothing_leaves_nothing() {
        let mut queue = SendQueue::default();
        queue.append(|_| ());
        assert!(queue.is_empty() && queue.first.is_none() && queue.rest.is_empty());
    }

    #[test]
    fn what_is_published_is_held_without_memory_of_the_queues_own() {
        let batch = Rc::new(Batch::default());
        batch.seal(b"published".to_vec());
        let mut queue = SendQueue::default();
        for _ in 0..10 {
            queue.push_shared(&batch, 0..9);
            queue.advance(9);
        }
        assert_eq!(queue.capacity(), 0);
    }

    #[test]
    fn a_queue_that_comes_back_goes_before_what_was_queued_meanwhile() {
        let mut queue = SendQueue::default();
        queue.append(|out| out.extend_from_slice(b"in flight"));
        let mut in_flight = mem::take(&mut queue);
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
