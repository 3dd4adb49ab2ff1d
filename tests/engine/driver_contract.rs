//! The contract of `driver/mod.rs`, on real sockets and on simulated ones: what is true of one driver is true of all.

use sockeye::buffer::{MessageBuffer, SendQueue};
use sockeye::driver::{
    Close, Completion, Driver, Epoll, Network, Peer, Receive, Sending, Simulated, Stream, Token,
    Waker, Weather,
};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// The far side of a driver.
trait Far {
    type Peer: FarPeer;
    fn connect(&self) -> Self::Peer;
}

/// One far end. Nothing here waits.
trait FarPeer {
    fn write(&mut self, bytes: &[u8]) -> usize;
    /// What has arrived, or how it ended: `Ended` and `Reset` come behind all bytes.
    fn read(&mut self) -> Result<Vec<u8>, Stream>;
    fn end(&mut self);
    fn reset(self);
}

impl Far for SocketAddr {
    type Peer = TcpStream;

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self).expect("the listener is there");
        stream.set_nonblocking(true).expect("sockets can do that");
        stream
    }
}

impl FarPeer for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> usize {
        Write::write(self, bytes).unwrap_or(0)
    }

    fn read(&mut self) -> Result<Vec<u8>, Stream> {
        let mut bytes = vec![0; 65536];
        match Read::read(self, &mut bytes) {
            Ok(0) => Err(Stream::Ended),
            Ok(size) => {
                bytes.truncate(size);
                Ok(bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Vec::new()),
            Err(_) => Err(Stream::Reset),
        }
    }

    fn end(&mut self) {
        self.shutdown(std::net::Shutdown::Write).expect("it is open");
    }

    fn reset(self) {
        let socket = socket2::SockRef::from(&self);
        socket.set_linger(Some(Duration::ZERO)).expect("it is open");
    }
}

impl Far for Network {
    type Peer = Peer;

    fn connect(&self) -> Peer {
        Self::connect(self)
    }
}

impl FarPeer for Peer {
    fn write(&mut self, bytes: &[u8]) -> usize {
        Self::write(self, bytes)
    }

    fn read(&mut self) -> Result<Vec<u8>, Stream> {
        let bytes = Self::read(self, 65536);
        match self.incoming() {
            Stream::Open => Ok(bytes),
            _ if !bytes.is_empty() => Ok(bytes),
            over => Err(over),
        }
    }

    fn end(&mut self) {
        Self::end(self);
    }

    fn reset(self) {
        Self::reset(&self);
    }
}

/// A driver, and what it has told.
struct Near<D: Driver> {
    driver: D,
    /// Accepted connections are attached under these names, in their order.
    names: u32,
    told: Vec<(Token, Told)>,
    /// Queues that are with the worker, as far as they have not left.
    queue: SendQueue,
    /// May be told although the worker did not want it any more.
    allows_late: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Accepted,
    Received(Vec<u8>),
    Filled(Vec<u8>),
    Ended,
    Sent,
    Writable,
    Closed(bool),
}

impl<D: Driver> Near<D> {
    fn new(driver: D, allows_late: bool) -> Self {
        Self { driver, names: 0, told: Vec::new(), queue: SendQueue::default(), allows_late }
    }

