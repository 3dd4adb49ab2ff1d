//! HTTP on simulated networks: requests of all kinds, at any pace, between any faults.

mod deadlines;
mod desk;
mod endings;
mod exchange;
mod guest;
mod handing_over;
mod ledger;
mod replies;
mod storm;
mod visitor;

use super::world::World;
use super::{compare_seeds, run_seeds};
use desk::Desk;
use ledger::Ledger;
use sockeye::Config;
use sockeye::driver::{Network, Simulated, Weather};
use visitor::Visitor;

#[test]
fn storms_of_requests_break_no_promise() {
    run_seeds(2, storm::run);
}

#[cfg(feature = "tls")]
#[test]
fn secure_storms_of_requests_break_no_promise_either() {
    run_seeds(200, storm::run_secure);
}

#[test]
fn a_seed_says_all_that_happens_to_requests_too() {
    compare_seeds(storm::run);
}

type HttpWorld = World<Desk, Ledger>;

/// Workers on one network, so that connections can go from one to the other.
fn world(seed: u64, workers: usize, weather: &Weather, config: &Config) -> HttpWorld {
    let (driver, network) = Simulated::new(seed, weather.clone());
    let others: Vec<(Simulated, Network)> = (1..workers).map(|_| network.add_driver()).collect();
    let drivers = std::iter::once((driver, network)).chain(others).collect();
    let ledger = Ledger::default();
    World::start(drivers, config, ledger.clone(), |remote| Desk::new(&ledger, remote))
}

/// One worker in calm weather.
fn calm(config: &Config) -> HttpWorld {
    world(0, 1, &Weather::calm(), config)
}

impl HttpWorld {
    fn visitor(&self) -> Visitor {
        Visitor::over(self.line(0))
    }

    fn settle_one(&mut self, visitor: &mut Visitor) {
        self.settle(std::slice::from_mut(visitor));
    }

    fn sleep_one(&mut self, time: std::time::Duration, visitor: &mut Visitor) {
        self.sleep(time, std::slice::from_mut(visitor));
    }
}

/// Little fits into the kernel.
fn narrow() -> Weather {
    Weather { kernel_bytes_max: 2_000, ..Weather::calm() }
}
