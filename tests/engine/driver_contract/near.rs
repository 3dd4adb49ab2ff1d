//! A driver under test, and what it has told.

use super::far::{Far, FarPeer};
use sockeye::buffer::SendQueue;
use sockeye::driver::{Completion, Driver, Sending, Stream, Token};
use std::io::ErrorKind;
use std::time::Duration;

/// A driver, and what it has told.
pub(super) struct Near<D: Driver> {
    pub(super) driver: D,
    /// Accepted connections are attached under these names, in their order.
    pub(super) names: u32,
    pub(super) told: Vec<(Token, Told)>,
    pub(super) detached: Vec<D::Transfer>,
    /// Queues that are with the worker, as far as they have not left.
    pub(super) queue: SendQueue,
    /// May be told although the worker did not want it any more.
    pub(super) allows_late: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Accepted,
    Connected,
    Received(Vec<u8>),
    Filled(Vec<u8>),
    Ended,
    Sent,
    Writable,
    Detached,
    Closed(Option<ErrorKind>),
}

impl<D: Driver> Near<D> {
    pub(super) fn new(driver: D, allows_late: bool) -> Self {
        Self {
            driver,
            names: 0,
            told: Vec::new(),
            detached: Vec::new(),
            queue: SendQueue::default(),
            allows_late,
        }
    }

    /// One poll and all that it tells. Checks what must hold within one.
    pub(super) fn poll(&mut self) {
        let wait = Some(Duration::from_millis(5));
        self.driver.poll(wait).expect("waiting works");
        self.pull();
    }

    /// What a poll tells.
    pub(super) fn pull(&mut self) {
        let first = self.told.len();
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
                Completion::Connected(token) => (token, Told::Connected),
                Completion::Detached(token, transfer) => {
                    self.detached.push(transfer);
                    (token, Told::Detached)
                }
                Completion::Writable(token) => (token, Told::Writable),
                Completion::Closed(token, error) => {
                    (token, Told::Closed(error.map(|error| error.kind())))
                }
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
                let is_last = matches!(earlier, Told::Closed(_) | Told::Detached);
                assert!(!is_last, "{told:?} after the last word");
                assert!(*told != Told::Connected, "it was told of {earlier:?} before");
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
    pub(super) fn until(
        &mut self,
        mut meanwhile: impl FnMut(),
        is_there: impl Fn(&[(Token, Told)]) -> bool,
    ) {
        for _ in 0..POLLS_MAX {
            if is_there(&self.told) {
                return;
            }
            meanwhile();
            self.poll();
        }
        panic!("waited in vain; told: {:?}", self.told);
    }

    pub(super) fn until_told(&mut self, what: &Told) {
        self.until(|| (), |told| told.iter().any(|(_, told)| told == what));
    }

    pub(super) fn until_closed(&mut self) {
        self.until(|| (), |told| matches!(told.last(), Some((_, Told::Closed(_)))));
    }

    pub(super) fn accepted<F: Far>(&mut self, far: &F) -> F::Peer {
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

    /// Polls for a while in which nothing is expected.
    pub(super) fn linger(&mut self) {
        for _ in 0..10 {
            self.poll();
        }
    }

    pub(super) fn received(&self) -> Vec<u8> {
        received(&self.told)
    }

    /// Sends all of `bytes`, however many turns that takes, while `peer` reads; answers what it read.
    pub(super) fn send_all(
        &mut self,
        token: Token,
        bytes: &[u8],
        peer: &mut impl FarPeer,
    ) -> Vec<u8> {
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
                waits_for = match self.driver.send(token, &mut self.queue) {
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

pub(super) fn received(told: &[(Token, Told)]) -> Vec<u8> {
    let bytes = told.iter().filter_map(|(_, told)| match told {
        Told::Received(bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    bytes.collect::<Vec<_>>().concat()
}

pub(super) const fn name(number: u32) -> Token {
    Token { slot: number, generation: number + 7 }
}

pub(super) fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index % 251) as u8).collect()
}

/// Until something happens on the far side of a loopback connection, too.
pub(super) fn until_read(
    peer: &mut impl FarPeer,
    near: &mut Near<impl Driver>,
    expected: Stream,
) -> Vec<u8> {
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

/// Enough for the slowest machine; on the simulated network time does not count.
pub(super) const POLLS_MAX: usize = 10_000;
