//! Subscribers that get the same bytes, and what was published to them in this tick.

use super::Variant;
use crate::buffer::Batch;
use crate::worker::compression::Coding;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

/// How a subscriber takes what is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taking {
    pub(crate) variant: Variant,
    pub(crate) coding: Coding,
    /// Bytes that could not leave past which it is behind, if that is its own bound.
    pub(crate) lag_bytes: Option<usize>,
}

/// The subscribers that take the same, and share its encoding.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) taking: Taking,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) publications: Vec<Publication>,
    /// What the publications were encoded to; it becomes the batch's content when that is sealed.
    pub(super) bytes: Vec<u8>,
    /// There is one while there are publications: a topic in which nothing happens owns no memory for batches.
    pub(super) batch: Option<Rc<Batch>>,
}

/// A live subscriber. Dense, because a publication reads all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subscriber {
    pub(super) slot: u32,
    /// Where the connection's list has this subscription.
    pub(super) index: u32,
    /// How many of this tick's publications it has got, or came too late for.
    pub(super) seen: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Publication {
    /// Where its bytes end.
    pub(super) end: usize,
    pub(super) mark: u64,
    /// The slot of the connection that does not get it.
    pub(super) except: u32,
    pub(super) is_compressed: bool,
}

impl Lane {
    pub(super) fn new(taking: Taking) -> Self {
        Self {
            taking,
            subscribers: Vec::new(),
            publications: Vec::new(),
            bytes: Vec::new(),
            batch: None,
        }
    }

    /// Gets ready for a publication's bytes. What an encoder wrote before it panicked is none.
    pub(super) fn begin(&mut self, used: &mut VecDeque<Rc<Batch>>) {
        if self.batch.is_none() {
            let (batch, memory) = reuse(used);
            (self.batch, self.bytes) = (Some(batch), memory);
        }
        self.bytes.truncate(start_of(&self.publications, self.publications.len()));
    }

    /// What was appended since is a publication.
    pub(super) fn end(&mut self, mark: u64, except: u32, is_compressed: bool) {
        let end = self.bytes.len();
        self.publications.push(Publication { end, mark, except, is_compressed });
    }
}

impl Publication {
    /// Whether this connection gets it, compressed without its context.
    pub(super) const fn is_compressed_for(&self, slot: u32) -> bool {
        self.is_compressed && self.except != slot
    }
}

/// The ranges of the batch that a subscriber has not seen and is not excepted from.
pub(super) fn unseen(
    publications: &[Publication],
    seen: usize,
    slot: u32,
) -> impl Iterator<Item = Range<usize>> {
    let mut start = start_of(publications, seen);
    publications[seen..].iter().filter_map(move |publication| {
        let range = start..publication.end;
        start = publication.end;
        (publication.except != slot).then_some(range)
    })
}

pub(super) fn start_of(publications: &[Publication], seen: usize) -> usize {
    seen.checked_sub(1).map_or(0, |last_seen| publications[last_seen].end)
}

/// A batch and memory for this tick, of an earlier batch that everybody has sent if there is one.
fn reuse(used: &mut VecDeque<Rc<Batch>>) -> (Rc<Batch>, Vec<u8>) {
    if let Some(mut oldest) = used.pop_front() {
        if let Some(memory) = Batch::reclaim(&mut oldest) {
            return (oldest, memory);
        }
        used.push_back(oldest);
    }
    (Rc::default(), Vec::new())
}
