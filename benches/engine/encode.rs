//! Frames as a server sends them, and the queue that they leave by.

use criterion::{Criterion, Throughput};
use sockeye::buffer::{Batch, SendQueue};
use sockeye::protocol::{Opcode, encode_frame};
use std::hint::black_box;
use std::io::IoSlice;
use std::rc::Rc;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for size in [32, 1024, 16 * 1024] {
        let payload = vec![b'p'; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("a frame of {size} B"), |bencher| {
            let mut output = Vec::new();
            bencher.iter(|| {
                output.clear();
                encode_frame(Opcode::Binary, black_box(&payload), &mut output);
                output.len()
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("send queue");
    group.throughput(Throughput::Elements(16));
    group.bench_function("16 own frames of 32 B", |bencher| {
        let mut queue = SendQueue::default();
        bencher.iter(|| {
            for _ in 0..16 {
                queue.append(|output| encode_frame(Opcode::Binary, &[b'p'; 32], output));
            }
            send(&mut queue)
        });
    });
    group.bench_function("16 ranges of a batch", |bencher| {
        let mut queue = SendQueue::default();
        let batch = Rc::new(Batch::default());
        batch.seal(vec![0; 16 * 34]);
        bencher.iter(|| {
            for index in 0..16 {
                queue.push_shared(black_box(&batch), index * 34..(index + 1) * 34);
            }
            send(&mut queue)
        });
    });
    group.finish();
}

/// As a driver does it, with a kernel that takes everything.
fn send(queue: &mut SendQueue) -> usize {
    let mut slices = [IoSlice::new(&[]); 4];
    let count = queue.slices(&mut slices);
    let size = slices[..count].iter().map(|slice| slice.len()).sum();
    queue.advance(size);
    black_box(size)
}
