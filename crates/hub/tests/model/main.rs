//! Hubs against a naive reference: whatever clients do, and whatever happens to their connections, the guarantees hold.
//!
//! Everything follows from a seed. `SOCKEYE_SEED` names one, `SOCKEYE_SEEDS` says how many; `cargo xtask simulate` asks for
//! many. When a promise is broken, the seed is printed.

mod heartbeats;
mod support;

use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::random::Random;
use support::setting::Setting;
use support::step::{KINDS, Step};
use support::world::World;

/// Runs one seed, and answers a digest of all that was heard.
fn storm(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let setting = Setting::draw(&mut random);
    let mut world = World::new(setting, random.number());
    let steps = 50 + random.below(600);
    for step in 0..steps {
        world.apply(Step::draw(&mut random));
        if step % 200 == 199 {
            world.check_quiescence();
        }
    }
    world.check_the_end();
    world.digest
}

#[test]
fn storms_break_no_promise() {
    let asked = |name| {
        let number = std::env::var(name).ok()?;
        Some(number.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    if let Some(seed) = asked("SOCKEYE_SEED") {
        storm(seed);
        return;
    }
    let seeds = asked("SOCKEYE_SEEDS").unwrap_or(SEEDS);
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            let seeds = (first..seeds).step_by(THREADS as usize);
            scope.spawn(move || seeds.for_each(run_seed));
        }
    });
}

fn run_seed(seed: u64) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| storm(seed))) {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        let text = text.unwrap_or_default();
        panic!("seed {seed}: {text}\nto run it alone: cargo xtask simulate --seed {seed}");
    }
}

#[test]
fn a_seed_says_all_that_happens() {
    for seed in 0..20 {
        assert_eq!(storm(seed), storm(seed), "seed {seed}");
    }
    assert_ne!(storm(1), storm(2));
}

fn any_step() -> impl Strategy<Value = Step> {
    (0..KINDS.len(), any::<u8>(), any::<u8>(), any::<u16>(), 0..3_u8)
        .prop_map(|(kind, who, what, how, turns)| Step { kind: KINDS[kind], who, what, how, turns })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_few_steps_break_a_promise(
        workers in 1..3_usize,
        lag in prop_oneof![Just(100_usize), Just(1_000)],
        history in prop_oneof![Just(2_usize), Just(10)],
        seed in 0..1000_u64,
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let mut world = World::new(Setting::small(workers, lag, history), seed);
        for step in steps {
            world.apply(step);
        }
        world.check_the_end();
    }
}

/// Enough to see a slip.
const SEEDS: u64 = 300;

const THREADS: u64 = 4;
