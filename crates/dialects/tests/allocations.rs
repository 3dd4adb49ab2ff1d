//! The hot ways of the native dialect do not allocate: a publication to many, and a command to publish.
//!
//! A test binary of its own because counting replaces the global allocator.

use allocation_counter::measure;
use sockeye_dialects::{Commands, Connect, Dialect, Encoded, Incoming, Native, SharedOptions};
use sockeye_hub::{
    ChannelName, Command, CommandId, Format, Own, PRIORITY, Publication, Publisher, Push, Refusal,
    SessionId, UserName,
};
use std::time::Instant;

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(vec![0; 10])).count_total, 1);
}

#[test]
fn a_publication_is_encoded_into_what_is_there() {
    let channel = ChannelName::new("chat:lobby").expect("a name");
    for format in [Format::Json, Format::Binary] {
        let publication = publication(format);
        let push = Push::Publication {
            subject: "chat:*",
            channel: &channel,
            publication: &publication,
            previous: 7,
        };
        let own = Own::Publication {
            channel: &channel,
            publication: &publication,
            previous: 7,
            tag: &[],
        };
        for native in Native::ALL {
            let mut encoded = Encoded::new();
            let mut encode = || {
                encoded.clear();
                native.encode_shared(&push, SharedOptions::default(), &mut encoded);
                encoded.clear();
                native.encode_own(&mut (), &own, &mut encoded);
            };
            encode();
            assert_eq!(measure(encode).count_total, 0, "{native:?} {format:?}");
        }
    }
}

#[test]
fn a_command_to_publish_is_read_where_it_is() {
    #[expect(clippy::disallowed_methods, reason = "there is no other way to have an Instant")]
    let now = Instant::now();
    let mut count = Count(0);
    for (native, message) in FRAMES {
        let read = || {
            let result = native.handle_message(&mut (), message, now, &mut count);
            assert_eq!(result, Ok(()));
        };
        assert_eq!(measure(read).count_total, 0, "{native:?}");
    }
    assert_eq!(count.0, FRAMES.len());
}

const FRAMES: [(Native, Incoming<'_>); 3] = [
    (
        Native::Json,
        Incoming::Text(r#"{"id":8,"publish":{"channel":"chat:lobby","data":{"text":"hello"}}}"#),
    ),
    (
        Native::Msgpack,
        Incoming::Binary(b"\x82\xa2id\x08\xa7publish\x82\xa7channel\xa1c\xa4data\xa3123"),
    ),
    (Native::Protobuf, Incoming::Binary(b"\x0a\x0c\x08\x08\x32\x08\x0a\x01c\x2a\x03123")),
];

/// Counts publications.
struct Count(usize);

impl Commands for Count {
    fn connect(&mut self, _: CommandId, _: Connect<'_>) {
        unreachable!("nobody connects");
    }

    fn refresh(&mut self, _: CommandId, _: &str) {
        unreachable!("nobody has a token");
    }

    fn command(&mut self, id: CommandId, command: Command<'_>) {
        assert!(id == CommandId(8) && matches!(command, Command::Publish(_)));
        self.0 += 1;
    }

    fn refuse(&mut self, _: CommandId, refusal: Refusal) {
        unreachable!("{refusal}");
    }

    fn answer(&mut self, _: impl FnOnce(&mut Encoded)) {
        unreachable!("the native dialect leaves answers to the hub");
    }

    fn disconnect(&mut self) {
        unreachable!("nobody goes");
    }
}

fn publication(format: Format) -> Publication {
    let session = SessionId { node: 7, worker: 0, slot: 5, generation: 2 };
    Publication {
        sequence: 8,
        previous: 7,
        time_ms: 1_795_867_200_000,
        expires_ms: 1_795_867_500_000,
        publisher: Some(Publisher { session, user: UserName::new("bob").ok() }),
        excludes_publisher: false,
        format,
        priority: PRIORITY,
        extras: None,
        payload: br#"{"text":"hello"}"#.as_slice().into(),
    }
}
