//! What holds for every sequence of frames, shown on random ones.

use crate::support::{
    Frame, Masking, Outcome, OwnedEvent, Scenario, cases, receive, receive_filling,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Something a peer sends: its frames, and the events that they have to become.
#[derive(Clone, Debug)]
struct Sent {
    frames: Vec<Frame>,
    events: Vec<OwnedEvent>,
}

/// A message cut at these places, with the control frames that go before each of its fragments.
fn message(
    is_text: bool,
    payload: Vec<u8>,
    mut cuts: Vec<usize>,
    controls: Vec<(usize, Frame, OwnedEvent)>,
) -> Sent {
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([payload.len()]);
    let mut sent = Sent { frames: Vec::new(), events: Vec::new() };
    for (number, (start, end)) in starts.zip(ends).enumerate() {
        for (_, frame, event) in controls.iter().filter(|(before, ..)| *before == number) {
            sent.frames.push(frame.clone());
            sent.events.push(event.clone());
        }
        let opcode = match (number, is_text) {
            (0, true) => 0x1,
            (0, false) => 0x2,
            _ => 0x0,
        };
        let frame = Frame::new(opcode, &payload[start..end]);
        let is_last = number == cuts.len();
        sent.frames.push(if is_last { frame } else { frame.unfinished() });
    }
    sent.events.push(if is_text {
        OwnedEvent::text(String::from_utf8(payload).expect("made from a string"))
    } else {
        OwnedEvent::binary(payload)
    });
    sent
}

fn any_control() -> impl Strategy<Value = (usize, Frame, OwnedEvent)> {
    (0..6_usize, any::<bool>(), vec(any::<u8>(), 0..=125)).prop_map(|(before, is_ping, payload)| {
        if is_ping {
            (before, Frame::ping(&payload), OwnedEvent::ping(payload))
        } else {
            (before, Frame::pong(&payload), OwnedEvent::pong(payload))
        }
    })
}

fn any_payload() -> impl Strategy<Value = (bool, Vec<u8>)> {
    prop_oneof![
        4 => vec(any::<char>(), 0..80)
            .prop_map(|text| (true, text.into_iter().collect::<String>().into_bytes())),
        4 => vec(any::<u8>(), 0..300).prop_map(|bytes| (false, bytes)),
        1 => (any::<u8>(), 60_000..200_000_usize).prop_map(|(byte, size)| (false, vec![byte; size])),
        1 => (any::<char>(), 20_000..50_000_usize)
            .prop_map(|(text, size)| (true, text.to_string().repeat(size).into_bytes())),
    ]
}

fn any_message() -> impl Strategy<Value = Sent> {
    (any_payload(), vec(any::<prop::sample::Index>(), 0..5), vec(any_control(), 0..3)).prop_map(
        |((is_text, payload), cuts, controls)| {
            let cuts = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
            message(is_text, payload, cuts, controls)
        },
    )
}

/// The frames, each masked with a key of its own where the peer masks.
fn with_keys(scenario: &Scenario, frames: Vec<Frame>, keys: &[[u8; 4]]) -> Vec<u8> {
    let keys = keys.iter().cycle();
    scenario.incoming(frames.into_iter().zip(keys).map(|(frame, key)| {
        if scenario.is_server() { frame.masking(Masking::With(*key)) } else { frame }
    }))
}

fn chunks<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(300)))]

    #[test]
    fn valid_frames_become_exactly_the_messages_that_were_sent(
        sent in vec(any_message(), 0..5),
        keys in vec(any::<[u8; 4]>(), 7),
        cuts in vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let frames: Vec<Frame> = sent.iter().flat_map(|sent| sent.frames.clone()).collect();
        let events: Vec<OwnedEvent> = sent.into_iter().flat_map(|sent| sent.events).collect();
        let expected = Outcome::events(events);
        for scenario in Scenario::both() {
            let bytes = with_keys(&scenario, frames.clone(), &keys);
            let chunks = chunks(&bytes, &cuts);
            for receive in [receive, receive_filling] {
                let mut connection = scenario.connect();
                prop_assert_eq!(&receive(&mut connection, &chunks), &expected);
                prop_assert!(!connection.is_receiving());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(5000)))]

    // `receive` itself fails when anything follows an error or a close frame.
    #[test]
    fn random_bytes_never_panic_and_mean_the_same_in_every_chunking(
        bytes in vec(prop_oneof![
            3 => any::<u8>(),
            1 => prop::sample::select(&[0x00, 0x01, 0x80, 0x81, 0x82, 0x85, 0x88, 0x89, 0x8A, 0xFE][..]),
        ], 0..120),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        for scenario in Scenario::both() {
            let whole = receive(&mut scenario.connect(), &[&bytes]);
            let cut = receive(&mut scenario.connect(), &chunks(&bytes, &cuts));
            prop_assert_eq!(&cut, &whole);
        }
    }

    #[test]
    fn one_wrong_byte_in_valid_frames_never_panics_and_means_the_same_in_every_chunking(
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let frames = [
            Frame::text("größe").unfinished(),
            Frame::ping("ping"),
            Frame::continuation("über"),
            Frame::binary([1, 2, 3]),
            Frame::close(1000, "schluß"),
        ];
        for scenario in Scenario::both() {
            let mut bytes = scenario.incoming(frames.clone());
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let whole = receive(&mut scenario.connect(), &[&bytes]);
            let cut = receive(&mut scenario.connect(), &chunks(&bytes, &cuts));
            prop_assert_eq!(&cut, &whole);
        }
    }
}