    /// One poll and all that it tells. Checks what must hold within one.
    fn poll(&mut self) {
        let first = self.told.len();
        let wait = Some(Duration::from_millis(5));
        self.driver.poll(wait).expect("waiting works");
        let mut accepted = Vec::new();
        while let Some(completion) = self.driver.next() {
            let (token, told) = match completion {
                Completion::Accepted(transfer, _) => {
                    accepted.push(transfer);
                    continue;
                }
                Completion::Received(token, bytes) => (token, Told::Received(bytes.to_vec())),
                Completion::Filled(token, buffer, size) => {
                    let bytes = buffer.into_bytes();
                    assert!(size > 0 && size <= bytes.len());
                    (token, Told::Filled(bytes))
                }
                Completion::EndOfStream(token) => (token, Told::Ended),
                Completion::Sent(token, queue) => {
                    let meanwhile = std::mem::replace(&mut self.queue, queue);
                    self.queue.push_queue(meanwhile);
                    (token, Told::Sent)
                }
                Completion::Connected(_) | Completion::Detached(..) => unreachable!("nobody asked"),
                Completion::Writable(token) => (token, Told::Writable),
                Completion::Closed(token, error) => (token, Told::Closed(error.is_some())),
                Completion::Woken => continue,
                Completion::AcceptFailed(error) => panic!("{error}"),
            };
            self.told.push((token, told));
        }
        self.check(first);
        for transfer in accepted {
            let token = name(self.names);
            self.names += 1;
            self.driver.attach(token, transfer).expect("it can watch");
            self.told.push((token, Told::Accepted));
        }
    }

    fn check(&self, first: usize) {
        let is_bytes = |told: &Told| matches!(told, Told::Received(_) | Told::Filled(_));
        for (index, (token, told)) in self.told.iter().enumerate().skip(first) {
            let earlier = self.told[..index].iter().filter(|(of, _)| of == token);
            for (_, earlier) in earlier {
                assert!(!matches!(earlier, Told::Closed(_)), "{told:?} after the last word");
                if *earlier == Told::Ended {
                    assert!(!is_bytes(told) && *told != Told::Ended, "{told:?} after the end");
                }
            }
            let this_poll = self.told[first..].iter();
            let count = this_poll.filter(|(of, told)| of == token && is_bytes(told));
            assert!(count.count() <= 1, "more than one receive between two polls");
        }
    }

    /// Polls until `is_there`, while the far side does `meanwhile`.
    fn until(&mut self, mut meanwhile: impl FnMut(), is_there: impl Fn(&[(Token, Told)]) -> bool) {
        for _ in 0..POLLS_MAX {
            if is_there(&self.told) {
                return;
            }
            meanwhile();
            self.poll();
        }
        panic!("waited in vain; told: {:?}", self.told);
    }

    fn until_told(&mut self, what: &Told) {
        self.until(|| (), |told| told.iter().any(|(_, told)| told == what));
    }

    fn until_closed(&mut self) {
        self.until(|| (), |told| matches!(told.last(), Some((_, Told::Closed(_)))));
    }

    fn accepted<F: Far>(&mut self, far: &F) -> F::Peer {
        let peer = far.connect();
        let expected = self.names + 1;
        for _ in 0..POLLS_MAX {
            if self.names == expected {
                return peer;
            }
            self.poll();
        }
        panic!("nobody was accepted");
    }

    fn received(&self) -> Vec<u8> {
        received(&self.told)
    }

    /// Sends all of `bytes`, however many turns that takes, while `peer` reads; answers what it read.
    fn send_all(&mut self, bytes: &[u8], peer: &mut impl FarPeer) -> Vec<u8> {
        self.queue.append(|output| output.extend_from_slice(bytes));
        let mut read = Vec::new();
        let mut waits_for = None;
        for _ in 0..POLLS_MAX {
            if let Some(told) = &waits_for {
                if self.told.iter().any(|(_, other)| other == told) {
                    self.told.retain(|(_, other)| other != told);
                    waits_for = None;
                }
            } else if !self.queue.is_empty() {
                waits_for = match self.driver.send(name(0), &mut self.queue) {
                    Sending::Done => None,
                    Sending::Blocked => Some(Told::Writable),
                    Sending::InFlight => Some(Told::Sent),
                };
            }
            read.extend(peer.read().expect("it is open"));
            if read.len() == bytes.len() && waits_for.is_none() && self.queue.is_empty() {
                return read;
            }
            self.poll();
        }
        panic!("{} of {} bytes arrived", read.len(), bytes.len());
    }
}

