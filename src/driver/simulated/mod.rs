//! The driver on an in-memory network, where everything that happens follows from a seed.
//!
//! It is as unpleasant as a kernel may be: it receives and sends a few bytes at a time, takes queues along and accounts
//! for them later, lets things wait, mixes the completions of different connections, breaks connections, runs out of
//! descriptors and wakes up for nothing, as its [`Weather`] says. It also watches the worker: a call that the contract
//! in [`super`] forbids panics.
//!
//! It does not know the time. When nothing can happen, [`Network::idle_wait`] says how long the worker would have
//! slept, and whoever runs the simulation moves the clock on.

mod completions;
mod kernel;
mod network;
mod polling;
mod socket;
mod weather;

pub use kernel::{Answer, Stream};
pub use network::{Network, Peer};
pub use weather::Weather;

use super::{Close, Completion, Driver, Receive, Sending, Token, Waker};
use crate::buffer::{MessageBuffer, SendQueue};
use completions::{EMFILE, Outcome};
use kernel::{Kernel, KernelHandle};
use socket::{Life, Ready, Socket};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

/// The near side of a [`Network`]: what a worker drives.
#[derive(Debug)]
pub struct Simulated {
    kernel: KernelHandle,
    /// Which of the network's drivers this is.
    station: usize,
    /// By slot.
    sockets: Vec<Option<Socket>>,
    is_accepting: bool,
    /// One more accept was under way when the worker turned accepting off.
    has_late_accept: bool,
    /// What this poll brings, in the order in which it is told.
    ready: VecDeque<Ready>,
    was_woken: Arc<AtomicBool>,
    /// What the last receive brought.
    lent: Vec<u8>,
    /// Those of whose sends the worker would have heard earlier, had it not waited.
    slept_over: Vec<Token>,
}

/// A simulated connection that no worker has attached.
#[derive(Debug)]
pub struct SimulatedTransfer {
    kernel: KernelHandle,
    wire: usize,
    is_attached: bool,
}

impl Drop for SimulatedTransfer {
    fn drop(&mut self) {
        if !self.is_attached {
            self.kernel.lock().close_by_worker(self.wire);
        }
    }
}

impl Simulated {
    /// A driver, and the network that it serves.
    #[must_use]
    pub fn new(seed: u64, weather: Weather) -> (Self, Network) {
        let mut kernel = Kernel::new(seed, weather);
        let station = kernel.add_station();
        let network = Network { kernel: KernelHandle::new(kernel), station };
        (Self::at(&network), network)
    }

    fn at(network: &Network) -> Self {
        Self {
            kernel: network.kernel.clone(),
            station: network.station,
            sockets: Vec::new(),
            is_accepting: true,
            has_late_accept: false,
            ready: VecDeque::new(),
            was_woken: Arc::default(),
            lent: Vec::new(),
            slept_over: Vec::new(),
        }
    }

    fn socket(&mut self, token: Token) -> Option<&mut Socket> {
        let socket = self.sockets.get_mut(token.slot as usize)?.as_mut()?;
        (socket.generation == token.generation).then_some(socket)
    }

    /// The socket of a call, and the kernel. `None` if the socket broke meanwhile and the worker could not know.
    fn called(
        &mut self,
        call: &str,
        token: Token,
    ) -> Option<(&mut Socket, MutexGuard<'_, Kernel>)> {
        self.check_promptness(call, token);
        let kernel = self.kernel.lock();
        let socket = self.sockets.get_mut(token.slot as usize);
        let socket = socket
            .and_then(Option::as_mut)
            .filter(|socket| socket.generation == token.generation)
            .unwrap_or_else(|| panic!("{call} of {token:?}, which nobody attached"));
        match socket.life {
            Life::Connecting(_) | Life::Established if call != "close" => {
                panic!("{call} of {token:?}, which is not connected yet")
            }
            Life::Connecting(_) | Life::Established | Life::Attached => Some((socket, kernel)),
            Life::Failed(_) => None,
            Life::Detached => panic!("{call} of {token:?}, which was detached"),
            Life::Closed(_) => panic!("{call} of {token:?}, which was closed"),
        }
    }

