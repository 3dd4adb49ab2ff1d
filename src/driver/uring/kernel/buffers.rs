//! Buffers that the kernel picks from when something arrives.
//!
//! They are as large as the receive buffer of the other drivers, so a large message costs no completion per small piece; a
//! page that was never touched costs no memory. Whoever is lent one may keep its memory; other goes round in its
//! place. The kernel takes buffers in the order in which they were given, so only as many go round as are needed at a
//! time: few stay in the processor's cache. A receive that finds none adds one: at a shortage many find none at once, and
//! to double for each would end at all of them after four.

use super::setup::Pages;
use crate::limits::RECEIVE_SIZE;
use io_uring::IoUring;
use io_uring::types::BufRingEntry;
use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

/// What was received into one buffer, which is the owner's until it is given back with [`Buffers::give_back`].
#[derive(Debug)]
pub(in super::super) struct Piece {
    buffer: u16,
    memory: Vec<u8>,
    start: usize,
}

impl Piece {
    pub(in super::super) const fn size(&self) -> usize {
        self.memory.len() - self.start
    }

    #[cfg(test)]
    pub(in super::super) const fn buffer(&self) -> u16 {
        self.buffer
    }

    pub(in super::super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..]
    }

    /// The bytes and nothing else, in memory that may be taken, or exchanged for other.
    #[inline]
    pub(in super::super) fn memory(&mut self) -> &mut Vec<u8> {
        if self.start > 0 {
            self.memory.drain(..std::mem::take(&mut self.start));
        }
        &mut self.memory
    }

    /// Takes off the first bytes, which somebody has copied.
    pub(in super::super) fn skip(&mut self, size: usize) {
        debug_assert!(size <= self.size(), "no more than there are");
        self.start += size;
    }
}

/// The ring in which buffers are given to the kernel, and their memory.
#[derive(Debug)]
pub(super) struct Buffers {
    ring: Pages,
    /// Of each buffer that was ever given; nothing while it is the owner's of a piece.
    memory: Vec<Vec<u8>>,
    tail: u16,
}

impl Buffers {
    /// Gives the kernel its first buffers.
    pub(super) fn new(ring: &IoUring) -> io::Result<Self> {
        let mut buffers = Self {
            ring: Pages::new(BUFFERS as usize * size_of::<BufRingEntry>())?,
            memory: Vec::new(),
            tail: 0,
        };
        let address = buffers.ring.first().as_ptr() as u64;
        // SAFETY: the pages have room for so many entries, and whoever has `Buffers` keeps them until the ring is through.
        unsafe { ring.submitter().register_buf_ring_with_flags(address, BUFFERS, GROUP, 0) }?;
        buffers.give_more(BUFFERS_AT_FIRST);
        Ok(buffers)
    }

    /// Has one more go round, if it can: for a receive that has found none.
    pub(super) fn give_another(&mut self) {
        self.give_more(u16::from(self.given() < BUFFERS));
    }

    /// Those that go round: the first so many.
    pub(super) const fn given(&self) -> u16 {
        self.memory.len() as u16
    }

    fn give_more(&mut self, count: u16) {
        for buffer in self.given()..self.given() + count {
            self.memory.push(Vec::new());
            self.give(buffer);
        }
    }

    /// What the kernel says that it has received into a buffer, which from now on is ours.
    pub(super) fn take(&mut self, buffer: u16, size: usize) -> Piece {
        let mut memory = std::mem::take(&mut self.memory[buffer as usize]);
        assert!(memory.is_empty() && size <= memory.capacity(), "one of those that were given");
        // SAFETY: there is room for so many bytes, and the kernel has written them: this is made from a completion, with which
        // it has let go of the buffer.
        unsafe { memory.set_len(size) };
        Piece { buffer, memory, start: 0 }
    }

    pub(super) fn give_back(&mut self, piece: Piece) {
        self.memory[piece.buffer as usize] = piece.memory;
        self.give(piece.buffer);
    }

    fn give(&mut self, buffer: u16) {
        let memory = &mut self.memory[buffer as usize];
        memory.clear();
        memory.reserve_exact(RECEIVE_SIZE);
        let address = memory.as_mut_ptr();
        let index = (self.tail & (BUFFERS - 1)) as usize;
        let mut entry = self.ring.at(index * size_of::<BufRingEntry>()).cast::<BufRingEntry>();
        // SAFETY: the kernel reads only entries between its head and the tail, which this one is not yet.
        let entry = unsafe { entry.as_mut() };
        entry.set_addr(address as u64);
        entry.set_len(RECEIVE_SIZE as u32);
        entry.set_bid(buffer);
        self.tail = self.tail.wrapping_add(1);
        // SAFETY: this is the address of the ring's first entry.
        let tail = unsafe { BufRingEntry::tail(self.ring.first().cast().as_ptr()) };
        // SAFETY: the field is aligned, and whoever else looks at it, which is the kernel, does so atomically.
        unsafe { AtomicU16::from_ptr(tail.cast_mut()) }.store(self.tail, Ordering::Release);
    }
}

/// The name of these buffers. There are no others.
pub(super) const GROUP: u16 = 0;

/// The most that go round: the size of their ring.
const BUFFERS: u16 = 256;

/// About what one entry of the kernel brings at most: it stops after twenty sockets.
const BUFFERS_AT_FIRST: u16 = 16;

const _: () = assert!(BUFFERS.is_power_of_two() && BUFFERS_AT_FIRST <= BUFFERS);
