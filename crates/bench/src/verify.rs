//! Whether what arrives on a connection is what should: in order, each once, nothing missing, nothing changed.

use crate::errors::Errors;
use crate::outgoing::Batch;
use crate::payload::Payloads;
use crate::stamp::Stamp;
use std::collections::VecDeque;

/// What one connection waits for in an echo: what it has sent, in that order.
#[derive(Debug, Default)]
pub(crate) struct Awaited {
    batches: VecDeque<Batch>,
    len: usize,
}

impl Awaited {
    #[inline]
    pub(crate) fn push(&mut self, batch: Batch) {
        self.len += batch.count;
        self.batches.push_back(batch);
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is waited for.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.batches.iter()
    }

    /// Those that were not sent are not waited for either.
    pub(crate) fn forget_last(&mut self, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        while let Some(last) = self.batches.back_mut().filter(|_| left > 0) {
            let forgotten = last.count.min(left);
            last.count -= forgotten;
            left -= forgotten;
            if last.count == 0 {
                self.batches.pop_back();
            }
        }
    }

    #[inline]
    fn pop(&mut self) {
        let Some(batch) = self.batches.front_mut() else {
            return;
        };
        self.len -= 1;
        batch.count -= 1;
        batch.first.sequence += 1;
        if batch.count == 0 {
            self.batches.pop_front();
        }
    }

    /// Judges a message; gives its stamp if it is an answer, whole and in order or after a gap.
    #[inline]
    pub(crate) fn handle(
        &mut self,
        payloads: &Payloads,
        is_text: bool,
        message: &[u8],
        errors: &mut Errors,
    ) -> Option<Stamp> {
        let Some(&Batch { first, .. }) = self.batches.front() else {
            errors.repeated += 1;
            return None;
        };
        let stamp = payloads.stamp(is_text, message);
        if stamp == Some(first) {
            self.pop();
            if payloads.is_whole(&first, message) {
                return stamp;
            }
            errors.corrupted += 1;
            return None;
        }
        self.handle_odd(stamp, first, errors)
    }

    #[cold]
    fn handle_odd(
        &mut self,
        stamp: Option<Stamp>,
        first: Stamp,
        errors: &mut Errors,
    ) -> Option<Stamp> {
        let is_awaited = |stamp: &Stamp| {
            self.batches.iter().any(|Batch { first, count }| {
                let place = stamp.sequence.checked_sub(first.sequence);
                stamp.due == first.due && place.is_some_and(|place| place < *count as u64)
            })
        };
        match stamp.filter(|stamp| stamp.sender == first.sender) {
            Some(stamp) if is_awaited(&stamp) => {
                let gap = stamp.sequence - first.sequence;
                errors.missing += gap;
                (0..=gap).for_each(|_| self.pop());
                Some(stamp)
            }
            Some(stamp) if stamp.sequence < first.sequence => {
                errors.repeated += 1;
                None
            }
            _ => {
                errors.corrupted += 1;
                self.pop();
                None
            }
        }
    }
}

/// What one subscriber waits for: of each publisher, the next message.
#[derive(Debug)]
pub(crate) struct Delivered {
    next: Box<[u64]>,
}

/// What a message at a subscriber was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) stamp: Stamp,
    /// How far the subscriber has come with this publisher: one message, and those that were missing before it.
    pub(crate) advanced: u64,
}

impl Delivered {
    pub(crate) fn new(publishers: usize) -> Self {
        Self { next: vec![0; publishers].into() }
    }

