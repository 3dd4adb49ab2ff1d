//! Sixteen small frames that arrived in one read, through the protocol alone.

use criterion::{BatchSize, Criterion, Throughput};
use sockeye::protocol::{Connection, Event, FrameHeader, Input, Opcode, Role, apply_mask};
use std::hint::black_box;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("connection");
    for (name, opcode) in [("binary", Opcode::Binary), ("text", Opcode::Text)] {
        let read = frames(opcode, 16, 32);
        group.throughput(Throughput::Elements(16));
        group.bench_function(format!("16 frames of 32 B/{name}"), |bencher| {
            let mut connection = Connection::new(Role::Server, 1 << 20);
            bencher.iter_batched_ref(
                || read.clone(),
                |read| {
                    let mut input = Input::new(read);
                    let mut bytes = 0;
                    while let Ok(Some(Event::Message(received))) =
                        connection.handle_input(&mut input)
                    {
                        bytes += black_box(received.as_message()).as_bytes().len();
                    }
                    bytes
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Masked frames, as a client sends them.
pub(crate) fn frames(opcode: Opcode, count: usize, size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..count {
        let mask = ((number as u32).wrapping_mul(0x9E37_79B9)).to_le_bytes();
        let mut header = FrameHeader::new(opcode, size);
        header.mask = Some(mask);
        let mut encoded = [0; sockeye::limits::HEADER_SIZE_MAX];
        let header_size = header.encode(&mut encoded);
        bytes.extend_from_slice(&encoded[..header_size]);
        let start = bytes.len();
        bytes.resize(start + size, b'a');
        apply_mask(&mut bytes[start..], mask, 0);
    }
    bytes
}
