//! Whole workers on simulated networks: everything that happens follows from a seed.

mod actor;
mod application;
mod client;
mod deadlines;
mod deflating;
mod dialing;
mod faults;
mod http;
mod mail;
mod notes;
mod post;
mod random;
mod shutdown;
mod slowness;
mod storm;
mod world;

use application::PANIC;
#[cfg(feature = "tls")]
pub(crate) use {client::Client, storm::secure, world::World};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

#[test]
fn storms_break_no_promise() {
    run_seeds(1, storm::run);
}

#[cfg(feature = "tls")]
#[test]
fn storms_with_tls_break_no_promise_either() {
    run_seeds(300, storm::run_secure);
}

#[test]
fn a_seed_says_all_that_happens() {
    compare_seeds(storm::run);
}

/// Runs the seed that `SOCKEYE_SEED` names, or as many as `SOCKEYE_SEEDS` says, or a thousand; or only one of `share`.
fn run_seeds(share: u64, run: fn(u64) -> u64) {
    silence_panics_on_purpose();
    let asked = |name| {
        let number = std::env::var(name).ok()?;
        Some(number.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    if let Some(seed) = asked("SOCKEYE_SEED") {
        run(seed);
        return;
    }
    // However few are asked for, each kind has some.
    let seeds = (asked("SOCKEYE_SEEDS").unwrap_or(SEEDS) / share).max(SEEDS_MIN);
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            let seeds = (first..seeds).step_by(THREADS as usize);
            scope.spawn(move || seeds.for_each(|seed| run_seed(seed, run)));
        }
    });
}

fn compare_seeds(run: fn(u64) -> u64) {
    silence_panics_on_purpose();
    for seed in 0..20 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert_ne!(run(1), run(2));
}

fn run_seed(seed: u64, run: fn(u64) -> u64) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        panic!(
            "seed {seed}: {}\nto run it alone: cargo xtask simulate --seed {seed}",
            text.as_deref().unwrap_or("a panic without a text")
        );
    }
}

/// The panics of a handler that panics on purpose are contained, and nobody needs to read of them.
fn silence_panics_on_purpose() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_on_purpose = info.payload_as_str() == Some(PANIC);
            if !is_on_purpose {
                tell(info);
            }
        }));
    });
}

/// Enough to see a slip; `cargo xtask simulate` runs more.
const SEEDS: u64 = 1000;
const SEEDS_MIN: u64 = 2;

const THREADS: u64 = 4;
