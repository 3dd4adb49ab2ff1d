//! Hubs against a naive reference: whatever clients do, and whatever happens to their connections, the guarantees hold.
//!
//! Everything follows from a seed. `SOCKEYE_SEED` names one, `SOCKEYE_SEEDS` says how many; `cargo xtask simulate` asks for
//! many. When a promise is broken, the seed is printed.

mod exclusion;
mod heartbeats;
mod messages;
mod overflow;
mod permissions;
mod presence;
mod promises;
mod support;
mod values;

use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::random::Random;
use support::setting::Setting;
use support::step::{KINDS, Step};
use support::world::World;

/// Runs one seed.
fn storm(seed: u64) -> World {
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
    world
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
    let happened = std::thread::scope(|scope| {
        let runners = (0..THREADS).map(|first| {
            let seeds = (first..seeds).step_by(THREADS as usize);
            scope.spawn(move || seeds.map(run_seed).fold([0; 5], add))
        });
        let runners: Vec<_> = runners.collect();
        runners.into_iter().map(|runner| runner.join().expect("told above")).fold([0; 5], add)
    });
    // Relays fell behind, caught up, and found things gone; volatile publications were left out; subscribers lagged.
    assert!(seeds < SEEDS || happened.iter().all(|times| 2 * times > seeds), "{happened:?}");
}

impl World {
    /// How often things happened that are to happen in storms.
    pub(crate) fn happened(&self) -> [u64; 5] {
        let all = self.workers.iter().map(|worker| worker.hub.stats());
        all.fold([0; 5], |[lagged, caught_up, lost, dropped, slow], stats| {
            [
                lagged + stats.relays_lagged,
                caught_up + stats.relays_caught_up,
                lost + stats.relays_lost,
                dropped + stats.volatile_dropped,
                slow + stats.lagged,
            ]
        })
    }
}

fn add(one: [u64; 5], other: [u64; 5]) -> [u64; 5] {
    std::array::from_fn(|place| one[place] + other[place])
}

fn run_seed(seed: u64) -> [u64; 5] {
    let run = AssertUnwindSafe(|| storm(seed).happened());
    catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        let text = text.unwrap_or_default();
        panic!("seed {seed}: {text}\nto run it alone: cargo xtask simulate --seed {seed}");
    })
}

#[test]
fn a_seed_says_all_that_happens() {
    for seed in 0..20 {
        assert_eq!(storm(seed).digest, storm(seed).digest, "seed {seed}");
    }
    assert_ne!(storm(1).digest, storm(2).digest);
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
        letters in prop_oneof![Just(1_usize), Just(3), Just(100)],
        history in prop_oneof![Just(2_usize), Just(10)],
        seed in 0..1000_u64,
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let mut world = World::new(Setting::small(workers, lag, letters, history), seed);
        for step in steps {
            world.apply(step);
        }
        world.check_the_end();
    }
}

/// Enough to see a slip.
const SEEDS: u64 = 300;

const THREADS: u64 = 4;
