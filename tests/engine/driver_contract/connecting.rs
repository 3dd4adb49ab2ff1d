//! Connections that the driver makes.

use super::far::{Far, FarPeer};
use super::near::{Near, POLLS_MAX, Told, bytes, name, received, until_read};
use sockeye::driver::{Close, Driver, Stream, Token};
use std::io::ErrorKind;

/// Connects to who listens; answers the peer.
pub(super) fn made<F: Far>(near: &mut Near<F::Driver>, far: &F, token: Token) -> F::Peer {
    near.driver.connect(token, far.listens()).expect("it can begin");
    let mut peer = None;
    for _ in 0..POLLS_MAX {
        peer = peer.or_else(|| far.accept());
        if near.told.contains(&(token, Told::Connected))
            && let Some(peer) = peer
        {
            return peer;
        }
        near.poll();
    }
    panic!("it is not there; told: {:?}", near.told);
}

pub(super) fn a_connection_that_is_made_is_as_one_that_was_accepted<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    let mut peer = made(&mut near, far, name(0));
    let sent = bytes(100_000);
    assert!(near.send_all(name(0), &sent, &mut peer) == sent);
    let mut rest = &sent[..];
    near.until(|| rest = &rest[peer.write(rest)..], |told| received(told).len() == sent.len());
    assert!(near.received() == sent);
    peer.end();
    near.until_told(&Told::Ended);
    near.driver.close(name(0), Close::Linger);
    near.until_closed();
    until_read(&mut peer, &mut near, Stream::Ended);
}

pub(super) fn who_speaks_first_is_heard_after_the_connection_is_there<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    near.driver.connect(name(0), far.listens()).expect("it can begin");
    let mut peer = None;
    // The kernel makes the connection, and the peer has ended it before the driver has looked once.
    for _ in 0..ACCEPTS_MAX {
        peer = peer.or_else(|| far.accept());
    }
    let mut speak = move || {
        if peer.is_none() {
            peer = far.accept();
        }
        if let Some(peer) = &mut peer
            && peer.write(b"hello") == 5
        {
            peer.end();
        }
    };
    speak();
    near.until(&mut speak, |told| told.contains(&(name(0), Told::Ended)));
    assert_eq!(near.told[0], (name(0), Told::Connected));
    assert_eq!(near.received(), b"hello");
}

pub(super) fn a_peer_that_leaves_at_once_is_heard_of<F: Far>(mut near: Near<F::Driver>, far: &F) {
    near.driver.connect(name(0), far.listens()).expect("it can begin");
    let leave = || far.accept().into_iter().for_each(FarPeer::reset);
    leave();
    near.until(leave, |told| matches!(told.last(), Some((_, Told::Closed(_)))));
    let expected = (name(0), Told::Closed(Some(ErrorKind::ConnectionReset)));
    assert_eq!(near.told.last(), Some(&expected));
    // The worker may or may not have heard before that it was there.
    assert!(near.told.len() == 1 || near.told[0].1 == Told::Connected, "{:?}", near.told);
}

pub(super) fn who_does_not_listen_refuses<F: Far>(mut near: Near<F::Driver>, far: &F) {
    near.driver.connect(name(0), far.refuses()).expect("it can begin");
    near.until_closed();
    near.linger();
    assert_eq!(near.told, [(name(0), Told::Closed(Some(ErrorKind::ConnectionRefused)))]);
}

pub(super) fn who_does_not_answer_is_waited_for_until_the_connection_is_closed<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    near.driver.connect(name(0), far.stalls()).expect("it can begin");
    near.linger();
    assert_eq!(near.told, []);
    near.driver.close(name(0), Close::Reset);
    near.until_closed();
    near.linger();
    assert_eq!(near.told, [(name(0), Told::Closed(None))]);
}

pub(super) fn a_connection_that_is_closed_while_connecting_is_not_there_later<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    for (generation, close) in [Close::Linger, Close::Reset].into_iter().enumerate() {
        let token = Token { slot: 0, generation: generation as u32 };
        near.driver.connect(token, far.listens()).expect("it can begin");
        near.driver.close(token, close);
        near.until_closed();
        near.linger();
        assert_eq!(near.told, [(token, Told::Closed(None))]);
        near.told.clear();
    }
    // Whom the kernel had made a connection with all the same, hears of its end, and of nothing else.
    while let Some(mut peer) = far.accept() {
        assert!(peer.read().map_or(true, |bytes| bytes.is_empty()));
    }
    made(&mut near, far, name(0));
}

pub(super) fn what_fails_at_once_is_never_heard_of_again<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    far.while_it_fails(|address| {
        assert!(near.driver.connect(name(0), address).is_err());
        near.linger();
    });
    assert_eq!(near.told, []);
    made(&mut near, far, name(0));
}

/// Looks into the kernel, which makes connections at once if it makes them at all.
const ACCEPTS_MAX: usize = 3;
