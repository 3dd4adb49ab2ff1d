//! The far side of a simulated driver: what a test holds.

use super::Simulated;
use super::kernel::{Answer, KernelHandle, Stream};
use super::weather::Weather;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// The test's handle on one [`Simulated`] and on the network that it is on; clones are handles on the same driver.
///
/// Several drivers can share a network, which is what handing a connection over takes. They share the dice and the
/// weather; each has a backlog, descriptors and a trace of its own.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) kernel: KernelHandle,
    pub(super) station: usize,
}

impl Network {
    /// One more driver on the same network, and the handle on that one.
    #[must_use]
    pub fn add_driver(&self) -> (Simulated, Self) {
        let station = self.kernel.lock().add_station();
        let network = Self { kernel: self.kernel.clone(), station };
        (Simulated::at(&network), network)
    }

    /// Connects a new peer. It can write at once; whether and when the worker accepts it is another matter.
    #[must_use]
    pub fn connect(&self) -> Peer {
        let mut kernel = self.kernel.lock();
        let wire = kernel.add_wire(self.station, None);
        kernel.stations[self.station].backlog.push_back(wire);
        Peer { kernel: self.kernel.clone(), wire }
    }

    /// Says how `address` answers from now on when a driver of this network connects to it. Before, it refuses.
    pub fn answer(&self, address: SocketAddr, answer: Answer) {
        self.kernel.lock().answers.insert(address, answer);
    }

    /// Accepts the next connection that a driver of this network has made to `address`. It may be there before the
    /// worker hears of it.
    #[must_use]
    pub fn accept(&self, address: SocketAddr) -> Option<Peer> {
        let kernel = &mut *self.kernel.lock();
        let is_there = |&wire: &usize| kernel.wires[wire].listens == Some(address);
        let position = kernel.established.iter().position(is_there)?;
        let wire = kernel.established.remove(position)?;
        Some(Peer { kernel: self.kernel.clone(), wire })
    }

    /// How long the last poll would have waited, if nothing was ready or about to be: the time to advance the clock by
    /// if nobody else has anything to do. [`Duration::MAX`] stands for a wait without an end.
    #[must_use]
    pub fn idle_wait(&self) -> Option<Duration> {
        self.kernel.lock().stations[self.station].idle_wait
    }

    /// How often the worker has polled.
    #[must_use]
    pub fn polls(&self) -> u64 {
        self.kernel.lock().stations[self.station].polls
    }

    /// How often accepting has failed.
    #[must_use]
    pub fn accept_failures(&self) -> u64 {
        self.kernel.lock().stations[self.station].accept_failures
    }

    /// Bytes of memory that the worker has lent to the driver for messages, on top of what it says that it holds.
    #[must_use]
    pub fn filling_bytes(&self) -> usize {
        self.kernel.lock().stations[self.station].filling_bytes
    }

    /// Takes all of this driver's free descriptors away, or gives them back: meanwhile every accept fails, and
    /// every connect.
    pub fn exhaust_descriptors(&self, is_exhausted: bool) {
        self.kernel.lock().stations[self.station].is_exhausted = is_exhausted;
    }

    /// Changes the weather, for all drivers of the network.
    pub fn set_weather(&self, weather: Weather) {
        self.kernel.lock().weather = weather;
    }

    /// Fixes the next throws of the dice, one byte each: what a fuzzer does, which is then the weather itself. In a chance
    /// of so many in a thousand, 0 always happens, and 255 never but for a thousand. After these the seed goes on.
    pub fn script(&self, throws: &[u8]) {
        self.kernel.lock().random.script(throws);
    }

    /// Connections that wait to be accepted.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.kernel.lock().stations[self.station].backlog.len()
    }

    /// A digest of everything that has passed between worker and driver, in order.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.kernel.lock().stations[self.station].trace
    }
}

/// The far end of one connection. A peer that is not read from stalls, as a real one would.
pub struct Peer {
    kernel: KernelHandle,
    wire: usize,
}

impl Peer {
    /// The address that the worker sees.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.kernel.lock().address(self.wire)
    }

    /// Writes what the kernel takes, and says how many bytes that was.
    pub fn write(&self, bytes: &[u8]) -> usize {
        let mut kernel = self.kernel.lock();
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
        let mut kernel = self.kernel.lock();
        let wire = &mut kernel.wires[self.wire];
        let size = size_max.min(wire.to_peer.len());
        wire.to_peer.drain(..size).collect()
    }

    /// Ends the peer's stream. It can still read.
    pub fn end(&self) {
        let wire = &mut self.kernel.lock().wires[self.wire];
        if wire.peer == Stream::Open {
            wire.peer = Stream::Ended;
        }
    }

    /// Breaks the connection off. What the worker has not received yet may be lost.
    pub fn reset(&self) {
        self.kernel.lock().reset_by_peer(self.wire);
    }

    /// What the peer knows of the worker's stream when it has read everything before the end.
    #[must_use]
    pub fn incoming(&self) -> Stream {
        let wire = &self.kernel.lock().wires[self.wire];
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
        self.kernel.lock().wires[self.wire].to_peer.len()
    }

    /// Bytes that this peer wrote and the worker has not received.
    #[must_use]
    pub fn unreceived(&self) -> usize {
        self.kernel.lock().wires[self.wire].to_worker.len()
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
