//! What holds for any input: nothing panics, others agree on what is a frame, and the three encodings on what it means.

use crate::document;
use crate::generated::{command, text};
use crate::oracle::{Schema, msgpack, msgpack_of, to_msgpack};
use crate::publications::bare;
use crate::spoken::{ADA, BOB};
use crate::support::{carried_out, pushed, read, told};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost_reflect::DynamicMessage;
use prost_reflect::prost::Message;
use sockeye_dialects::Native;
use sockeye_hub::{
    ChannelName, CommandId, Extras, Format, Own, Payload, Publication, Publisher, Push, UserName,
};
use std::sync::LazyLock;

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::new);

/// The frames of all commands of the document.
static COMMANDS: LazyLock<Vec<document::Frames>> =
    LazyLock::new(|| document::examples("client").into_values().collect());

/// Reads a frame, and has others say that it is one if we say so.
fn judge(native: Native, frame: &[u8]) {
    let (said, result) = read(native, frame);
    if result.is_err() {
        return;
    }
    match native {
        Native::Json => {
            let values = serde_json::Deserializer::from_slice(frame).into_iter();
            let count = values.map(|value: Result<serde_json::Value, _>| value.is_ok());
            assert_eq!(count.filter(|is_value| *is_value).count(), said.len());
        }
        Native::Msgpack => {
            let mut rest = frame;
            for _ in &said {
                rmpv::decode::read_value_ref(&mut rest).expect("what we have taken for a map");
            }
            assert_eq!(rest, b"");
        }
        Native::Protobuf => {
            // Inside of what we refused may be anything.
            if said.iter().all(|one| !matches!(one, crate::support::Said::Refused(..))) {
                let frame = DynamicMessage::decode(SCHEMA.message("ClientFrame"), frame);
                frame.expect("what we have taken for a frame");
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        // One place behind the end, so that there is one in an empty frame.
        let places = bytes.len() + 1;
        match self {
            Self::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at.index(places)) {
                    *place = *byte;
                }
            }
            Self::Insert(at, byte) => bytes.insert(at.index(places), *byte),
            Self::Remove(at) => {
                let at = at.index(places);
                bytes.drain(at..bytes.len().min(at + 1));
            }
            Self::Cut(at) => bytes.truncate(at.index(places)),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(places), to.index(places));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.extend_from_slice(&piece);
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (place(), prop::sample::select(br#"{}[]":,\0"#.to_vec()))
            .prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        place().prop_map(Mutation::Remove),
        place().prop_map(Mutation::Cut),
        (place(), place()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
    ]
}

prop_compose! {
    /// A publication with or without each thing that it can have.
    fn publication()(
        sequence in prop_oneof![Just(0), any::<u64>()],
        (time_ms, priority) in (any::<u64>(), 0..10_u8),
        publisher in option::of(option::of(text())),
        key in option::of(text()),
        content_type in option::of(text()),
        headers in prop::collection::btree_map(text(), text(), 0..4),
        payload in crate::generated::payload(),
    ) -> Publication {
        let publisher = publisher.map(|user| Publisher {
            session: BOB,
            user: user.and_then(|user| UserName::new(&user).ok()),
        });
        let extras = Extras {
            key: key.map(Into::into),
            content_type: content_type.map(Into::into),
            headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        };
        let (format, payload) = payload;
        Publication {
            time_ms,
            publisher,
            format,
            priority,
            extras: (extras != Extras::default()).then(|| Box::new(extras)),
            payload: payload.into(),
            ..bare(sequence, 0, "")
        }
    }
}

/// Others find the same in the frame of each encoding.
fn agree(frames: [Vec<u8>; 3]) {
    let [json, binary, protobuf] = frames;
    assert_eq!(msgpack(&binary), msgpack_of(&json));
    assert_eq!(SCHEMA.decode("server", &protobuf), SCHEMA.frame("server", &json));
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes in vec(any::<u8>(), 0..64), text in "[{}\\[\\]\":,a-c0-9 \\\\]{0,40}") {
        for native in Native::ALL {
            judge(native, &bytes);
        }
        judge(Native::Json, text.as_bytes());
    }

    #[test]
    fn what_is_almost_a_frame_is_judged(
        example in any::<prop::sample::Index>(),
        mutations in vec(mutation(), 1..6),
    ) {
        let frames = &COMMANDS[example.index(COMMANDS.len())];
        for (native, frame) in Native::ALL.into_iter().zip(frames) {
            let mut frame = frame.clone();
            for mutation in &mutations {
                mutation.apply(&mut frame);
            }
            judge(native, &frame);
        }
    }

    #[test]
    fn a_command_means_the_same_in_all_encodings(value in command()) {
        let json = value.to_string().into_bytes();
        let said = carried_out(Native::Json, &json);
        prop_assert!(!matches!(said[..], [crate::support::Said::Refused(..)]), "{said:?}");
        let binary = to_msgpack(&msgpack_of(&json));
        prop_assert_eq!(&carried_out(Native::Msgpack, &binary), &said);
        let protobuf = SCHEMA.frame("client", &json).encode_to_vec();
        prop_assert_eq!(&carried_out(Native::Protobuf, &protobuf), &said);
    }

    #[test]
    fn a_publication_is_the_same_in_all_encodings(
        publication in publication(),
        previous in any::<u64>(),
        subject in text(),
    ) {
        let channel = ChannelName::new("chat:lobby").expect("a name");
        let push = Push::Publication {
            subject: &subject,
            channel: &channel,
            publication: &publication,
            previous,
        };
        let frames = Native::ALL.map(|native| pushed(native, &push));
        if publication.format == Format::Json {
            let payload = &*publication.payload;
            let is_as_it_was = |frame: &Vec<u8>| frame.windows(payload.len()).any(|part| part == payload);
            prop_assert!(frames.iter().all(is_as_it_was));
        }
        agree(frames);
    }

    #[test]
    fn what_one_session_is_told_is_the_same_in_all_encodings(
        method in text(),
        (format, bytes) in crate::generated::payload(),
        id in any::<u64>(),
    ) {
        let payload = Payload { format, bytes: &bytes };
        let caller = &Publisher { session: ADA, user: UserName::new(&method).ok() };
        let timeout = std::time::Duration::from_millis(id);
        let called = Own::Called { call: id, caller, method: &method, payload, timeout };
        agree(Native::ALL.map(|native| told(native, &called)));
        let answer = Ok(payload);
        let answered = Own::Answered { id: CommandId(id), answer };
        agree(Native::ALL.map(|native| told(native, &answered)));
        let answered = Own::Answered { id: CommandId(id), answer: Err((&method, &method)) };
        agree(Native::ALL.map(|native| told(native, &answered)));
    }
}
