//! Sends that say nothing when all of them has left (`IOSQE_CQE_SKIP_SUCCESS`).
//!
//! A send completes as it is submitted, as a rule, and with a completion of its own it would end the wait that is asked for in
//! the same system call: two of these for each message where one is enough. So a small send says only what is not as it
//! should be. The kernel carries it out as it takes the entry and never later, for it must not wait (`MSG_DONTWAIT`), and what
//! leaves in part counts as a failure (`MSG_WAITALL`): when the system call returns, its completion is there, or all of it has
//! left, and its memory is ours again.

use super::Kernel;
use super::completing::Done;
use super::memory::PIECES_PER_SEND;
use super::names::Operation;
use crate::buffer::SendQueue;
use io_uring::squeue::Flags;
use std::time::Duration;

/// Quiet sends, by where their queues are.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    /// That were asked for, and of which nothing is known.
    asked: Vec<u32>,
    /// Bytes of these.
    bytes: usize,
    /// That have left.
    over: Vec<u32>,
    /// How many of these were told.
    told: usize,
    /// When the kernel was entered last, nothing could be concluded about those that were asked for.
    is_unsure: bool,
}

impl Quiet {
    /// Whether a send of all that is queued here may be one.
    #[inline]
    pub(super) fn has_room_for(&self, queue: &SendQueue) -> bool {
        let size = queue.bytes();
        size <= SIZE_MAX && self.bytes + size <= BYTES_MAX && queue.pieces() <= PIECES_PER_SEND
    }

    pub(super) fn push(&mut self, index: u32, size: usize) {
        self.asked.push(index);
        self.bytes += size;
    }

    /// How long to wait at most, so that nothing that has left is kept back for long.
    pub(super) fn shorten(&self, timeout: Option<Duration>) -> Option<Duration> {
        match self.is_unsure {
            true => Some(timeout.map_or(TRY_AGAIN, |timeout| timeout.min(TRY_AGAIN))),
            false => timeout,
        }
    }

    /// Whether none has left that was not told.
    pub(super) fn has_told_all(&self) -> bool {
        self.told == self.over.len()
    }

    #[inline]
    fn next_over(&mut self) -> Option<u32> {
        let index = *self.over.get(self.told)?;
        self.told += 1;
        Some(index)
    }

    /// All that were asked for have left.
    fn conclude(&mut self) {
        if self.has_told_all() {
            self.over.clear();
            self.told = 0;
            std::mem::swap(&mut self.asked, &mut self.over);
        } else {
            self.over.drain(..std::mem::take(&mut self.told));
            self.over.append(&mut self.asked);
        }
        self.bytes = 0;
    }
}

impl Kernel {
    /// Takes what has completed, and finds out what of the quiet sends has left.
    pub(in super::super) fn take_completions(&mut self) {
        let Some(ring) = &mut self.ring else {
            return;
        };
        let mut has_spoken = false;
        for entry in ring.queues.completion() {
            if let (Operation::Send, index) = Operation::from_name(entry.user_data()) {
                has_spoken |= self.memory.sends.note_completed(index);
            }
            self.completed.push_back(entry);
        }
        let quiet = &mut self.quiet;
        if has_spoken {
            quiet.asked.retain(|index| self.memory.sends.is_quiet(*index));
        }
        let is_sure = quiet.asked.is_empty()
            || self.waiting.is_empty() && ring.has_taken_all() && ring.has_told_all();
        quiet.is_unsure = !is_sure;
        if is_sure {
            quiet.conclude();
        }
    }

    /// The next send that has left without a word.
    #[inline]
    pub(super) fn next_quiet(&mut self) -> Option<Done> {
        let index = self.quiet.next_over()?;
        self.under_way -= 1;
        let (slot, mut queue) = self.memory.sends.remove(index);
        queue.advance(queue.bytes());
        Some(Done::Sent { slot, queue, result: Ok(()) })
    }
}

pub(super) const ENTRY_FLAGS: Flags = Flags::SKIP_SUCCESS;

pub(super) const MESSAGE_FLAGS: i32 = libc::MSG_DONTWAIT | libc::MSG_WAITALL;

/// Bytes of one send that is quiet. Those of a larger one would be kept for nothing while the worker waits.
const SIZE_MAX: usize = 64 * 1024;

/// Bytes of all that are at a time. They are kept until the wait is over, and with them the batches that they are of.
const BYTES_MAX: usize = 1024 * 1024;

/// How long to wait at most while something is not told.
const TRY_AGAIN: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_left_is_told_once_and_in_order_whenever_more_leaves() {
        let mut quiet = Quiet::default();
        let mut told = Vec::new();
        for (index, tell) in [0, 1, 3, 0, 0, 2, 4].into_iter().enumerate() {
            quiet.push(2 * index as u32, 1);
            quiet.push(2 * index as u32 + 1, 1);
            quiet.conclude();
            told.extend(std::iter::from_fn(|| quiet.next_over()).take(tell));
        }
        assert_eq!((quiet.over.len(), quiet.told), (8, 4), "what was told before is forgotten");
        told.extend(std::iter::from_fn(|| quiet.next_over()));
        assert_eq!(told, (0..14).collect::<Vec<u32>>());
        assert!(quiet.has_told_all());
        quiet.push(14, 1);
        quiet.conclude();
        let told: Vec<u32> = std::iter::from_fn(|| quiet.next_over()).collect();
        assert_eq!((told, quiet.over.len()), (vec![14], 1), "it begins anew");
    }
}