    /// The slot of a new socket, which has to be free.
    fn free_slot(&mut self, call: &str, token: Token) -> &mut Option<Socket> {
        let slot = token.slot as usize;
        if self.sockets.len() <= slot {
            self.sockets.resize_with(slot + 1, || None);
        }
        let slot = &mut self.sockets[slot];
        assert!(slot.is_none(), "{call} of {token:?} before the last word about the one before it");
        slot
    }
}

impl Driver for Simulated {
    type Transfer = SimulatedTransfer;

    fn accept(&mut self, on: bool) {
        let kernel = &mut *self.kernel.lock();
        let was_on = std::mem::replace(&mut self.is_accepting, on);
        self.has_late_accept =
            was_on && !on && kernel.random.happens(kernel.weather.late_per_mille);
    }

    fn attach(&mut self, token: Token, mut transfer: SimulatedTransfer) -> io::Result<()> {
        let is_ours = self.kernel.is_same(&transfer.kernel);
        assert!(is_ours, "attach of {token:?}, a connection of another network");
        let (kernel, station) = (self.kernel.clone(), self.station);
        let kernel = &mut *kernel.lock();
        let slot = self.free_slot("attach", token);
        kernel.wires[transfer.wire].station = station;
        let chance = kernel.weather.attach_failure_per_mille;
        if kernel.random.happens(chance) {
            kernel.reset_by_worker(transfer.wire);
            transfer.is_attached = true;
            return Err(io::Error::from(ErrorKind::OutOfMemory));
        }
        transfer.is_attached = true;
        let mut socket = Socket::new(transfer.wire, token.generation, Life::Attached);
        socket.is_shut = kernel.wires[transfer.wire].worker != Stream::Open;
        *slot = Some(socket);
        Ok(())
    }

