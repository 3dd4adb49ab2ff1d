//! What a kernel does seldom, or is too new to do: the tests make it so.

use super::*;

#[test]
fn what_an_old_kernel_knows_is_found_out_before_anybody_receives() {
    let mut rig = Rig::new();
    rig.driver.kernel.be_old();
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
                Completion::Received(_, [b'x']) => received += 1,
                other => panic!("{other:?} after {received}"),
            }
        }
        if received == peers.len() {
            return;
        }
    }
    panic!("{received} of {} have received", peers.len());
}
