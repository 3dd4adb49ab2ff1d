//! The kernel and the wires of a simulated driver, and the far side of them: what a test holds.

use super::weather::{Random, Weather};
use crate::buffer::SendQueue;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// The test's handle on the network of one [`super::Simulated`]; clones are handles on the same network.
#[derive(Clone, Debug)]
pub struct Network(pub(super) Rc<RefCell<Kernel>>);

impl Network {
    /// Connects a new peer. It can write at once; whether and when the worker accepts it is another matter.
    #[must_use]
    pub fn connect(&self) -> Peer {
        let mut kernel = self.0.borrow_mut();
        let wire = kernel.wires.len();
        kernel.wires.push(Wire::default());
        kernel.backlog.push_back(wire);
        Peer { kernel: Rc::clone(&self.0), wire }
    }

    /// How long the last poll would have waited, if nothing was ready or about to be: the time to advance the clock by
    /// if nobody else has anything to do. [`Duration::MAX`] stands for a wait without an end.
    #[must_use]
    pub fn idle_wait(&self) -> Option<Duration> {
        self.0.borrow().idle_wait
    }

    /// How often the worker has polled.
    #[must_use]
    pub fn polls(&self) -> u64 {
        self.0.borrow().polls
    }

    /// How often accepting has failed.
    #[must_use]
    pub fn accept_failures(&self) -> u64 {
        self.0.borrow().accept_failures
    }

    /// Takes all free descriptors away, or gives them back: meanwhile every accept fails.
    pub fn exhaust_descriptors(&self, is_exhausted: bool) {
        self.0.borrow_mut().is_exhausted = is_exhausted;
    }

    /// Changes the weather.
    pub fn set_weather(&self, weather: Weather) {
        self.0.borrow_mut().weather = weather;
    }

    /// Connections that wait to be accepted.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.0.borrow().backlog.len()
    }

    /// A digest of everything that has passed between worker and driver, in order.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.0.borrow().trace
    }
}

/// The far end of one connection. A peer that is not read from stalls, as a real one would.
pub struct Peer {
    kernel: Rc<RefCell<Kernel>>,
    wire: usize,
}

impl Peer {
    /// The address that the worker sees.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        address(self.wire)
    }

    /// Writes what the kernel takes, and says how many bytes that was.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let mut kernel = self.kernel.borrow_mut();
        let room_max = kernel.weather.kernel_bytes_max;
        let wire = &mut kernel.wires[self.wire];
        if wire.peer != Stream::Open || wire.worker == Stream::Reset {
            return 0;
        }
        if wire.is_given_up {
            // Nobody is there to take them: the answer is a reset.
            wire.worker = Stream::Reset;
            return 0;
        }
        let size = bytes.len().min(room_max.saturating_sub(wire.to_worker.len()));
        wire.to_worker.extend(&bytes[..size]);
        size
    }

    /// Takes at most `size_max` of the bytes that have arrived.
    #[must_use]
    pub fn read(&self, size_max: usize) -> Vec<u8> {
        let mut kernel = self.kernel.borrow_mut();
        let wire = &mut kernel.wires[self.wire];
        let size = size_max.min(wire.to_peer.len());
        wire.to_peer.drain(..size).collect()
    }

    /// Ends the peer's stream. It can still read.
    pub fn end(&self) {
        let wire = &mut self.kernel.borrow_mut().wires[self.wire];
        if wire.peer == Stream::Open {
            wire.peer = Stream::Ended;
        }
    }

    /// Breaks the connection off. What the worker has not received yet may be lost.
    pub fn reset(&self) {
        self.kernel.borrow_mut().reset_by_peer(self.wire);
    }

    /// What the peer knows of the worker's stream when it has read everything before the end.
    #[must_use]
    pub fn incoming(&self) -> Stream {
        let wire = &self.kernel.borrow().wires[self.wire];
        if wire.peer == Stream::Reset {
            Stream::Reset
        } else if wire.to_peer.is_empty() {
            wire.worker
        } else {
            Stream::Open
        }
    }

    /// Bytes that wait to be read.
    #[must_use]
    pub fn readable(&self) -> usize {
        self.kernel.borrow().wires[self.wire].to_peer.len()
    }

    /// Bytes that this peer wrote and the worker has not received.
    #[must_use]
    pub fn unreceived(&self) -> usize {
        self.kernel.borrow().wires[self.wire].to_worker.len()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("wire", &self.wire)
            .field("readable", &self.readable())
            .field("unreceived", &self.unreceived())
            .field("incoming", &self.incoming())
            .finish_non_exhaustive()
    }
}

