//! The wheel of deadlines, with as many of them as a worker has connections.

use criterion::{Criterion, Throughput};
use sockeye::worker::{Ticks, TimerWheel};

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("timers");
    for connections in [1000, 100_000] {
        group.throughput(Throughput::Elements(u64::from(connections)));
        let name = format!("{connections} deadlines fire and are set again, each");
        group.bench_function(name, |bencher| {
            let mut wheel = TimerWheel::default();
            let mut fired = Vec::new();
            let mut now = 0;
            for key in 0..connections {
                wheel.schedule(key, Ticks(1 + key % IDLE_TICKS));
            }
            // One idle time, tick by tick: each connection's deadline comes once.
            bencher.iter(|| {
                for _ in 0..IDLE_TICKS {
                    now += 1;
                    wheel.advance(Ticks(now), &mut fired);
                    for key in fired.drain(..) {
                        wheel.schedule(key, Ticks(now + IDLE_TICKS));
                    }
                }
            });
        });
    }
    group.finish();
}

/// 25 s.
const IDLE_TICKS: u32 = 390;
