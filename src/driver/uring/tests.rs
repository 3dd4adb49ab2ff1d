//! What can go wrong with a ring, and does not. The contract is checked in `tests/engine/driver_contract`.

mod clock;
mod quiet;
mod unlikely;

use super::*;
use crate::driver::Driver;
use crate::limits::RECEIVE_SIZE;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::mpsc;
use std::thread;

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

    /// Has somebody use the waker, which is heard then, if this takes too long.
    fn in_time<T>(&mut self, wait: impl FnOnce(&mut Self) -> T) -> T {
        let (done, is_done) = mpsc::channel::<()>();
        let waker = self.driver.waker();
        let watch = thread::spawn(move || {
            if is_done.recv_timeout(Duration::from_secs(5)).is_err() {
                waker.wake();
            }
        });
        let waited = wait(self);
        done.send(()).expect("it listens");
        watch.join().expect("it does not panic");
        waited
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
fn the_end_of_a_stream_is_told_behind_all_that_came_before_it() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    // More than three buffers, so that some of it is put off more than once, and its end comes with it.
    let sent = vec![7; 3 * RECEIVE_SIZE + 1000];
    peer.write_all(&sent).expect("the kernel takes it");
    peer.shutdown(std::net::Shutdown::Write).expect("it is open");
    let mut received = 0;
    for _ in 0..POLLS_MAX {
        rig.driver.poll(WAIT).expect("the ring works");
        while let Some(completion) = rig.driver.next() {
            match completion {
                Completion::Received(TOKEN, bytes) => received += bytes.len(),
                Completion::EndOfStream(TOKEN) => return assert_eq!(received, sent.len()),
                other => panic!("{other:?} after {received} bytes"),
            }
        }
    }
    panic!("{received} bytes and no end");
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
    // The socket is closed, so nothing was left to the kernel for ever.
    peer.set_read_timeout(WAIT).expect("it is not zero");
    let mut rest = Vec::new();
    let end = peer.read_to_end(&mut rest).map_err(|error| error.kind());
    assert!(end != Err(io::ErrorKind::WouldBlock), "it is still there");
}

#[test]
fn whoever_finds_no_buffer_receives_when_there_is_one() {
    let mut rig = Rig::new();
    let peers: Vec<_> = (0..PEERS).map(|slot| rig.connect(Token { slot, generation: 1 })).collect();
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    assert!(rig.driver.next().is_none());
    for mut peer in &peers {
        peer.write_all(b"hello").expect("the kernel takes it");
    }
    let at_first = rig.driver.kernel.buffers_given();
    for _ in 0..PEERS {
        // Nobody takes what has completed.
        rig.driver.kernel.enter(Some(Duration::ZERO)).expect("the ring works");
    }
    let mut waiting: Vec<u32> = (0..PEERS).collect();
    for _ in 0..POLLS_MAX {
        while let Some(completion) = rig.driver.next() {
            match completion {
                Completion::Received(token, bytes) => {
                    assert_eq!(bytes, b"hello");
                    waiting.retain(|slot| *slot != token.slot);
                }
                other => panic!("{other:?}"),
            }
        }
        if waiting.is_empty() {
            let missing = PEERS - u32::from(at_first);
            assert_eq!(u32::from(rig.driver.kernel.buffers_given() - at_first), missing);
            return;
        }
        rig.driver.poll(WAIT).expect("the ring works");
    }
    panic!("these have heard nothing: {waiting:?}");
}

#[test]
fn completions_for_which_there_is_no_room_are_not_lost() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    assert!(rig.driver.next().is_none());
    let before = rig.driver.kernel.under_way();
    peer.write_all(b"first").expect("the kernel takes it");
    rig.driver.kernel.enter(Some(Duration::ZERO)).expect("the ring works");
    for _ in 0..20_000 {
        // Each completes: there is no such operation.
        rig.driver.kernel.stop_accept(u64::MAX);
    }
    peer.write_all(b", second").expect("the kernel takes it");
    let mut received = Vec::new();
    for _ in 0..POLLS_MAX {
        rig.driver.poll(Some(Duration::from_millis(5))).expect("the ring works");
        while let Some(completion) = rig.driver.next() {
            match completion {
                Completion::Received(TOKEN, bytes) => received.extend_from_slice(bytes),
                other => panic!("{other:?}"),
            }
        }
        if received == b"first, second" && rig.driver.kernel.under_way() == before {
            return;
        }
    }
    panic!("{} of 13 bytes; {} under way", received.len(), rig.driver.kernel.under_way());
}