    /// Judges a message; `None` if it is none that can be counted.
    #[inline]
    pub(crate) fn handle(
        &mut self,
        payloads: &Payloads,
        is_text: bool,
        message: &[u8],
        errors: &mut Errors,
    ) -> Option<Delivery> {
        let stamp = payloads.stamp(is_text, message);
        let stamp = stamp.filter(|stamp| payloads.is_whole(stamp, message));
        let Some((stamp, next)) = stamp.and_then(|stamp| {
            let next = self.next.get_mut(usize::from(stamp.sender))?;
            Some((stamp, next))
        }) else {
            errors.corrupted += 1;
            return None;
        };
        let Some(missing) = stamp.sequence.checked_sub(*next) else {
            errors.repeated += 1;
            return None;
        };
        errors.missing += missing;
        *next = stamp.sequence + 1;
        Some(Delivery { stamp, advanced: missing + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{Framing, Kind};

    fn payloads() -> Payloads {
        Payloads::new(Kind::Binary, 32, &Framing::Raw)
    }

    fn stamp(sequence: u64) -> Stamp {
        Stamp { sender: 0, sequence, due: 100 + sequence }
    }

    fn message(payloads: &Payloads, stamp: &Stamp) -> Vec<u8> {
        let mut message = Vec::new();
        payloads.append(stamp, &mut message);
        message
    }

    /// An echo of four messages that brings these back: how many were answers, and what was wrong.
    fn echo(arrived: &[Vec<u8>]) -> (usize, Errors, usize) {
        let (payloads, mut awaited, mut errors) =
            (payloads(), Awaited::default(), Errors::default());
        (0..4).for_each(|sequence| awaited.push(Batch { first: stamp(sequence), count: 1 }));
        let answers = arrived
            .iter()
            .filter_map(|message| awaited.handle(&payloads, false, message, &mut errors))
            .count();
        (answers, errors, awaited.len())
    }

    fn messages(sequences: &[u64]) -> Vec<Vec<u8>> {
        sequences.iter().map(|sequence| message(&payloads(), &stamp(*sequence))).collect()
    }

    #[test]
    fn an_echo_in_order_has_no_errors() {
        assert_eq!(echo(&messages(&[0, 1, 2, 3])), (4, Errors::default(), 0));
    }

    #[test]
    fn a_dropped_a_doubled_and_a_late_message_are_counted_once() {
        let missing = Errors { missing: 1, ..Errors::default() };
        assert_eq!(echo(&messages(&[0, 2, 3])), (3, missing, 0));
        let repeated = Errors { repeated: 1, ..Errors::default() };
        assert_eq!(echo(&messages(&[0, 1, 1, 2, 3])), (4, repeated, 0));
        assert_eq!(echo(&messages(&[0, 1, 2, 3, 3])), (4, repeated, 0));
        let swapped = Errors { missing: 1, repeated: 1, ..Errors::default() };
        assert_eq!(echo(&messages(&[0, 2, 1, 3])), (3, swapped, 0));
    }

    #[test]
    fn a_changed_message_is_corrupted_wherever_it_was_changed() {
        // The sender, the sequence, the time, the rest.
        for place in [0, 7, 12, 31] {
            let mut arrived = messages(&[0, 1, 2, 3]);
            arrived[1][place] ^= 0x40;
            let corrupted = Errors { corrupted: 1, ..Errors::default() };
            assert_eq!(echo(&arrived), (3, corrupted, 0), "{place}");
        }
        let mut arrived = messages(&[0, 1, 2, 3]);
        arrived[2].pop();
        assert_eq!(echo(&arrived).1.corrupted, 1);
    }

    #[test]
    fn what_was_not_sent_is_not_waited_for() {
        let mut awaited = Awaited::default();
        awaited.push(Batch { first: stamp(0), count: 3 });
        awaited.push(Batch { first: stamp(3), count: 2 });
        awaited.forget_last(3);
        assert_eq!(awaited.len(), 2);
        let (payloads, mut errors) = (payloads(), Errors::default());
        for sequence in [0, 1] {
            let first = stamp(0);
            let answer = message(&payloads, &Stamp { sequence, ..first });
            assert!(awaited.handle(&payloads, false, &answer, &mut errors).is_some());
        }
        assert!(awaited.is_empty() && errors.is_empty());
    }

    #[test]
    fn a_subscriber_counts_each_publisher_by_itself() {
        let (payloads, mut errors) = (payloads(), Errors::default());
        let mut delivered = Delivered::new(2);
        let mut handle = |sender, sequence| {
            let message = message(&payloads, &Stamp { sender, sequence, due: 1 });
            let delivery = delivered.handle(&payloads, false, &message, &mut errors);
            delivery.map(|delivery| delivery.advanced)
        };
        assert_eq!(handle(0, 0), Some(1));
        assert_eq!(handle(1, 0), Some(1));
        assert_eq!(handle(0, 1), Some(1));
        assert_eq!(handle(0, 1), None);
        assert_eq!(handle(1, 3), Some(3));
        assert_eq!(handle(2, 0), None);
        let expected = Errors { repeated: 1, missing: 2, corrupted: 1, ..Errors::default() };
        assert_eq!(errors, expected);
    }
}
