//! Reading and writing one frame header, in every length form.

use criterion::{BatchSize, Criterion};
use sockeye::limits::HEADER_SIZE_MAX;
use sockeye::protocol::{FrameHeader, Opcode};
use std::hint::black_box;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame_header");
    for (name, payload_size) in [("7 bit", 32), ("16 bit", 1 << 10), ("64 bit", 1 << 20)] {
        let mut header = FrameHeader::new(Opcode::Binary, payload_size);
        header.mask = Some(KEY);
        let mut encoded = [0; HEADER_SIZE_MAX];
        let size = header.encode(&mut encoded);

        group.bench_function(format!("decode/{name}"), |bencher| {
            bencher.iter(|| FrameHeader::decode(black_box(&encoded[..size])));
        });
        group.bench_function(format!("encode/{name}"), |bencher| {
            bencher.iter_batched_ref(
                || [0; HEADER_SIZE_MAX],
                |output| black_box(&header).encode(output),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}
