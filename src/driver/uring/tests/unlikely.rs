//! What a kernel does seldom, or is too new to do: the tests make it so.

use super::*;

#[test]
fn what_an_old_kernel_knows_is_found_out_before_anybody_receives() {
    let mut rig = Rig::new();
    rig.driver.kernel.unlikely.is_old = true;
    // All receive for the first time from the same poll on.
    let peers: Vec<_> = (0..3).map(|_| TcpStream::connect(rig.address)).collect();
    let mut transfers = Vec::new();
    while transfers.len() < peers.len() {
        rig.driver.poll(WAIT).expect("the ring works");
        while let Some(completion) = rig.driver.next() {
            if let Completion::Accepted(transfer, _) = completion {
                transfers.push(transfer);
            }
        }
    }
    for (slot, transfer) in transfers.into_iter().enumerate() {
        let token = Token { slot: slot as u32, generation: 1 };
        rig.driver.attach(token, transfer).expect("it is watched");
    }
    for peer in &peers {
        let mut peer = peer.as_ref().expect("it listens");
        peer.write_all(b"x").expect("the kernel takes it");
    }
    let mut received = 0;
    for _ in 0..POLLS_MAX {
        rig.driver.poll(WAIT).expect("the ring works");
        while let Some(completion) = rig.driver.next() {
            match completion {
                Completion::Received(_, bytes) if *bytes == b"x" => received += 1,
                other => panic!("{other:?} after {received}"),
            }
        }
        if received == peers.len() {
            return;
        }
    }
    panic!("{received} of {} have received", peers.len());
}

impl Rig {
    /// Polls until so many operations are under way, and nothing is told meanwhile.
    pub(super) fn until_under_way(&mut self, count: usize) {
        for _ in 0..100 {
            self.driver.poll(Some(Duration::from_millis(20))).expect("the ring works");
            assert!(self.driver.next().is_none());
            if self.driver.kernel.under_way() == count {
                return;
            }
        }
        panic!("{} are under way and not {count}", self.driver.kernel.under_way());
    }

