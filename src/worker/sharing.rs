//! Memory that a handler has in its hands, and that send queues share instead of copying it.
//!
//! While a handler is given a large message, a send queue that is to carry the same bytes on notes where they lie: an echo,
//! or a relay, moves none of them. When the handler has returned, the memory becomes a batch, which comes back when the last
//! queue has sent it.

use crate::buffer::Batch;
use crate::limits::MESSAGE_POOL_BYTES_MAX;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

/// Memory of one kind that is shared.
#[derive(Debug)]
pub(super) struct Sharing {
    /// Fewer bytes are not worth it.
    size_min: usize,
    /// The addresses of what the handler has at present; to be compared with, never read.
    present: Option<Range<usize>>,
    /// What stands for that in send queues. It is sealed when the handler has returned.
    shared: Option<Rc<Batch>>,
    /// What send queues share; it comes back when the last one has sent it.
    lent: VecDeque<Rc<Batch>>,
    lent_bytes: usize,
    /// What has come back to make room.
    spare: Option<Vec<u8>>,
    /// Batches that have come back and were emptied, for what is shared next.
    empty: Vec<Rc<Batch>>,
}

impl Sharing {
    pub(super) const fn new(size_min: usize) -> Self {
        Self {
            size_min,
            present: None,
            shared: None,
            lent: VecDeque::new(),
            lent_bytes: 0,
            spare: None,
            empty: Vec::new(),
        }
    }

    /// The handler is about to be given these bytes, or some of them.
    #[inline]
    pub(super) fn present(&mut self, bytes: &[u8]) {
        self.present = (bytes.len() >= self.size_min).then(|| addresses(bytes));
    }

    /// Where `bytes` lie, if they are of what the handler has.
    #[inline]
    pub(super) fn find(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let present = self.present.as_ref()?;
        let of = addresses(bytes);
        let is_of_it = of.start >= present.start && of.end <= present.end;
        let range = || of.start - present.start..of.end - present.start;
        (bytes.len() >= self.size_min && is_of_it).then(range)
    }

    /// What stands for what the handler has, for a send queue to refer to.
    #[inline]
    pub(super) fn share(&mut self) -> Rc<Batch> {
        let empty = &mut self.empty;
        Rc::clone(self.shared.get_or_insert_with(|| empty.pop().unwrap_or_default()))
    }

    /// The handler has returned. What stands for what it had, if it is referred to: seal that before anything is sent.
    #[inline]
    pub(super) fn end(&mut self) -> Option<Rc<Batch>> {
        self.present = None;
        self.shared.take()
    }

    /// `buffer` is what `batch` stands for.
    pub(super) fn seal(&mut self, batch: Rc<Batch>, buffer: Vec<u8>) {
        let size = buffer.capacity();
        batch.seal(buffer);
        // What is not watched is freed, not used again, when the last send queue has sent it.
        if self.fits(size) {
            self.lent_bytes += size;
            self.lent.push_back(batch);
        }
    }

    /// Whether so much memory that is shared next can be watched. Makes room for it where the oldest is back.
    #[inline]
    pub(super) fn has_room(&mut self, size: usize) -> bool {
        if !self.fits(size) && self.spare.is_none() {
            self.spare = self.reclaim_oldest();
        }
        self.fits(size)
    }

    #[inline]
    fn fits(&self, size: usize) -> bool {
        self.lent.len() < LENT_MAX && self.lent_bytes + size <= MESSAGE_POOL_BYTES_MAX
    }

    /// Memory that was shared before, empty, if all of it was sent: what was shared longest ago.
    #[inline]
    pub(super) fn reclaim(&mut self) -> Option<Vec<u8>> {
        self.spare.take().or_else(|| self.reclaim_oldest())
    }

    /// The same, but what was shared last, which is still in the processor's cache.
    #[inline]
    pub(super) fn reclaim_last(&mut self) -> Option<Vec<u8>> {
        let last = self.lent.pop_back();
        self.take_back(last)
    }

    fn reclaim_oldest(&mut self) -> Option<Vec<u8>> {
        let oldest = self.lent.pop_front();
        self.take_back(oldest)
    }

    fn take_back(&mut self, batch: Option<Rc<Batch>>) -> Option<Vec<u8>> {
        let mut batch = batch?;
        let Some(memory) = Batch::reclaim(&mut batch) else {
            // A slow receiver still has it, which must not keep the others from coming back.
            self.lent.push_back(batch);
            return None;
        };
        self.lent_bytes -= memory.capacity();
        self.empty.push(batch);
        Some(memory)
    }
}

fn addresses(bytes: &[u8]) -> Range<usize> {
    let Range { start, end } = bytes.as_ptr_range();
    start.addr()..end.addr()
}

/// Shared buffers that are watched for their return.
const LENT_MAX: usize = 64;
