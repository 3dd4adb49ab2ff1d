//! What a worker costs without the kernel: the whole tick on a driver that has everything at hand.

use crate::connection::frames;
use crate::script::{Subscriber, driver_alone, open, open_echo};
use criterion::{Criterion, Throughput};
use sockeye::protocol::Opcode;
use sockeye::worker::SystemClock;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("worker");
    for frames_per_read in [1, 16] {
        let connections = 50;
        group.throughput(Throughput::Elements(connections * frames_per_read));
        group.bench_function(
            format!("echo 32 B, {frames_per_read} a read, per frame"),
            |bencher| {
                let read = frames(Opcode::Binary, frames_per_read as usize, 32);
                let mut worker = open_echo(connections as u32, read);
                bencher.iter(|| worker.tick(&SystemClock).expect("the script never fails"));
            },
        );
    }
    group.throughput(Throughput::Elements(50));
    group.bench_function("of echo 32 B, 1 a read, the driver alone, per frame", |bencher| {
        bencher.iter(driver_alone(50, frames(Opcode::Binary, 1, 32)));
    });
    for (subscribers, publications) in [(1000, 1), (1000, 16), (10_000, 1)] {
        group.throughput(Throughput::Elements(subscribers * publications));
        let name = format!("topic, {publications} x 128 B to {subscribers}, per delivery");
        group.bench_function(name, |bencher| {
            let read = frames(Opcode::Binary, publications as usize, 128);
            let mut worker = open(subscribers as u32 + 1, read, Subscriber::Publish);
            bencher.iter(|| worker.tick(&SystemClock).expect("the script never fails"));
        });
    }
    group.finish();
}
