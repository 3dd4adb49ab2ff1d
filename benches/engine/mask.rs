//! Masking in place from 16 bytes to 1 MiB: as chosen by size and processor, and without vector instructions, beside
//! copying as many bytes, which is the yardstick for what memory gives.
//!
//! Payloads start 6 bytes behind a cache line, as they do behind the header of a small frame. Each size takes turns
//! among a few payloads, as frames do: a single one would be read while its last stores are still on their way.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use sockeye::protocol::{apply_mask, apply_mask_portable};
use std::hint::black_box;

const SIZES: [usize; 13] =
    [16, 32, 64, 125, 128, 192, 256, 512, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20];
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask");
    for size in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        bench_masking(&mut group, "chosen", size, apply_mask);
        bench_masking(&mut group, "portable", size, apply_mask_portable);
        bench_copying(&mut group, size);
    }
    group.finish();
}

fn bench_masking(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    size: usize,
    apply: fn(&mut [u8], [u8; 4], usize),
) {
    let mut payloads = Payloads::new(size);
    group.bench_function(BenchmarkId::new(name, size), |bencher| {
        bencher.iter(|| black_box(apply)(payloads.turn(), KEY, 0));
    });
}

fn bench_copying(group: &mut BenchmarkGroup<'_, WallTime>, size: usize) {
    let mut payloads = Payloads::new(size);
    let mut copy = vec![0; size];
    group.bench_function(BenchmarkId::new("copy", size), |bencher| {
        bencher.iter(|| black_box(&mut copy).copy_from_slice(payloads.turn()));
    });
}

/// Payloads of one size, in turns.
struct Payloads {
    memory: Vec<u8>,
    starts: [usize; 4],
    size: usize,
    next: usize,
}

impl Payloads {
    fn new(size: usize) -> Self {
        let distance = (size + 2 * CACHE_LINE_SIZE).next_multiple_of(CACHE_LINE_SIZE);
        let memory = vec![7; distance * 5];
        let first = memory.as_ptr().align_offset(CACHE_LINE_SIZE) + HEADER_SIZE;
        let starts = [0, 1, 2, 3].map(|index| first + index * distance);
        Self { memory, starts, size, next: 0 }
    }

    fn turn(&mut self) -> &mut [u8] {
        let start = self.starts[self.next];
        self.next = (self.next + 1) % self.starts.len();
        black_box(&mut self.memory[start..start + self.size])
    }
}

const CACHE_LINE_SIZE: usize = 64;
/// Of a masked frame with a payload of at most 125 bytes.
const HEADER_SIZE: usize = 2 + 4;
