//! What all connections of a worker use, one at a time.

use crate::errors::Errors;
use crate::plan::Plan;
use crate::stamp::Stamp;
use sockeye::protocol::deflate::Inflater;

/// What all connections of a worker use, one at a time.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) buffer: Vec<u8>,
    pub(crate) cipher: Vec<u8>,
    pub(crate) scratch: Vec<u8>,
    /// For messages that do not arrive whole.
    spares: Vec<Vec<u8>>,
    /// There is one where messages may come compressed.
    pub(crate) inflater: Option<Box<Inflater>>,
    pub(crate) errors: Errors,
    /// What the read under way has brought.
    pub(crate) answers: Vec<Answer>,
    /// Messages that arrived and were right.
    pub(crate) messages: u64,
    /// Bytes that arrived over the wire.
    pub(crate) received: u64,
    pub(crate) publisher_subscribes: bool,
}

/// Answers that arrived together and were due at the same time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) stamp: Stamp,
    pub(crate) count: u64,
    /// How far the subscriber has come: `count`, and what was missing.
    pub(crate) advanced: u64,
}

impl Desk {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            buffer: vec![0; RECEIVE_SIZE],
            cipher: vec![0; CIPHER_SIZE],
            scratch: Vec::new(),
            spares: Vec::new(),
            inflater: plan.deflate.then(Box::default),
            errors: Errors::default(),
            answers: Vec::new(),
            messages: 0,
            received: 0,
            publisher_subscribes: plan.publisher_subscribes,
        }
    }

    pub(crate) fn take_spare(&mut self) -> Vec<u8> {
        self.spares.pop().unwrap_or_default()
    }

    /// Keeps a buffer for later, unless there are enough.
    pub(crate) fn give_spare(&mut self, buffer: Vec<u8>) {
        if buffer.capacity() > 0 && self.spares.len() < SPARES_MAX {
            self.spares.push(buffer);
        }
    }

    /// Counts a message that was right.
    #[inline]
    pub(crate) fn count(&mut self, stamp: Stamp, advanced: u64) {
        self.messages += 1;
        match self.answers.last_mut() {
            Some(last) if last.stamp.due == stamp.due && last.stamp.sender == stamp.sender => {
                last.count += 1;
                last.advanced += advanced;
            }
            _ => self.answers.push(Answer { stamp, count: 1, advanced }),
        }
    }
}

/// What one read can bring.
const RECEIVE_SIZE: usize = 256 * 1024;
const CIPHER_SIZE: usize = 128 * 1024;
const SPARES_MAX: usize = 64;
