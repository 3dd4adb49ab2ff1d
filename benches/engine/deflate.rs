//! permessage-deflate on JSON of 1 KiB that varies: what a message costs, by what is kept from one to the next.

use criterion::{BenchmarkGroup, Criterion, Throughput};
use sockeye::protocol::deflate::{Agreement, Compressor, DeflateConfig, DeflateMode, Inflater};
use sockeye::protocol::{Connection, FrameHeader, Input, Message, Role};

pub(crate) fn bench(criterion: &mut Criterion) {
    let messages: Vec<String> = (0..200).map(json).collect();
    let mut group = criterion.benchmark_group("deflate");
    group.throughput(Throughput::Elements(1));
    for (name, mode) in [
        ("shared", DeflateMode::Shared),
        ("kept 1 KiB", DeflateMode::Dedicated { bytes: 2 * 1024 }),
        ("kept 4 KiB", DeflateMode::Dedicated { bytes: 8 * 1024 }),
        ("own compressor", DeflateMode::Dedicated { bytes: 512 * 1024 }),
    ] {
        for level in [1, 2, 6] {
            let mut config = DeflateConfig::new(mode);
            config.level = level;
            bench_mode(&mut group, &format!("{name}, level {level}"), &config, &messages);
        }
    }
    group.finish();
}

fn bench_mode(
    group: &mut BenchmarkGroup<'_, criterion::measurement::WallTime>,
    name: &str,
    config: &DeflateConfig,
    messages: &[String],
) {
    let mut agreement = Agreement {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    agreement.server_no_context_takeover = config.mode == DeflateMode::Shared;
    let connection = |role| Connection::new(role, 1 << 20).with_deflate(&agreement, config);
    let mut compressor = Compressor::new();
    let mut server = connection(Role::Server);
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for message in messages {
        let mut frame = Vec::new();
        server.send_compressed(Message::Text(message), &mut compressor, &mut frame).expect("open");
        frames.push(frame);
    }
    let size: usize = frames.iter().map(|frame| payload_size(frame)).sum();
    let name = format!("{name}, {} B", size / frames.len());

    let mut output = Vec::new();
    let mut next = messages.iter().cycle();
    group.bench_function(format!("compress, {name}"), |bencher| {
        bencher.iter(|| {
            output.clear();
            let message = Message::Text(next.next().expect("they repeat"));
            server.send_compressed(message, &mut compressor, &mut output).expect("open");
        });
    });
    // A window has to see every message in its turn, so all of them are inflated at a time.
    let mut inflater = Inflater::new();
    let mut spare = Vec::new();
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function(format!("inflate, {name}"), |bencher| {
        bencher.iter(|| {
            let mut client = connection(Role::Client { mask_key: || [0; 4] });
            for frame in &frames {
                let mut bytes = frame.clone();
                let mut input = Input::with_spare(&mut bytes, std::mem::take(&mut spare))
                    .with_inflater(&mut inflater);
                let event = client.handle_input(&mut input).expect("no rule is broken");
                if let Some(sockeye::protocol::Event::Message(message)) = event
                    && let sockeye::protocol::Payload::Assembled(buffer) = message.into_payload()
                {
                    spare = buffer;
                }
            }
        });
    });
    group.throughput(Throughput::Elements(1));
}

fn payload_size(frame: &[u8]) -> usize {
    let header = FrameHeader::decode(frame).expect("a frame").expect("a whole one");
    header.0.payload_size as usize
}

/// An update of some items, as an application would send it; the same for the same number.
fn json(number: u64) -> String {
    let words = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"];
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut text = format!(
        r#"{{"id":{number},"type":"update","user":"user{}","time":{},"items":["#,
        random(1000),
        1_700_000_000_000 + random(1_000_000_000)
    );
    while text.len() < 960 {
        text += &format!(
            r#"{{"sku":"{}-{}","quantity":{},"price":{}.{:02},"stocked":{}}},"#,
            words[random(8) as usize],
            random(10_000),
            random(100),
            random(1000),
            random(100),
            random(2) == 0
        );
    }
    text.pop();
    text + "]}"
}
