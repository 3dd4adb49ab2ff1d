//! Accepting, receiving, sending and closing.

use super::far::{Far, FarPeer};
use super::near::{Near, POLLS_MAX, Told, bytes, name, received, until_read};
use sockeye::buffer::MessageBuffer;
use sockeye::driver::{Close, Completion, Driver, Receive, Stream, Waker};
use std::io::{self, ErrorKind};

pub(super) fn bytes_arrive_in_order_and_then_the_end<F: Far>(mut near: Near<F::Driver>, far: &F) {
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

pub(super) fn an_end_right_behind_the_bytes_is_not_lost<D: Driver>(
    mut near: Near<D>,
    far: &impl Far,
) {
    let mut peer = near.accepted(far);
    assert_eq!(peer.write(b"last words"), 10);
    peer.end();
    near.until_told(&Told::Ended);
    assert_eq!(near.received(), b"last words");
}

pub(super) fn while_paused_nothing_new_is_received<F: Far>(mut near: Near<F::Driver>, far: &F) {
    let mut peer = near.accepted(far);
    near.driver.receive(name(0), Receive::Pause);
    assert_eq!(peer.write(b"later"), 5);
    peer.end();
    near.linger();
    // It was paused before anything was written, so nothing was under way either.
    assert_eq!(near.told.len(), 1, "{:?}", near.told);
    near.driver.receive(name(0), Receive::Lend);
    near.until_told(&Told::Ended);
    assert_eq!(near.received(), b"later");
}

pub(super) fn a_fill_takes_its_bytes_and_no_others<F: Far>(mut near: Near<F::Driver>, far: &F) {
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

pub(super) fn what_is_sent_arrives_whole_and_in_order<D: Driver>(
    mut near: Near<D>,
    far: &impl Far,
) {
    let mut peer = near.accepted(far);
    let sent = bytes(9_000_000);
    let read = near.send_all(name(0), &sent, &mut peer);
    assert!(read == sent);
}

pub(super) fn a_stream_that_was_ended_still_receives<F: Far>(mut near: Near<F::Driver>, far: &F) {
    let mut peer = near.accepted(far);
    let read = near.send_all(name(0), b"goodbye", &mut peer);
    assert_eq!(read, b"goodbye");
    near.driver.shutdown_write(name(0));
    assert!(until_read(&mut peer, &mut near, Stream::Ended).is_empty());
    assert_eq!(peer.write(b"and to you"), 10);
    near.until(|| (), |told| received(told) == b"and to you");
}

pub(super) fn the_last_word_follows_every_close<F: Far>(mut near: Near<F::Driver>, far: &F) {
    for (number, close) in [Close::Linger, Close::Reset].into_iter().enumerate() {
        let mut peer = near.accepted(far);
        near.driver.close(name(number as u32), close);
        near.until_closed();
        assert_eq!(near.told.last(), Some(&(name(number as u32), Told::Closed(None))));
        let expected = match close {
            Close::Linger => Stream::Ended,
            Close::Reset => Stream::Reset,
        };
        until_read(&mut peer, &mut near, expected);
    }
    let _peer = near.accepted(far);
}

pub(super) fn a_reset_by_the_peer_is_the_last_word<F: Far>(mut near: Near<F::Driver>, far: &F) {
    let peer = near.accepted(far);
    peer.reset();
    near.until_closed();
    assert_eq!(near.told.last(), Some(&(name(0), Told::Closed(Some(ErrorKind::ConnectionReset)))));
}

pub(super) fn a_reset_behind_the_end_is_the_last_word<F: Far>(mut near: Near<F::Driver>, far: &F) {
    let mut peer = near.accepted(far);
    peer.end();
    near.until_told(&Told::Ended);
    peer.reset();
    near.until_closed();
    assert!(matches!(near.told.last(), Some((_, Told::Closed(Some(_))))), "{:?}", near.told);
}

pub(super) fn who_is_not_accepted_waits<F: Far>(mut near: Near<F::Driver>, far: &F) {
    near.driver.accept(false);
    near.poll();
    let mut peers = [far.connect(), far.connect(), far.connect()];
    near.linger();
    let accepted_late = near.names;
    assert!(accepted_late <= u32::from(near.allows_late));
    near.driver.accept(true);
    for peer in &mut peers {
        assert_eq!(peer.write(b"xx"), 2);
    }
    near.until(|| (), |told| received(told) == b"xxxxxx");
}

pub(super) fn a_waker_ends_the_wait<F: Far>(mut near: Near<F::Driver>, _: &F) {
    let waker: Waker = near.driver.waker();
    let thread = std::thread::spawn(move || waker.wake());
    thread.join().expect("waking does not panic");
    // Without the waker this would never end.
    let woken: io::Result<()> = near.driver.poll(None);
    woken.expect("waiting works");
    assert!(matches!(near.driver.next(), Some(Completion::Woken)));
}
