//! Topics: joining and leaving small ones and large ones, and publishing to another worker's subscribers.

use crate::connection::frames;
use crate::script::{Subscriber, open, open_pair};
use criterion::{Criterion, Throughput};
use sockeye::protocol::Opcode;
use sockeye::worker::SystemClock;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("topics");
    for subscribers in [1, 100_000] {
        let times = 16;
        group.throughput(Throughput::Elements(times));
        let name = format!("leave and join one of {subscribers}, 16 times a read");
        group.bench_function(name, |bencher| {
            let read = frames(Opcode::Binary, times as usize, 1);
            let mut worker = open(subscribers, read, Subscriber::Rejoin);
            bencher.iter(|| worker.tick(&SystemClock).expect("the script never fails"));
        });
    }
    for subscribers in [1, 1000] {
        group.throughput(Throughput::Elements(u64::from(subscribers)));
        let name = format!("128 B to {subscribers} of another worker, per delivery");
        group.bench_function(name, |bencher| {
            let read = frames(Opcode::Binary, 1, 128);
            let mut workers = open_pair(subscribers, read, Subscriber::Publish);
            bencher.iter(|| {
                for worker in &mut workers {
                    worker.tick(&SystemClock).expect("the script never fails");
                }
            });
        });
    }
    group.finish();
}