/// The address of a wire's far end.
pub(super) fn address(wire: usize) -> SocketAddr {
    ([127, 0, 0, 1], 1024 + wire as u16).into()
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a stream has these states")]
pub enum Stream {
    /// More may come.
    #[default]
    Open,
    /// It has ended in order.
    Ended,
    /// The connection was broken off.
    Reset,
}

/// One connection, between two ends.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// Written by the peer, not received by the worker.
    pub(super) to_worker: VecDeque<u8>,
    /// Sent by the worker, not read by the peer.
    pub(super) to_peer: VecDeque<u8>,
    /// What the peer has made of its stream, and the worker of its own.
    pub(super) peer: Stream,
    pub(super) worker: Stream,
    /// The worker has let the connection go: what the peer writes now is answered with a reset.
    pub(super) is_given_up: bool,
}

#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) random: Random,
    pub(super) weather: Weather,
    pub(super) wires: Vec<Wire>,
    /// Wires that wait to be accepted.
    pub(super) backlog: VecDeque<usize>,
    pub(super) is_exhausted: bool,
    pub(super) idle_wait: Option<Duration>,
    pub(super) polls: u64,
    pub(super) accept_failures: u64,
    trace: u64,
}

impl Kernel {
    pub(super) const fn new(seed: u64, weather: Weather) -> Self {
        Self {
            random: Random::new(seed),
            weather,
            wires: Vec::new(),
            backlog: VecDeque::new(),
            is_exhausted: false,
            idle_wait: None,
            polls: 0,
            accept_failures: 0,
            trace: 0xCBF2_9CE4_8422_2325,
        }
    }

    /// Adds to the digest of all that happened.
    pub(super) const fn note(&mut self, what: u8, wire: usize, size: usize) {
        let event = (what as u64) << 56 ^ (wire as u64) << 32 ^ size as u64;
        self.trace = (self.trace ^ event).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
    }

    /// Bytes that the kernel still takes from the worker.
    pub(super) fn room(&self, wire: usize) -> usize {
        let there = self.wires[wire].to_peer.len();
        self.weather.kernel_bytes_max.saturating_sub(there)
    }

    /// Moves bytes of the queue onto the wire: all that fit, or fewer.
    pub(super) fn carry(&mut self, wire: usize, queue: &mut SendQueue) -> usize {
        let mut size = queue.bytes().min(self.room(wire));
        if self.random.happens(self.weather.short_per_mille) {
            size = self.random.below(size + 1);
        }
        let mut left = size;
        while left > 0 {
            let mut slices = [IoSlice::new(&[]); 4];
            let count = queue.slices(&mut slices);
            let mut moved = 0;
            for slice in &slices[..count] {
                let part = slice.len().min(left - moved);
                self.wires[wire].to_peer.extend(&slice[..part]);
                moved += part;
            }
            assert!(moved > 0, "a queue that is not empty has bytes to send");
            queue.advance(moved);
            left -= moved;
        }
        size
    }

    /// A random part of what one receive could bring, at least one byte of it.
    pub(super) fn receive_size(&mut self, wire: usize) -> usize {
        let there = self.wires[wire].to_worker.len();
        let size = there.min(self.weather.receive_bytes_max);
        if size > 1 && self.random.happens(self.weather.short_per_mille) {
            1 + self.random.below(size - 1)
        } else {
            size
        }
    }

    pub(super) fn reset_by_peer(&mut self, wire: usize) {
        let keeps_unreceived = self.random.below(2) == 0;
        let wire = &mut self.wires[wire];
        if wire.worker == Stream::Reset {
            return;
        }
        wire.peer = Stream::Reset;
        wire.to_peer.clear();
        if !keeps_unreceived {
            wire.to_worker.clear();
        }
    }

    /// The worker breaks the connection off. The peer may have got some of what was on the wire.
    pub(super) fn reset_by_worker(&mut self, wire: usize) {
        let kept = self.random.below(self.wires[wire].to_peer.len() + 1);
        let wire = &mut self.wires[wire];
        wire.to_peer.truncate(kept);
        wire.worker = Stream::Reset;
        wire.is_given_up = true;
        wire.to_worker.clear();
    }

    /// The worker lets the connection go in order; that is a reset if it had not received everything.
    pub(super) fn close_by_worker(&mut self, wire: usize) {
        if self.wires[wire].to_worker.is_empty() {
            self.wires[wire].is_given_up = true;
            self.wires[wire].worker = Stream::Ended;
        } else {
            self.reset_by_worker(wire);
        }
    }
}