fn received(told: &[(Token, Told)]) -> Vec<u8> {
    let bytes = told.iter().filter_map(|(_, told)| match told {
        Told::Received(bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    bytes.collect::<Vec<_>>().concat()
}

const fn name(number: u32) -> Token {
    Token { slot: number, generation: number + 7 }
}

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index % 251) as u8).collect()
}

/// Until something happens on the far side of a loopback connection, too.
fn until_read(peer: &mut impl FarPeer, near: &mut Near<impl Driver>, expected: Stream) -> Vec<u8> {
    let mut all = Vec::new();
    for _ in 0..POLLS_MAX {
        match peer.read() {
            Ok(bytes) => all.extend(bytes),
            Err(over) => {
                assert_eq!(over, expected);
                return all;
            }
        }
        near.poll();
    }
    panic!("it does not end");
}

fn bytes_arrive_in_order_and_then_the_end<D: Driver>(mut near: Near<D>, far: &impl Far) {
    let mut peer = near.accepted(far);
    let sent = bytes(200_000);
    let mut rest = &sent[..];
    near.until(|| rest = &rest[peer.write(rest)..], |told| received(told).len() == 200_000);
    assert!(near.received() == sent);
    peer.end();
    near.until_told(&Told::Ended);
    near.poll();
    near.poll();
}

fn an_end_right_behind_the_bytes_is_not_lost<D: Driver>(mut near: Near<D>, far: &impl Far) {
    let mut peer = near.accepted(far);
    assert_eq!(peer.write(b"last words"), 10);
    peer.end();
    near.until_told(&Told::Ended);
    assert_eq!(near.received(), b"last words");
}

fn while_paused_nothing_new_is_received<D: Driver>(mut near: Near<D>, far: &impl Far) {
    let mut peer = near.accepted(far);
    near.driver.receive(name(0), Receive::Pause);
    assert_eq!(peer.write(b"later"), 5);
    peer.end();
    for _ in 0..10 {
        near.poll();
    }
    // It was paused before anything was written, so nothing was under way either.
    assert_eq!(near.told.len(), 1, "{:?}", near.told);
    near.driver.receive(name(0), Receive::Lend);
    near.until_told(&Told::Ended);
    assert_eq!(near.received(), b"later");
}

fn a_fill_takes_its_bytes_and_no_others<D: Driver>(mut near: Near<D>, far: &impl Far) {
    let mut peer = near.accepted(far);
    let sent = bytes(100_010);
    let mut rest = &sent[..];
    let mut buffer = Some(MessageBuffer::new(b"start".to_vec(), 100_000));
    let mut filled = Vec::new();
    for _ in 0..POLLS_MAX {
        if let Some(buffer) = buffer.take() {
            near.driver.fill(name(0), buffer);
        }
        rest = &rest[peer.write(rest)..];
        near.poll();
        if let Some((_, Told::Filled(bytes))) = near.told.last() {
            filled.clone_from(bytes);
            near.told.pop();
            let missing = 100_005 - filled.len();
            if missing == 0 {
                break;
            }
            buffer = Some(MessageBuffer::new(filled.clone(), missing));
        }
    }
    assert!(filled[5..] == sent[..100_000] && filled.starts_with(b"start"));
    near.until(|| rest = &rest[peer.write(rest)..], |told| received(told).len() == 10);
    assert_eq!(near.received(), sent[100_000..]);
}

fn what_is_sent_arrives_whole_and_in_order<D: Driver>(mut near: Near<D>, far: &impl Far) {
    let mut peer = near.accepted(far);
    let sent = bytes(9_000_000);
    let read = near.send_all(&sent, &mut peer);
    assert!(read == sent);
}

