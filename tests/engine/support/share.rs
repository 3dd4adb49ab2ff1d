//! How much a run tries of what is tried many times over.
//!
//! All of it, unless `SOCKEYE_SHARE` says otherwise: with 10 it is a tenth. `cargo xtask test` asks for that where the same
//! code has all of it in another step.

/// Cases of a property, of so many.
pub(crate) fn cases(all: u32) -> u32 {
    (all / share() as u32).max(1)
}

/// Some of a long list, from all parts of it.
pub(crate) fn some_of<I: Iterator>(all: I) -> std::iter::StepBy<I> {
    all.step_by(share())
}

fn share() -> usize {
    let share = std::env::var("SOCKEYE_SHARE").unwrap_or_else(|_| "1".to_owned());
    share.parse().ok().filter(|share| *share > 0).expect("SOCKEYE_SHARE is a number from 1 on")
}
