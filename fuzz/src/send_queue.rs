//! What a connection has to send, against plain bytes: operations of two bytes, which one it is and how much of it.

use sockeye::buffer::{Batch, SendQueue};
use std::io::IoSlice;
use std::ops::Range;
use std::rc::Rc;

/// Checks that the bytes leave in the order they came, however few at a time; that they are counted; that a batch is free
/// when the last queue is done with it; and that an empty queue keeps little memory.
pub fn check(input: &[u8]) {
    let mut run = Run::default();
    for &[operation, amount] in input.as_chunks::<2>().0 {
        run.step(operation, amount);
    }
    run.seal();
    run.come_back();
    run.advance(usize::MAX);
    assert!(run.queued.queue.is_empty() && run.queued.bytes.is_empty());
    assert!(run.queued.queue.capacity() <= CAPACITY_MAX, "it keeps too much memory");
    for mut batch in run.sealed {
        assert!(Batch::reclaim(&mut batch).is_some(), "nothing that refers to it is queued");
    }
}

/// A queue, and what is expected to be in it.
#[derive(Default)]
struct Queued {
    queue: SendQueue,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Run {
    queued: Queued,
    /// What a driver has taken along and not accounted for.
    in_flight: Option<Queued>,
    batch: Rc<Batch>,
    batch_bytes: Vec<u8>,
    sealed: Vec<Rc<Batch>>,
    /// The next byte: each differs from its neighbours.
    next: u8,
}

impl Run {
    fn step(&mut self, operation: u8, amount: u8) {
        match operation % 8 {
            0 | 1 => self.append(size_of_step(amount)),
            2 => self.share(size_of_step(amount)),
            // What goes to others only.
            3 => _ = self.grow(size_of_step(amount)),
            4 => self.seal(),
            5 => {
                self.seal();
                self.advance(size_of_step(amount));
            }
            6 if self.in_flight.is_some() => self.come_back(),
            6 => {
                self.seal();
                self.in_flight = Some(std::mem::take(&mut self.queued));
            }
            _ => {
                self.queued.queue.clear();
                self.queued.bytes.clear();
            }
        }
        let Queued { queue, bytes } = &self.queued;
        assert_eq!((queue.bytes(), queue.is_empty()), (bytes.len(), bytes.is_empty()));
    }

    fn append(&mut self, size: usize) {
        let new = self.new_bytes(size);
        self.queued.queue.append(|output| output.extend_from_slice(&new));
        self.queued.bytes.extend(new);
    }

    fn share(&mut self, size: usize) {
        let range = self.grow(size);
        self.queued.bytes.extend(&self.batch_bytes[range.clone()]);
        self.queued.queue.push_shared(&self.batch, range);
    }

    fn grow(&mut self, size: usize) -> Range<usize> {
        let start = self.batch_bytes.len();
        let new = self.new_bytes(size);
        self.batch_bytes.extend(new);
        start..start + size
    }

    fn new_bytes(&mut self, size: usize) -> Vec<u8> {
        let first = usize::from(self.next);
        self.next = self.next.wrapping_add(size as u8);
        (first..first + size).map(|number| number as u8).collect()
    }

    /// The batch ends before anything of it leaves.
    fn seal(&mut self) {
        self.batch.seal(std::mem::take(&mut self.batch_bytes));
        self.sealed.push(std::mem::take(&mut self.batch));
    }

    /// So many bytes leave. While a driver has a queue, they are that one's.
    fn advance(&mut self, size: usize) {
        let Queued { queue, bytes } = self.in_flight.as_mut().unwrap_or(&mut self.queued);
        check_slices(queue, bytes);
        let size = size.min(bytes.len());
        queue.advance(size);
        bytes.drain(..size);
        check_slices(queue, bytes);
    }

    fn come_back(&mut self) {
        let Some(mut first) = self.in_flight.take() else {
            return;
        };
        first.queue.push_queue(std::mem::take(&mut self.queued.queue));
        first.bytes.append(&mut self.queued.bytes);
        self.queued = first;
    }
}

/// What leaves next is the beginning of what is expected, all of it with enough slices, and none of them is empty.
fn check_slices(queue: &SendQueue, expected: &[u8]) {
    let mut all = vec![IoSlice::new(&[]); SLICES];
    let count = queue.slices(&mut all);
    let mut rest = expected;
    for slice in &all[..count] {
        assert!(!slice.is_empty());
        rest = rest.strip_prefix(&slice[..]).expect("other bytes leave");
    }
    assert!(count == SLICES || rest.is_empty(), "some are missing");
    let mut one = [IoSlice::new(&[])];
    assert_eq!(queue.slices(&mut one), count.min(1));
    assert_eq!(*one[0], *all[0]);
}

/// Mostly few bytes; the largest are more than a queue keeps memory for.
fn size_of_step(amount: u8) -> usize {
    match usize::from(amount) {
        amount @ 0..252 => amount,
        amount => (amount - 251) * 35_000,
    }
}

const SLICES: usize = 64;
/// One spare chunk, and the places of chunks that were queued at a time.
const CAPACITY_MAX: usize = 256 * 1024;
