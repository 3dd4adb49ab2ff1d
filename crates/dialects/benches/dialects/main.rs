//! What a dialect costs: a publication for many subscribers, which is encoded once, and a command to publish.
//!
//! ```text
//! cargo bench --package sockeye-dialects                    all of it
//! cargo bench --package sockeye-dialects -- encode/json     what a name contains
//! ```

use criterion::{BenchmarkId, Criterion, Throughput};
use sockeye_dialects::{Commands, Connect, Dialect, Encoded, Incoming, Native, SharedOptions};
use sockeye_hub::{
    ChannelName, Command, CommandId, Format, PRIORITY, Publication, Publisher, Push, Refusal,
    SessionId, UserName,
};
use std::hint::black_box;
use std::time::Instant;

/// Bytes of payloads.
const SIZES: [usize; 3] = [32, 512, 16 << 10];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    encode(&mut criterion);
    decode(&mut criterion);
    criterion.final_summary();
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    let channel = ChannelName::new("chat:lobby").expect("a name");
    for native in Native::ALL {
        for size in SIZES {
            let publication = publication(size);
            let push = Push::Publication {
                subject: channel.as_str(),
                channel: &channel,
                publication: &publication,
                previous: 7,
            };
            let mut encoded = Encoded::new();
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(BenchmarkId::new(name(native), size), |bencher| {
                bencher.iter(|| {
                    encoded.clear();
                    native.encode_shared(black_box(&push), SharedOptions::default(), &mut encoded);
                    black_box(encoded.as_bytes().len())
                });
            });
        }
    }
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    #[expect(clippy::disallowed_methods, reason = "there is no other way to have an Instant")]
    let now = Instant::now();
    let mut group = criterion.benchmark_group("decode");
    for native in Native::ALL {
        for size in SIZES {
            let frame = frame(native, &payload(size));
            let mut sink = Sink::default();
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(BenchmarkId::new(name(native), size), |bencher| {
                bencher.iter(|| {
                    let message = match native {
                        Native::Json => Incoming::Text(str::from_utf8(&frame).expect("JSON")),
                        Native::Msgpack | Native::Protobuf => Incoming::Binary(&frame),
                    };
                    native.handle_message(&mut (), black_box(message), now, &mut sink)
                });
            });
            assert_eq!(sink.refused, 0);
        }
    }
    group.finish();
}

const fn name(native: Native) -> &'static str {
    match native {
        Native::Json => "json",
        Native::Msgpack => "msgpack",
        Native::Protobuf => "protobuf",
    }
}

/// JSON of about so many bytes.
fn payload(size: usize) -> String {
    format!("{{\"text\":\"{}\"}}", "x".repeat(size - 11))
}

fn publication(size: usize) -> Publication {
    let session = SessionId { node: 0x9f3c_21aa, worker: 0, slot: 5, generation: 2 };
    Publication {
        sequence: 8,
        previous: 7,
        time_ms: 1_795_867_200_000,
        expires_ms: 1_795_867_500_000,
        publisher: Some(Publisher { session, user: UserName::new("bob").ok() }),
        excludes_publisher: false,
        format: Format::Json,
        priority: PRIORITY,
        extras: None,
        payload: payload(size).into_bytes().into(),
    }
}

/// `{"id":8,"publish":{"channel":"chat:lobby","data":..}}`.
fn frame(native: Native, data: &str) -> Vec<u8> {
    let channel = "chat:lobby";
    match native {
        Native::Json => {
            format!("{{\"id\":8,\"publish\":{{\"channel\":\"{channel}\",\"data\":{data}}}}}").into()
        }
        Native::Msgpack => {
            let mut frame = b"\x82\xa2id\x08\xa7publish\x82\xa7channel\xaa".to_vec();
            frame.extend_from_slice(channel.as_bytes());
            frame.extend_from_slice(b"\xa4data\xdb");
            frame.extend_from_slice(&(data.len() as u32).to_be_bytes());
            frame.extend_from_slice(data.as_bytes());
            frame
        }
        Native::Protobuf => {
            let publish = [sized(1, channel.as_bytes()), sized(5, data.as_bytes())].concat();
            sized(1, &[b"\x08\x08".to_vec(), sized(6, &publish)].concat())
        }
    }
}

/// A field of Protocol Buffers with a length.
fn sized(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut size = bytes.len();
    while size >= 0x80 {
        field.push(size as u8 | 0x80);
        size >>= 7;
    }
    field.push(size as u8);
    field.extend_from_slice(bytes);
    field
}

/// Takes what it is told.
#[derive(Default)]
struct Sink {
    refused: usize,
}

impl Commands for Sink {
    fn connect(&mut self, _: CommandId, connect: Connect<'_>) {
        black_box(&connect);
    }

    fn refresh(&mut self, _: CommandId, token: &str) {
        black_box(token);
    }

    fn command(&mut self, _: CommandId, command: Command<'_>) {
        black_box(&command);
    }

    fn refuse(&mut self, _: CommandId, _: Refusal) {
        self.refused += 1;
    }

    fn answer(&mut self, _: impl FnOnce(&mut Encoded)) {}

    fn disconnect(&mut self) {}
}