#[test]
fn a_kernel_that_knows_no_bounds_of_receives_is_asked_without() {
    let mut rig = Rig::new();
    rig.driver.kernel.unlikely.is_old = true;
    let mut peer = rig.connect(TOKEN);
    // Much arrives ahead of its buffer, and is copied into it.
    let sent: Vec<u8> = (0..1_000_000).map(|index| (index % 251) as u8).collect();
    let writer = {
        let sent = sent.clone();
        thread::spawn(move || peer.write_all(&sent).map(|()| peer))
    };
    let mut received = rig.receive(TOKEN, 1);
    while received.len() < sent.len() {
        let missing = sent.len() - received.len();
        rig.driver.fill(TOKEN, MessageBuffer::new(std::mem::take(&mut received), missing));
        for _ in 0..POLLS_MAX {
            rig.driver.poll(WAIT).expect("the ring works");
            match rig.driver.next() {
                Some(Completion::Filled(TOKEN, buffer, _)) => {
                    received = buffer.into_bytes();
                    break;
                }
                None => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(!received.is_empty(), "it came back");
    }
    assert!(received == sent);
    writer.join().expect("it does not panic").expect("the driver reads");
}

#[test]
fn whoever_is_accepted_and_not_attached_is_closed() {
    let mut rig = Rig::new();
    let mut peer = TcpStream::connect(rig.address).expect("it listens");
    peer.set_read_timeout(WAIT).expect("it is not zero");
    let mut transfer = None;
    while transfer.is_none() {
        rig.driver.poll(WAIT).expect("the ring works");
        if let Some(Completion::Accepted(accepted, _)) = rig.driver.next() {
            transfer = Some(accepted);
        }
    }
    let mut other = Uring::new(None).expect("there are descriptors");
    let refused = other.attach(TOKEN, transfer.take().expect("it was accepted"));
    assert!(refused.is_err(), "a direct descriptor is no other ring's");
    // The driver is woken for that.
    rig.driver.poll(WAIT).expect("the ring works");
    while rig.driver.next().is_some() {}
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    assert_eq!(peer.read(&mut [0]).expect("no reset"), 0);
}

#[test]
fn a_driver_with_something_in_flight_is_of_no_use_to_another_thread() {
    let mut rig = Rig::new();
    let _peer = rig.connect(TOKEN);
    assert_eq!(rig.driver.send(TOKEN, &mut queue_of(10)), Sending::InFlight);
    let mut driver = rig.driver;
    let thread = thread::spawn(move || {
        driver.poll(Some(Duration::ZERO)).is_err()
            || std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| driver.next().is_none()))
                .is_err()
    });
    assert!(thread.join().expect("neither does dropping it panic"), "it was refused");
}

/// More than there are buffers at first.
const PEERS: u32 = 100;

#[test]
fn what_was_kept_while_paused_goes_into_a_buffer_before_what_came_behind_it() {
    let mut rig = Rig::new();
    rig.driver.kernel.unlikely.is_old = true;
    let mut peer = rig.connect(TOKEN);
    let sent: Vec<u8> = (0..400_000).map(|index| (index % 251) as u8).collect();
    peer.write_all(&sent[..300_000]).expect("the kernel takes it");
    let mut received = rig.receive(TOKEN, 1);
    rig.driver.receive(TOKEN, Receive::Pause);
    for _ in 0..3 {
        rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
        assert!(rig.driver.next().is_none(), "it is paused");
    }
    peer.write_all(&sent[300_000..]).expect("the kernel takes it");
    rig.driver.receive(TOKEN, Receive::Lend);
    // One piece is told, and the others are taken from the kernel.
    received.extend(rig.receive(TOKEN, 1));
    while received.len() < sent.len() {
        let missing = sent.len() - received.len();
        rig.driver.fill(TOKEN, MessageBuffer::new(std::mem::take(&mut received), missing));
        while received.is_empty() {
            rig.driver.poll(WAIT).expect("the ring works");
            match rig.driver.next() {
                Some(Completion::Filled(TOKEN, buffer, _)) => received = buffer.into_bytes(),
                None => {}
                Some(_) => panic!("something else came before it"),
            }
        }
    }
    assert!(received == sent);
}

#[test]
fn no_receive_brings_more_than_a_little_before_anybody_has_looked() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    let writer = thread::spawn(move || peer.write_all(&[7; 1 << 20]).map(|()| peer));
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    let mut brought = 0;
    for _ in 0..POLLS_MAX {
        let Some(done) = rig.driver.kernel.next() else {
            rig.driver.kernel.enter(WAIT).expect("the ring works");
            continue;
        };
        let Done::Received { result: Ok(Some(piece)), goes_on, .. } = done else {
            panic!("{done:?} after {brought} bytes");
        };
        brought += piece.size();
        rig.driver.kernel.give_back(piece);
        if !goes_on {
            let bound = kernel::AHEAD_SIZE_MAX as usize;
            assert!((bound..bound + RECEIVE_SIZE).contains(&brought), "{brought} bytes");
            drop(rig);
            let _broken = writer.join().expect("it does not panic");
            return;
        }
    }
    panic!("{brought} bytes, and it goes on");
}
