//! RFC 6455 section 5.3: each frame has a fresh masking key.

use super::{open, written};
use std::collections::HashSet;

#[test]
fn every_frame_has_a_masking_key_of_its_own() {
    const FRAMES: usize = 5000;
    let (mut socket, bytes) = open([]);
    for _ in 0..FRAMES {
        socket.send("the same").unwrap();
    }
    let frames = written(&bytes);
    assert_eq!(frames.len(), FRAMES);
    let keys: HashSet<_> = frames.iter().map(|frame| frame.mask).collect();
    // Of five thousand numbers below 2^32 more than two pairs are equal less than once in 10^8 runs.
    assert!(keys.len() >= FRAMES - 2, "{} keys", keys.len());
    // Each bit of a key is set about as often as not: the odds of one in three are far below 10^-100.
    for bit in 0..32 {
        let set = frames.iter().filter(|f| u32::from_be_bytes(f.mask) >> bit & 1 == 1).count();
        assert!((FRAMES / 3..FRAMES * 2 / 3).contains(&set), "bit {bit} is set in {set}");
    }
}

#[test]
fn threads_do_not_share_their_masking_keys() {
    let draw = || (0..2000).map(|_| sockeye::random::mask_key()).collect::<HashSet<_>>();
    let theirs = std::thread::spawn(draw).join().unwrap();
    assert!(draw().intersection(&theirs).count() < 3);
}
