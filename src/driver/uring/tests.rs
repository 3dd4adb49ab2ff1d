//! What can go wrong with a ring, and does not. The contract is checked in `tests/engine/driver_contract`.

use super::*;
use crate::driver::Driver;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

const TOKEN: Token = Token { slot: 3, generation: 7 };

const OTHER: Token = Token { slot: 0, generation: 9 };

/// A bound for failing tests.
const WAIT: Option<Duration> = Some(Duration::from_secs(2));

/// Polls after which nothing is expected any more.
const POLLS_MAX: usize = 2000;

struct Rig {
    driver: Uring,
    address: SocketAddr,
}

impl Rig {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        Self { driver: Uring::new(Some(listener)).expect("there are descriptors"), address }
    }

    /// A connection under this name, and its peer.
    fn connect(&mut self, token: Token) -> TcpStream {
        let peer = TcpStream::connect(self.address).expect("it listens");
        for _ in 0..POLLS_MAX {
            self.driver.poll(WAIT).expect("the ring works");
            if let Some(Completion::Accepted(transfer, from)) = self.driver.next() {
                assert_eq!(Some(from), peer.local_addr().ok());
                self.driver.attach(token, transfer).expect("it is watched");
                return peer;
            }
        }
        panic!("nobody was accepted");
    }

    /// Receives so many bytes, all of one connection.
    fn receive(&mut self, token: Token, size: usize) -> Vec<u8> {
        let mut received = Vec::new();
        for _ in 0..POLLS_MAX {
            if received.len() >= size {
                return received;
            }
            self.driver.poll(WAIT).expect("the ring works");
            while let Some(completion) = self.driver.next() {
                match completion {
                    Completion::Received(from, bytes) if from == token => {
                        received.extend_from_slice(bytes);
                    }
                    Completion::Woken => {}
                    other => panic!("{other:?} after {} bytes", received.len()),
                }
            }
        }
        panic!("{} of {size} bytes", received.len());
    }

    fn until_closed(&mut self, token: Token) -> Option<io::Error> {
        for _ in 0..POLLS_MAX {
            self.driver.poll(WAIT).expect("the ring works");
            while let Some(completion) = self.driver.next() {
                if let Completion::Closed(closed, error) = completion {
                    assert_eq!(closed, token);
                    return error;
                }
            }
        }
        panic!("it is not closed");
    }
}

fn queue_of(size: usize) -> SendQueue {
    let mut queue = SendQueue::default();
    queue.append(|out| out.resize(size, 1));
    queue
}

#[test]
fn a_close_with_a_send_in_flight_waits_for_the_kernel_to_let_go() {
    let mut rig = Rig::new();
    let peer = rig.connect(TOKEN);
    let mut queue = queue_of(64 << 20);
    assert_eq!(rig.driver.send(TOKEN, &mut queue), Sending::InFlight);
    assert!(queue.is_empty());
    // Part of it leaves; the peer reads nothing, so the next send stays.
    for _ in 0..POLLS_MAX {
        rig.driver.poll(WAIT).expect("the ring works");
        if let Some(Completion::Sent(TOKEN, left)) = rig.driver.next() {
            queue = left;
            break;
        }
    }
    assert!(!queue.is_empty(), "nobody reads 64 MiB");
    assert_eq!(rig.driver.send(TOKEN, &mut queue), Sending::InFlight);
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    rig.driver.close(TOKEN, Close::Reset);
    assert!(rig.until_closed(TOKEN).is_none());
    let again = Token { generation: 8, ..TOKEN };
    let mut new = rig.connect(again);
    new.write_all(b"new").expect("the kernel takes it");
    assert_eq!(rig.receive(again, 3), b"new");
    drop(peer);
}

#[test]
fn a_driver_that_is_dropped_ends_what_is_under_way() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    let mut filling = rig.connect(OTHER);
    filling.write_all(b"x").expect("the kernel takes it");
    assert_eq!(rig.receive(OTHER, 1), b"x");
    rig.driver.fill(OTHER, MessageBuffer::new(Vec::new(), 1 << 20));
    let mut queue = queue_of(64 << 20);
    assert_eq!(rig.driver.send(TOKEN, &mut queue), Sending::InFlight);
    for _ in 0..3 {
        rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
        while rig.driver.next().is_some() {}
    }
    assert!(rig.driver.kernel.under_way() > 0);
    drop(rig);
    let mut rest = Vec::new();
    let _end_or_reset = peer.read_to_end(&mut rest);
}
