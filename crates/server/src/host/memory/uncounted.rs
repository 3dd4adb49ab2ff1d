//! The simulated driver, whose own memory is not counted.

use allocation_counter::opt_out;
use sockeye::buffer::{MessageBuffer, SendQueue};
use sockeye::driver::{
    Close, Completion, Driver, Receive, Sending, Simulated, SimulatedTransfer, Token, Waker,
};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;

pub(super) struct Uncounted(pub(super) Simulated);

impl Driver for Uncounted {
    type Transfer = SimulatedTransfer;

    fn accept(&mut self, on: bool) {
        uncounted(|| self.0.accept(on));
    }

    fn attach(&mut self, token: Token, transfer: SimulatedTransfer) -> io::Result<()> {
        uncounted(|| self.0.attach(token, transfer))
    }

    fn connect(&mut self, token: Token, address: SocketAddr) -> io::Result<()> {
        uncounted(|| self.0.connect(token, address))
    }

    fn receive(&mut self, token: Token, receive: Receive) {
        uncounted(|| self.0.receive(token, receive));
    }

    fn fill(&mut self, token: Token, buffer: MessageBuffer) {
        uncounted(|| self.0.fill(token, buffer));
    }

    fn receive_into(&mut self, memory: Vec<u8>) {
        uncounted(|| self.0.receive_into(memory));
    }

    /// What has left is freed where it is counted, so the network gets a copy.
    fn send(&mut self, token: Token, queue: &mut SendQueue) -> Sending {
        let (sending, sent) = uncounted(|| {
            let mut copy = copy_of(queue);
            let sending = self.0.send(token, &mut copy);
            assert_ne!(sending, Sending::InFlight, "nothing is taken along in calm weather");
            (sending, queue.bytes() - copy.bytes())
        });
        queue.advance(sent);
        sending
    }

    fn shutdown_write(&mut self, token: Token) {
        uncounted(|| self.0.shutdown_write(token));
    }

    fn detach(&mut self, token: Token) {
        uncounted(|| self.0.detach(token));
    }

    fn close(&mut self, token: Token, close: Close) {
        uncounted(|| self.0.close(token, close));
    }

    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        uncounted(|| self.0.poll(timeout))
    }

    fn next(&mut self) -> Option<Completion<'_, SimulatedTransfer>> {
        uncounted(|| self.0.next())
    }

    fn waker(&self) -> Waker {
        uncounted(|| self.0.waker())
    }
}

fn copy_of(queue: &SendQueue) -> SendQueue {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = queue.slices(&mut slices);
    let mut copy = SendQueue::default();
    for slice in &slices[..count] {
        copy.append(|bytes| bytes.extend_from_slice(slice));
    }
    assert_eq!(copy.bytes(), queue.bytes(), "little is queued at a time");
    copy
}

fn uncounted<R>(act: impl FnOnce() -> R) -> R {
    let mut result = None;
    opt_out(|| result = Some(act()));
    result.expect("it has acted")
}

/// Pieces that a queue has here.
const SLICES_MAX: usize = 16;