    fn connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()> {
        let (kernel, station) = (self.kernel.clone(), self.station);
        let kernel = &mut *kernel.lock();
        let slot = self.free_slot("connect", token);
        let chance = kernel.weather.connect_failure_per_mille;
        if kernel.stations[station].is_exhausted || kernel.random.happens(chance) {
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        let wire = kernel.add_wire(station, Some(address));
        kernel.note(b'n', wire, 0);
        let life = Life::Connecting(kernel.answer_by_weather());
        *slot = Some(Socket::new(wire, token.generation, life));
        Ok(())
    }

    fn receive(&mut self, token: Token, receive: Receive) {
        if let Some((socket, mut kernel)) = self.called("receive", token) {
            socket.is_paused = receive == Receive::Pause;
            if socket.is_paused {
                socket.receive_late(&mut kernel);
            }
        }
    }

    fn fill(&mut self, token: Token, buffer: MessageBuffer) {
        let station = self.station;
        if let Some((socket, mut kernel)) = self.called("fill", token) {
            assert!(buffer.missing() > 0, "fill of {token:?} with nothing");
            assert!(socket.fill.is_none(), "fill of {token:?} in a fill");
            kernel.stations[station].filling_bytes += buffer.capacity();
            socket.fill = Some(buffer);
        }
    }

    fn receive_into(&mut self, memory: Vec<u8>) {
        self.lent = memory;
    }

    fn send(&mut self, token: Token, queue: &mut SendQueue) -> Sending {
        let Some((socket, mut kernel)) = self.called("send", token) else {
            return Sending::Blocked;
        };
        assert!(socket.in_flight.is_none(), "send of {token:?} while another is in flight");
        if queue.is_empty() {
            return Sending::Done;
        }
        assert!(!socket.is_shut, "send of {token:?} after the end");
        let chance = kernel.weather.send_error_per_mille;
        let is_reset = kernel.wires[socket.wire].peer == Stream::Reset;
        if is_reset || kernel.random.happens(chance) {
            kernel.reset_by_worker(socket.wire);
            socket.life = Life::Failed(ErrorKind::BrokenPipe);
            return Sending::Blocked;
        }
        let chance = kernel.weather.in_flight_per_mille;
        if kernel.random.happens(chance) {
            kernel.note(b'f', socket.wire, queue.bytes());
            socket.in_flight = Some(std::mem::take(queue));
            let chance = kernel.weather.quiet_per_mille;
            socket.is_quiet = !std::mem::take(&mut socket.is_full) && kernel.random.happens(chance);
            return Sending::InFlight;
        }
        let size = kernel.carry(socket.wire, queue);
        kernel.note(b's', socket.wire, size);
        if queue.is_empty() {
            return Sending::Done;
        }
        socket.is_blocked = true;
        Sending::Blocked
    }

    fn shutdown_write(&mut self, token: Token) {
        if let Some((socket, mut kernel)) = self.called("shutdown_write", token) {
            assert!(!socket.is_shut, "shutdown_write of {token:?} twice");
            socket.is_shut = true;
            socket.returns_early = false;
            kernel.note(b'h', socket.wire, 0);
            if socket.in_flight.is_none() {
                kernel.wires[socket.wire].worker = Stream::Ended;
            }
        }
    }

    fn detach(&mut self, token: Token) {
        self.check_promptness("detach", token);
        let kernel = self.kernel.clone();
        let kernel = &mut *kernel.lock();
        let Some(socket) = self.socket(token) else {
            return;
        };
        let is_connecting = matches!(socket.life, Life::Connecting(_) | Life::Established);
        assert!(!is_connecting, "detach of {token:?}, which is not connected yet");
        if socket.life != Life::Attached {
            return;
        }
        assert!(socket.fill.is_none(), "detach of {token:?}, which is being filled");
        let is_sending = socket.is_blocked || socket.in_flight.is_some();
        assert!(!is_sending, "detach of {token:?}, of which something has not left");
        socket.receive_late(kernel);
        socket.life = Life::Detached;
        kernel.note(b'd', socket.wire, 0);
    }

    fn close(&mut self, token: Token, close: Close) {
        let Some((socket, mut kernel)) = self.called("close", token) else {
            return;
        };
        if socket.life == Life::Attached {
            socket.receive_late(&mut kernel);
        }
        socket.life = Life::Closed(close);
        socket.returns_early = false;
        kernel.note(b'c', socket.wire, close as usize);
        match close {
            Close::Linger if socket.in_flight.is_some() => {}
            Close::Linger => kernel.close_by_worker(socket.wire),
            Close::Reset => kernel.reset_by_worker(socket.wire),
        }
    }

    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.find_ready(timeout);
        Ok(())
    }

    fn next(&mut self) -> Option<Completion<'_, SimulatedTransfer>> {
        while let Some(ready) = self.ready.pop_front() {
            let completion = match ready {
                Ready::Woken => Some(Completion::Woken),
                Ready::Accept => self.next_accept(),
                Ready::Connected(token) => self.next_connected(token),
                Ready::Writable(token) => self.next_writable(token),
                Ready::Sent(token) => self.next_sent(token),
                Ready::LastWord(token) => self.next_last_word(token),
                Ready::Receive(token) => match self.receive_from(token) {
                    Outcome::Nothing => None,
                    Outcome::Received => {
                        return Some(Completion::Received(token, &mut self.lent));
                    }
                    Outcome::Filled(buffer, size) => Some(Completion::Filled(token, buffer, size)),
                    Outcome::Ended => Some(Completion::EndOfStream(token)),
                },
            };
            if completion.is_some() {
                return completion;
            }
        }
        None
    }

    fn waker(&self) -> Waker {
        let was_woken = Arc::clone(&self.was_woken);
        Waker::new(move || was_woken.store(true, Ordering::Release))
    }
}
