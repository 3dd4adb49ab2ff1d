//! The memory that large frames are filled into: set aside step by step, as its use becomes likely.

use crate::support::{Frame, Random, Scenario, receive};
use sockeye::limits::{FILL_SIZE_MAX, FILL_SIZE_MIN, FILL_TRUST_SIZE};
use sockeye::protocol::{Connection, Event, Input, Payload};

#[test]
fn a_claim_is_believed_by_one_small_step_until_some_of_it_has_arrived() {
    for scenario in Scenario::both() {
        let scenario = scenario.message_size_max(usize::MAX);
        for claimed in [1 << 30, u64::from(u32::MAX)] {
            let header = scenario.incoming([Frame::binary("").claiming(claimed)]);
            let mut connection = scenario.connect();
            receive(&mut connection, &[&header]);
            let mut arrived = 0;
            while arrived < FILL_TRUST_SIZE {
                let (mut buffer, wanted) = connection.poll_fill().expect("almost all is missing");
                assert!(wanted >= 4096 && buffer.capacity() <= 2 * FILL_TRUST_SIZE);
                buffer.resize(buffer.len() + 4096, 0);
                arrived += 4096;
                assert!(connection.handle_fill(buffer, 4096).unwrap().is_none());
            }
            while arrived < FILL_SIZE_MAX {
                let (mut buffer, wanted) = connection.poll_fill().expect("almost all is missing");
                assert!(buffer.capacity() <= 2 * arrived + FILL_SIZE_MAX);
                buffer.resize(buffer.len() + wanted, 0);
                arrived += wanted;
                assert!(connection.handle_fill(buffer, wanted).unwrap().is_none());
            }
        }
    }
}

#[test]
fn the_room_that_a_buffer_has_is_filled_before_it_grows() {
    for scenario in Scenario::both() {
        let mut bytes = scenario.incoming([Frame::binary("").claiming(500_000)]);
        let mut connection = scenario.connect();
        let mut input = Input::with_spare(&mut bytes, Vec::with_capacity(200_000));
        assert!(connection.handle_input(&mut input).unwrap().is_none());
        for left in [200_000, 150_000, 100_000] {
            let (mut buffer, wanted) = connection.poll_fill().expect("a large frame");
            assert_eq!((wanted, buffer.capacity()), (left, 200_000));
            buffer.resize(buffer.len() + 50_000, 0);
            assert!(connection.handle_fill(buffer, 50_000).unwrap().is_none());
        }
    }
}

#[test]
fn a_claim_that_is_read_through_plain_input_sets_nothing_aside() {
    for scenario in Scenario::both() {
        let scenario = scenario.message_size_max(1 << 30);
        let mut bytes = scenario.incoming([Frame::binary("").claiming(1 << 30)]);
        bytes.extend([0; 1000]);
        let mut connection = scenario.connect();
        receive(&mut connection, &[&bytes]);
        let (buffer, _) = connection.poll_fill().expect("almost all is missing");
        assert!(buffer.capacity() <= 1000 + FILL_TRUST_SIZE);
    }
}

#[test]
fn a_message_in_one_large_frame_gets_a_buffer_of_its_size() {
    for scenario in Scenario::both() {
        // In the smaller one, doubling what the first step set aside would be more than the message needs.
        for size in [FILL_TRUST_SIZE + FILL_SIZE_MIN + 200, 300_000] {
            let payload = Random::new(1).bytes(size);
            let bytes = scenario.incoming([Frame::binary(&payload)]);
            let mut connection = scenario.connect();
            receive(&mut connection, &[&bytes[..100]]);
            let buffer = fill_to_the_end(&mut connection, &bytes[100..]);
            assert!(buffer == payload);
            assert_eq!(buffer.capacity(), payload.len());
            assert!(!connection.is_receiving());
        }
    }
}

/// Fills all of a frame's rest, and returns the buffer of the message that it completes.
fn fill_to_the_end(connection: &mut Connection, mut rest: &[u8]) -> Vec<u8> {
    loop {
        let (mut buffer, wanted) = connection.poll_fill().expect("the frame is incomplete");
        buffer.extend_from_slice(&rest[..wanted]);
        rest = &rest[wanted..];
        let event = connection.handle_fill(buffer, wanted);
        let Some(event) = event.expect("a valid frame") else {
            continue;
        };
        let Event::Message(received) = event else {
            panic!("{event:?}");
        };
        let Payload::Assembled(buffer) = received.into_payload() else {
            panic!("it was filled");
        };
        assert!(rest.is_empty());
        return buffer;
    }
}

#[test]
fn many_large_fragments_do_not_move_the_message_once_each() {
    let scenario = Scenario::server().message_size_max(1 << 24);
    let size = FILL_SIZE_MIN;
    let mut connection = scenario.connect();
    let mut capacities = Vec::new();
    for number in 0..300 {
        let opcode = if number == 0 { 0x2 } else { 0x0 };
        let bytes = scenario.incoming([Frame::new(opcode, vec![1; size]).unfinished()]);
        // Nothing but the header: the buffer grows by fills alone.
        let (header, payload) = bytes.split_at(bytes.len() - size);
        receive(&mut connection, &[header]);
        let (mut buffer, wanted) = connection.poll_fill().expect("a large frame");
        assert_eq!(wanted, size);
        capacities.push(buffer.capacity());
        buffer.extend_from_slice(payload);
        assert!(connection.handle_fill(buffer, size).unwrap().is_none());
    }
    capacities.dedup();
    assert!(capacities.len() < 20, "{capacities:?}");
    assert!(*capacities.last().expect("300 of them") <= 2 * 300 * size);
}

/// A buffer that doubles would end at up to twice of what its message may have.
#[test]
fn a_message_under_way_holds_no_more_memory_than_a_message_may_have() {
    let scenario = Scenario::server().message_size_max(100_000);
    for (size, is_filled) in [(1, false), (999, false), (FILL_SIZE_MIN, true)] {
        let mut connection = scenario.connect();
        let mut held_max = 0;
        for number in 0..100_000 / size {
            let opcode = if number == 0 { 0x2 } else { 0x0 };
            let bytes = scenario.incoming([Frame::new(opcode, vec![1; size]).unfinished()]);
            let (header, payload) = bytes.split_at(bytes.len() - size);
            receive(&mut connection, &[header]);
            if is_filled {
                let (mut buffer, wanted) = connection.poll_fill().expect("a large frame");
                held_max = held_max.max(buffer.capacity());
                buffer.extend_from_slice(payload);
                assert!(connection.handle_fill(buffer, wanted).unwrap().is_none());
            } else {
                receive(&mut connection, &[payload]);
            }
            held_max = held_max.max(connection.assembled_capacity());
        }
        assert!((90_000..=100_000).contains(&held_max), "{held_max} bytes for pieces of {size}");
    }
}
