//! The kernel of all simulated drivers on one network: wires, and what moves on them.

use super::weather::{Random, Weather};
use crate::buffer::SendQueue;
use std::collections::{BTreeMap, VecDeque};
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    /// The driver that has this connection, or is to accept it.
    pub(super) station: usize,
    /// Where the worker connected to; `None` if it was the peer that connected.
    pub(super) listens: Option<SocketAddr>,
}

/// What the kernel keeps for one driver.
#[derive(Debug)]
pub(super) struct Station {
    /// Wires that wait to be accepted.
    pub(super) backlog: VecDeque<usize>,
    pub(super) is_exhausted: bool,
    pub(super) idle_wait: Option<Duration>,
    pub(super) polls: u64,
    pub(super) accept_failures: u64,
    /// Bytes of memory that the worker has lent to receive into.
    pub(super) filling_bytes: usize,
    pub(super) trace: u64,
}

/// The kernel, as those hold it who are on its network. A transfer may go to another thread, so it is behind a lock.
#[derive(Clone, Debug)]
pub(super) struct KernelHandle(Arc<Mutex<Kernel>>);

impl KernelHandle {
    pub(super) fn new(kernel: Kernel) -> Self {
        Self(Arc::new(Mutex::new(kernel)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kernel> {
        // A worker that broke the contract has panicked, and the test is about to say so.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) random: Random,
    pub(super) weather: Weather,
    pub(super) wires: Vec<Wire>,
    pub(super) stations: Vec<Station>,
    /// How addresses answer the workers that connect to them.
    pub(super) answers: BTreeMap<SocketAddr, Answer>,
    /// Wires that workers have made, until the test accepts them.
    pub(super) established: VecDeque<usize>,
}

impl Kernel {
    pub(super) const fn new(seed: u64, weather: Weather) -> Self {
        Self {
            random: Random::new(seed),
            weather,
            wires: Vec::new(),
            stations: Vec::new(),
            answers: BTreeMap::new(),
            established: VecDeque::new(),
        }
    }

    /// A place for one more driver.
    pub(super) fn add_station(&mut self) -> usize {
        self.stations.push(Station {
            backlog: VecDeque::new(),
            is_exhausted: false,
            idle_wait: None,
            polls: 0,
            accept_failures: 0,
            filling_bytes: 0,
            trace: 0xCBF2_9CE4_8422_2325,
        });
        self.stations.len() - 1
    }

    /// One more connection.
    pub(super) fn add_wire(&mut self, station: usize, listens: Option<SocketAddr>) -> usize {
        self.wires.push(Wire { station, listens, ..Wire::default() });
        self.wires.len() - 1
    }

    /// What the far end's address is, as the worker sees it.
    pub(super) fn address(&self, wire: usize) -> SocketAddr {
        // More connections than a host has ports are from several.
        let (host, port) = (wire / PORTS, FIRST_PORT + wire % PORTS);
        let peer = ([127, 0, host as u8, 1], port as u16).into();
        self.wires[wire].listens.unwrap_or(peer)
    }

    /// How the address answers that the worker connects to.
    pub(super) fn answer(&self, wire: usize) -> Answer {
        let address = self.address(wire);
        self.answers.get(&address).copied().unwrap_or(Answer::Refuse)
    }

    /// The weather's answer to who connects, if it has one.
    pub(super) fn answer_by_weather(&mut self) -> Option<Answer> {
        if self.random.happens(self.weather.connect_refusal_per_mille) {
            return Some(Answer::Refuse);
        }
        if self.random.happens(self.weather.connect_stall_per_mille) {
            return Some(Answer::Stall);
        }
        None
    }

    /// Adds to the digest of all that happened at the wire's driver.
    pub(super) fn note(&mut self, what: u8, wire: usize, size: usize) {
        let event = (what as u64) << 56 ^ (wire as u64) << 32 ^ size as u64;
        let trace = &mut self.stations[self.wires[wire].station].trace;
        *trace = (*trace ^ event).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
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

/// Ports of who connects.
const FIRST_PORT: usize = 1024;
const PORTS: usize = 65_536 - FIRST_PORT;

/// How an address answers a worker that connects to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an address has these answers")]
pub enum Answer {
    /// Somebody listens there.
    Accept,
    /// Nobody listens there.
    Refuse,
    /// There is no answer, as long as this is so.
    Stall,
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