fn a_stream_that_was_ended_still_receives<D: Driver>(mut near: Near<D>, far: &impl Far) {
    let mut peer = near.accepted(far);
    let read = near.send_all(b"goodbye", &mut peer);
    assert_eq!(read, b"goodbye");
    near.driver.shutdown_write(name(0));
    assert!(until_read(&mut peer, &mut near, Stream::Ended).is_empty());
    assert_eq!(peer.write(b"and to you"), 10);
    near.until(|| (), |told| received(told) == b"and to you");
}

fn the_last_word_follows_every_close<D: Driver>(mut near: Near<D>, far: &impl Far) {
    for (number, close) in [Close::Linger, Close::Reset].into_iter().enumerate() {
        let mut peer = near.accepted(far);
        near.driver.close(name(number as u32), close);
        near.until_closed();
        assert_eq!(near.told.last(), Some(&(name(number as u32), Told::Closed(false))));
        let expected = match close {
            Close::Linger => Stream::Ended,
            Close::Reset => Stream::Reset,
        };
        until_read(&mut peer, &mut near, expected);
    }
    let _peer = near.accepted(far);
}

fn a_reset_by_the_peer_is_the_last_word<D: Driver>(mut near: Near<D>, far: &impl Far) {
    let peer = near.accepted(far);
    peer.reset();
    near.until_closed();
    assert_eq!(near.told.last(), Some(&(name(0), Told::Closed(true))));
}

fn who_is_not_accepted_waits<D: Driver>(mut near: Near<D>, far: &impl Far) {
    near.driver.accept(false);
    near.poll();
    let mut peers = [far.connect(), far.connect(), far.connect()];
    for _ in 0..10 {
        near.poll();
    }
    let accepted_late = near.names;
    assert!(accepted_late <= u32::from(near.allows_late));
    near.driver.accept(true);
    for peer in &mut peers {
        assert_eq!(peer.write(b"xx"), 2);
    }
    near.until(|| (), |told| received(told) == b"xxxxxx");
}

fn a_waker_ends_the_wait<D: Driver>(mut near: Near<D>, _: &impl Far) {
    let waker: Waker = near.driver.waker();
    let thread = std::thread::spawn(move || waker.wake());
    thread.join().expect("waking does not panic");
    // Without the waker this would never end.
    let woken: io::Result<()> = near.driver.poll(None);
    woken.expect("waiting works");
    assert!(matches!(near.driver.next(), Some(Completion::Woken)));
}

/// Each check becomes a test on real sockets and one on simulated ones, in fair weather and in rough.
macro_rules! on_every_driver {
    ($($check:ident)*) => {
        mod epoll {
            $(#[test]
            fn $check() {
                let listener = super::TcpListener::bind("127.0.0.1:0").expect("a free port");
                let address = listener.local_addr().expect("it is bound");
                let driver = super::Epoll::new(Some(listener)).expect("descriptors");
                super::$check(super::Near::new(driver, false), &address);
            })*
        }

        mod simulated {
            $(#[test]
            fn $check() {
                for seed in 0..10 {
                    let mut weather = if seed == 0 {
                        super::Weather::calm()
                    } else {
                        super::Weather::rough()
                    };
                    weather.receive_bytes_max = 20_000;
                    weather.kernel_bytes_max = 50_000;
                    let (driver, network) = super::Simulated::new(seed, weather);
                    super::$check(super::Near::new(driver, true), &network);
                }
            })*
        }
    };
}

on_every_driver! {
    bytes_arrive_in_order_and_then_the_end
    an_end_right_behind_the_bytes_is_not_lost
    while_paused_nothing_new_is_received
    a_fill_takes_its_bytes_and_no_others
    what_is_sent_arrives_whole_and_in_order
    a_stream_that_was_ended_still_receives
    the_last_word_follows_every_close
    a_reset_by_the_peer_is_the_last_word
    who_is_not_accepted_waits
    a_waker_ends_the_wait
}

/// Enough for the slowest machine; on the simulated network time does not count.
const POLLS_MAX: usize = 10_000;
