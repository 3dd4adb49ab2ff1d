//! Connections that go from one driver to another.

use super::connecting::made;
use super::far::{Far, FarPeer};
use super::near::{Near, POLLS_MAX, Told, bytes, name, received, until_read};
use sockeye::driver::{Close, Driver, Receive, Stream, Token};
use std::io::ErrorKind;
use std::thread;

/// Takes the first connection from `near` and gives it, under the name [`NEXT`], to a driver in another thread. There
/// `check` gets what `near` was told in the meantime.
fn hand_over<F: Far>(
    near: &mut Near<F::Driver>,
    far: &F,
    check: impl FnOnce(&mut Near<F::Driver>, Vec<u8>) + Send,
) {
    near.driver.detach(name(0));
    near.until_told(&Told::Detached);
    assert_eq!(near.told.last(), Some(&(name(0), Told::Detached)));
    let transfer = near.detached.pop().expect("it was told");
    let (before, allows_late) = (near.received(), near.allows_late);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut next = Near::new(far.another_driver(), allows_late);
            next.driver.attach(NEXT, transfer).expect("it can watch");
            check(&mut next, before);
        });
    });
    // The old name is nobody's.
    let told = near.told.len();
    near.linger();
    assert_eq!(near.told.len(), told);
}

pub(super) fn what_nobody_has_received_reaches_the_next_driver<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    let mut peer = near.accepted(far);
    near.driver.receive(name(0), Receive::Pause);
    assert_eq!(peer.write(b"unread"), 6);
    hand_over(&mut near, far, |next, before| {
        let is_all = |told: &[_]| [&before[..], &received(told)].concat() == b"unread";
        next.until(|| (), is_all);
        assert_eq!(next.send_all(NEXT, b"answer", &mut peer), b"answer");
        assert_eq!(peer.write(b"more"), 4);
        next.until(|| (), |told| received(told).ends_with(b"more"));
    });
}

pub(super) fn an_end_that_nobody_has_found_is_found_by_the_next_driver<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    let mut peer = near.accepted(far);
    near.driver.receive(name(0), Receive::Pause);
    assert_eq!(peer.write(b"last words"), 10);
    peer.end();
    hand_over(&mut near, far, |next, before| {
        next.until_told(&Told::Ended);
        assert_eq!([before, next.received()].concat(), b"last words");
    });
    assert!(!near.told.contains(&(name(0), Told::Ended)));
}

pub(super) fn an_end_that_was_told_is_told_again<F: Far>(mut near: Near<F::Driver>, far: &F) {
    let mut peer = near.accepted(far);
    peer.end();
    near.until_told(&Told::Ended);
    hand_over(&mut near, far, |next, _| {
        next.until_told(&Told::Ended);
        assert_eq!(next.send_all(NEXT, b"goodbye", &mut peer), b"goodbye");
    });
}

pub(super) fn a_connection_that_was_made_can_be_handed_over<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    let mut peer = made(&mut near, far, name(0));
    hand_over(&mut near, far, |next, _| {
        assert_eq!(next.send_all(NEXT, b"hello", &mut peer), b"hello");
        assert_eq!(peer.write(b"hello to you"), 12);
        next.until(|| (), |told| received(told) == b"hello to you");
    });
}

pub(super) fn a_stream_stays_whole_however_often_it_is_handed_over<F: Far>(
    mut near: Near<F::Driver>,
    far: &F,
) {
    let mut peer = near.accepted(far);
    let sent = bytes(300_000);
    let (mut rest, mut arrived) = (&sent[..], Vec::new());
    let mut next = Near::new(far.another_driver(), near.allows_late);
    let mut token = name(0);
    for turn in 0..TURNS {
        let (from, to) =
            if turn % 2 == 0 { (&mut near, &mut next) } else { (&mut next, &mut near) };
        from.until(|| rest = &rest[peer.write(&rest[..rest.len().min(5000)])..], has_received);
        from.driver.detach(token);
        from.until_told(&Told::Detached);
        arrived.extend(from.received());
        from.told.clear();
        token = Token { slot: 0, generation: 100 + turn };
        let transfer = from.detached.pop().expect("it was told");
        to.driver.attach(token, transfer).expect("it can watch");
    }
    for _ in 0..POLLS_MAX {
        if arrived.len() + near.received().len() == sent.len() {
            break;
        }
        rest = &rest[peer.write(rest)..];
        near.poll();
    }
    arrived.extend(near.received());
    assert!(arrived == sent);
}

fn has_received(told: &[(Token, Told)]) -> bool {
    !received(told).is_empty()
}

pub(super) fn who_is_not_there_cannot_be_handed_over<F: Far>(mut near: Near<F::Driver>, far: &F) {
    near.driver.detach(name(9));
    let mut peer = near.accepted(far);
    near.driver.detach(Token { generation: 1, ..name(0) });
    assert_eq!(peer.write(b"x"), 1);
    near.until(|| (), |told| received(told) == b"x");
    near.driver.detach(name(0));
    near.driver.detach(name(0));
    near.until_told(&Told::Detached);
    near.driver.detach(name(0));
    near.linger();
    assert_eq!(near.detached.len(), 1);
    let closed = name(1);
    near.accepted(far);
    near.driver.close(closed, Close::Linger);
    near.driver.detach(closed);
    near.until_closed();
    near.driver.detach(closed);
    near.linger();
    assert_eq!(near.detached.len(), 1);
}

pub(super) fn a_reset_is_found_here_or_there<F: Far>(mut near: Near<F::Driver>, far: &F) {
    let expected = Told::Closed(Some(ErrorKind::ConnectionReset));
    let peer = near.accepted(far);
    peer.reset();
    near.driver.detach(name(0));
    near.until(|| (), |told| told.last() != Some(&(name(0), Told::Accepted)));
    let Some(transfer) = near.detached.pop() else {
        assert_eq!(near.told.last(), Some(&(name(0), expected)));
        return;
    };
    near.driver.attach(NEXT, transfer).expect("it can watch");
    near.until_closed();
    assert_eq!(near.told.last(), Some(&(NEXT, expected)));
}

pub(super) fn who_is_handed_to_nobody_is_closed<F: Far>(mut near: Near<F::Driver>, far: &F) {
    let mut peer = near.accepted(far);
    near.driver.detach(name(0));
    near.until_told(&Told::Detached);
    drop(near.detached.pop());
    until_read(&mut peer, &mut near, Stream::Ended);
}

const NEXT: Token = Token { slot: 5, generation: 3 };

const TURNS: u32 = 20;

const _: () = assert!(TURNS.is_multiple_of(2), "the first driver has it in the end");
