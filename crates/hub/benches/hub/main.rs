//! What the hub costs alone: its surroundings do nothing.
//!
//! ```text
//! cargo bench -p sockeye-hub
//! cargo bench -p sockeye-hub -- publish      what a name contains
//! ```

mod surroundings;

use criterion::{Criterion, Throughput};
use sockeye_hub::{Attributes, Command, Payload, Publish, Subscribe, Target};
use std::hint::black_box;
use surroundings::Surroundings;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    publish(&mut criterion);
    subscribe(&mut criterion);
    resume(&mut criterion);
    criterion.final_summary();
}

/// The hub hands on one push, however many there are to get it: what they cost is the engine's.
fn publish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish");
    group.throughput(Throughput::Elements(1));
    for subscribers in [1, 1000] {
        let mut surroundings = Surroundings::new();
        let publisher = surroundings.connect();
        for _ in 0..subscribers {
            let session = surroundings.connect();
            surroundings.ask(session, subscribe_to("news"));
        }
        group.bench_function(format!("128 B to {subscribers}"), |bencher| {
            bencher.iter(|| surroundings.ask(publisher, publish_to("news", None)));
        });
        group.bench_function(format!("128 B to {subscribers}, with a key"), |bencher| {
            let mut number = 0_u64;
            bencher.iter(|| {
                number += 1;
                let key = number.to_string();
                surroundings.ask(publisher, publish_to("news", Some(&key)));
            });
        });
    }
    group.finish();
}

fn subscribe(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("subscribe and unsubscribe");
    for others in [0, 1000] {
        let mut surroundings = Surroundings::new();
        for _ in 0..others {
            let session = surroundings.connect();
            surroundings.ask(session, subscribe_to("news"));
        }
        let session = surroundings.connect();
        group.bench_function(format!("beside {others}"), |bencher| {
            bencher.iter(|| {
                surroundings.ask(session, subscribe_to("news"));
                surroundings.ask(session, Command::Unsubscribe { channel: "news".into() });
            });
        });
    }
    group.finish();
}

/// A session that was away for some publications comes back and gets them.
fn resume(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resume");
    for missed in [0, 10, 1000] {
        let mut surroundings = Surroundings::new();
        let publisher = surroundings.connect();
        let mut session = surroundings.connect();
        surroundings.ask(session, subscribe_to("news"));
        for _ in 0..=missed {
            surroundings.ask(publisher, publish_to("news", None));
        }
        group.throughput(Throughput::Elements(missed.max(1)));
        group.bench_function(format!("{missed} missed"), |bencher| {
            bencher.iter(|| assert_eq!(surroundings.resume(&mut session, ("news", 1)), missed));
        });
    }
    group.finish();
}

fn subscribe_to(channel: &str) -> Command<'_> {
    Command::Subscribe(Subscribe { channel: channel.into(), ..Subscribe::default() })
}

fn publish_to<'a>(channel: &'a str, key: Option<&'a str>) -> Command<'a> {
    Command::Publish(Publish {
        target: Target::Channel(channel.into()),
        payload: Payload::binary(black_box(&PAYLOAD)),
        attributes: Attributes::default(),
        idempotency_key: key,
        expected_version: None,
        exclude_self: false,
    })
}

const PAYLOAD: [u8; 128] = [b'x'; 128];
