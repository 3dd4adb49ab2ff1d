//! RFC 6455 sections 5.2 and 9: without an extension, the reserved bits mean nothing and are refused.

use crate::support::{Frame, Outcome, OwnedEvent, Scenario};
use sockeye::protocol::ProtocolError;

#[test]
fn every_reserved_bit_is_refused_in_every_frame() {
    let expected = Outcome::error(ProtocolError::ReservedBitSet);
    for scenario in Scenario::both() {
        for bits in 1..8 {
            for opcode in [0x1, 0x2, 0x8, 0x9, 0xA] {
                let frame = Frame::new(opcode, "").reserved(bits);
                assert_eq!(scenario.receives([frame]), expected, "{bits:03b} {opcode:#x}");
            }
            let first = Frame::text("").unfinished().reserved(bits);
            assert_eq!(scenario.receives([first]), expected);
            let last = Frame::continuation("").reserved(bits);
            assert_eq!(scenario.clone().in_fragmented_text().receives([last]), expected);
        }
    }
}

#[test]
fn a_reserved_bit_after_good_messages_ends_them() {
    for scenario in Scenario::both() {
        for bits in 1..8 {
            let frames =
                [Frame::text("good"), Frame::text("bad").reserved(bits), Frame::text("late")];
            assert_eq!(
                scenario.receives(frames),
                Outcome::events([OwnedEvent::text("good")])
                    .then_error(ProtocolError::ReservedBitSet)
            );
        }
    }
}
