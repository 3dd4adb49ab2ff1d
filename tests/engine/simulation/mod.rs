//! Whole workers on simulated networks: everything that happens follows from a seed.

mod actor;
mod application;
mod client;
mod deadlines;
mod dialing;
mod faults;
mod http;
mod mail;
mod random;
mod shutdown;
mod slowness;
mod storm;
mod world;

use application::PANIC;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Runs each of a thousand seeds, or the one that `SOCKEYE_SEED` names.
#[test]
fn a_thousand_storms_break_no_promise() {
    silence_panics_on_purpose();
    if let Ok(seed) = std::env::var("SOCKEYE_SEED") {
        storm::run(seed.parse().expect("SOCKEYE_SEED is a number"));
        return;
    }
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            scope.spawn(move || (first..SEEDS).step_by(THREADS as usize).for_each(run_seed));
        }
    });
}

#[test]
fn a_seed_says_all_that_happens() {
    silence_panics_on_purpose();
    for seed in 0..20 {
        assert_eq!(storm::run(seed), storm::run(seed), "seed {seed}");
    }
    assert_ne!(storm::run(1), storm::run(2));
}

fn run_seed(seed: u64) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| storm::run(seed))) {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        panic!(
            "seed {seed}: {}\nto run it alone: SOCKEYE_SEED={seed} cargo test --test engine storms",
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

const SEEDS: u64 = 1000;
const THREADS: u64 = 4;