    /// Polls until accepting has failed for want of a place.
    fn until_full(&mut self) {
        for _ in 0..100 {
            self.driver.poll(Some(Duration::from_millis(20))).expect("the ring works");
            match self.driver.next() {
                Some(Completion::AcceptFailed(error)) => {
                    return assert_eq!(error.raw_os_error(), Some(libc::ENFILE));
                }
                None => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("accepting did not fail");
    }

    /// Polls until this peer has a connection, under this name.
    fn until_accepted(&mut self, token: Token, peer: &TcpStream) {
        for _ in 0..100 {
            self.driver.poll(Some(Duration::from_millis(20))).expect("the ring works");
            match self.driver.next() {
                Some(Completion::Accepted(transfer, from)) => {
                    assert_eq!(Some(from), peer.local_addr().ok());
                    return self.driver.attach(token, transfer).expect("it is watched");
                }
                None => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("nobody was accepted");
    }
}

#[test]
fn a_receive_that_a_cancel_has_missed_is_cancelled_again() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    let receiving = rig.driver.kernel.under_way();
    rig.driver.kernel.unlikely.misses = 2;
    rig.driver.receive(TOKEN, Receive::Pause);
    rig.until_under_way(receiving - 1);
    rig.driver.receive(TOKEN, Receive::Lend);
    peer.write_all(b"x").expect("the kernel takes it");
    assert_eq!(rig.receive(TOKEN, 1), b"x");
}

#[test]
fn a_connection_that_a_cancel_has_missed_is_closed_although_its_peer_is_silent() {
    let mut rig = Rig::new();
    let _peer = rig.connect(TOKEN);
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    rig.driver.kernel.unlikely.misses = 2;
    rig.driver.close(TOKEN, Close::Linger);
    for _ in 0..100 {
        rig.driver.poll(Some(Duration::from_millis(20))).expect("the ring works");
        match rig.driver.next() {
            Some(Completion::Closed(TOKEN, None)) => return,
            None => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("it is not closed");
}

#[test]
fn a_buffer_that_is_being_filled_is_taken_from_the_kernel_however_often_it_was_to_go_on() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    let mut stranger = rig.connect(Token { slot: 0, generation: 1 });
    peer.write_all(b"x").expect("the kernel takes it");
    assert_eq!(rig.receive(TOKEN, 1), b"x");
    let receiving = rig.driver.kernel.under_way();
    rig.driver.fill(TOKEN, MessageBuffer::new(Vec::new(), 1 << 20));
    rig.until_under_way(receiving);
    rig.driver.kernel.unlikely.misses = 1;
    rig.driver.receive(TOKEN, Receive::Lend);
    rig.driver.receive(TOKEN, Receive::Pause);
    rig.until_under_way(receiving - 1);
    stranger.write_all(b"y").expect("the kernel takes it");
    assert_eq!(rig.receive(Token { slot: 0, generation: 1 }, 1), b"y");
}

#[test]
fn accepting_that_cancels_have_missed_is_cancelled_again() {
    let mut rig = Rig::new();
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    let accepting = rig.driver.kernel.under_way();
    rig.driver.kernel.unlikely.misses = 20;
    rig.driver.accept(false);
    rig.until_under_way(accepting - 16);
    let peer = TcpStream::connect(rig.address).expect("it listens");
    rig.until_under_way(accepting - 16);
    rig.driver.accept(true);
    rig.until_accepted(TOKEN, &peer);
}

#[test]
fn who_comes_when_the_table_is_full_waits_until_there_is_a_place() {
    let mut rig = Rig::new();
    rig.driver.kernel.have_places(2);
    let mut peers = vec![rig.connect(TOKEN), rig.connect(OTHER)];
    for _ in 0..3 {
        rig.driver.poll(Some(Duration::from_millis(20))).expect("the ring works");
        assert!(rig.driver.next().is_none(), "nobody waits");
    }
    for generation in 1..4 {
        let next = Token { generation, ..TOKEN };
        let mut peer = TcpStream::connect(rig.address).expect("it listens");
        rig.until_full();
        rig.driver.poll(Some(Duration::from_millis(20))).expect("the ring works");
        assert!(rig.driver.next().is_none(), "it does not try again by itself");
        rig.driver.accept(true);
        rig.until_full();
        let last =
            if generation == 1 { TOKEN } else { Token { generation: generation - 1, ..TOKEN } };
        rig.driver.close(last, Close::Linger);
        assert!(rig.until_closed(last).is_none());
        rig.driver.accept(true);
        rig.until_accepted(next, &peer);
        peer.write_all(b"x").expect("nobody has closed it");
        assert_eq!(rig.receive(next, 1), b"x");
        peers.push(peer);
    }
}

#[test]
fn a_receive_that_fails_gives_its_buffer_back() {
    let mut rig = Rig::new();
    let mut peer = rig.connect(TOKEN);
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    assert!(rig.driver.next().is_none());
    let kernel = &mut rig.driver.kernel;
    let at_first = kernel.buffers_given();
    for _ in 0..=at_first {
        peer.write_all(b"x").expect("the kernel takes it");
        kernel.enter(WAIT).expect("the ring works");
        let piece = match kernel.next() {
            Some(Done::Received { result: Ok(Some(piece)), .. }) => piece,
            other => panic!("no buffer was left: {other:?}"),
        };
        // As if the kernel had failed with the buffer in its hands.
        let failed = Err(io::ErrorKind::ConnectionReset.into());
        assert!(kernel.received(failed, Some(piece.buffer())).is_err());
    }
}

#[test]
fn a_waker_that_cannot_be_watched_is_tried_again_with_every_other_poll() {
    let mut rig = Rig::new();
    rig.driver.kernel.unlikely.watches_failing = 10;
    for _ in 0..10 {
        rig.driver.poll(WAIT).expect("the ring works");
        assert!(rig.driver.next().is_none(), "nobody has woken it");
    }
    assert_eq!(rig.driver.kernel.unlikely.watches_failing, 5);
    rig.driver.waker().wake();
    for _ in 0..20 {
        rig.driver.poll(WAIT).expect("the ring works");
        if let Some(Completion::Woken) = rig.driver.next() {
            return;
        }
    }
    panic!("it was not woken");
}

#[test]
fn an_alarm_that_cannot_be_watched_is_tried_again_and_not_slept_over() {
    let mut rig = Rig::new();
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    let others = rig.driver.kernel.under_way();
    rig.driver.kernel.unlikely.watches_failing = 3;
    let moment = clock::now() + Duration::from_millis(5);
    rig.in_time(|rig| {
        while clock::now() < moment || rig.driver.kernel.unlikely.watches_failing > 0 {
            rig.driver.poll_until(moment, clock::now).expect("the ring works");
            assert!(rig.driver.next().is_none(), "it slept until somebody woke it");
        }
    });
    rig.until_under_way(others + 1);
}

#[test]
fn whoever_waits_in_front_of_the_ring_is_not_slept_over() {
    let mut rig = Rig::new();
    let _peer = rig.connect(TOKEN);
    rig.driver.poll(Some(Duration::ZERO)).expect("the ring works");
    assert!(rig.driver.next().is_none());
    let kernel = &mut rig.driver.kernel;
    kernel.unlikely.is_busy = true;
    let socket = &rig.driver.sockets[TOKEN.slot as usize].as_ref().expect("it is open").handle;
    // The ring is full of what lasts.
    for _ in 0..1024 {
        kernel.poll_failed(TOKEN.slot, socket);
    }
    // This is through at once, if it begins.
    kernel.stop_accept(u64::MAX);
    let waker = rig.driver.waker();
    let (done, is_done) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if is_done.recv_timeout(Duration::from_secs(5)).is_err() {
            waker.wake();
        }
    });
    let kernel = &mut rig.driver.kernel;
    let found = (0..3).find_map(|_| {
        kernel.enter(None).expect("the ring works");
        kernel.next()
    });
    assert!(matches!(found, Some(Done::AcceptStopped)), "{found:?} in its place");
    done.send(()).expect("it listens");
    watch.join().expect("it does not panic");
}
