//! One seed's scenario: workers on one network, a crowd of clients that ask for everything at any pace, weather, and what
//! must be true whatever happens.

use super::super::storm::draw_weather;
#[cfg(feature = "tls")]
use super::super::storm::secure;
use super::guest::{Guest, Temper};
use super::ledger::Record;
use super::visitor::Visitor;
use super::{HttpWorld, world};
use crate::support::Random;
use sockeye::driver::Weather;
use sockeye::{Config, WhenFull};
use std::time::Duration;

/// Runs the scenario and answers a digest of everything that happened.
pub(crate) fn run(seed: u64) -> u64 {
    storm(Storm::new(seed, |_| {}))
}

/// The same with TLS.
#[cfg(feature = "tls")]
pub(crate) fn run_secure(seed: u64) -> u64 {
    storm(Storm::new(seed, |config| config.tls = Some(secure())))
}

fn storm(mut storm: Storm) -> u64 {
    let rounds = storm.random.range(30, 90);
    let shuts_down_in = storm.random.one_in(3).then(|| storm.random.below(rounds));
    for round in 0..rounds {
        storm.round();
        if shuts_down_in == Some(round) {
            storm.world.remote.shut_down(GRACE);
        }
    }
    storm.calm_down();
    storm.check_answers();
    if shuts_down_in.is_none() {
        storm.check_owed();
        storm.world.remote.shut_down(GRACE);
    }
    storm.sleep(GRACE + Duration::from_millis(200));
    storm.check_what_is_left();
    storm.digest()
}

struct Storm {
    random: Random,
    world: HttpWorld,
    weather: Weather,
    config: Config,
    guests: Vec<Guest>,
}

impl Storm {
    fn new(seed: u64, edit: impl FnOnce(&mut Config)) -> Self {
        let mut random = Random::new(seed);
        let mut weather = draw_weather(&mut random);
        // Bodies are long, and byte by byte they would take all day.
        weather.receive_bytes_max = weather.receive_bytes_max.max(50);
        let mut config = draw_config(&mut random);
        edit(&mut config);
        let mut world = world(seed, random.range(1, 4), &weather, &config);
        world.answer_bytes_max = ANSWER_BYTES_MAX;
        let count = random.range(4, 16);
        let guests = (0..count).map(|number| Guest::draw(number, &mut random)).collect();
        Self { random, world, weather, config, guests }
    }

    fn round(&mut self) {
        let Self { random, world, guests, .. } = self;
        for guest in guests.iter_mut() {
            if random.one_in(2) {
                guest.act(random, world);
            }
        }
        for _ in 0..world.workers.len() {
            let worker = random.below(world.workers.len());
            world.tick(worker);
        }
        if random.one_in(4) {
            world.advance(Duration::from_millis(random.below(60) as u64));
        }
        if random.one_in(20) {
            let worker = random.below(world.workers.len());
            let is_exhausted = random.one_in(2);
            world.networks[worker].exhaust_descriptors(is_exhausted);
        }
    }

    /// Everybody asks what there is to ask, and hears what there is to hear. Only those who stall do not.
    fn calm_down(&mut self) {
        self.weather.accept_failure_per_mille = 0;
        for network in &self.world.networks {
            network.exhaust_descriptors(false);
            network.set_weather(self.weather.clone());
        }
        // Who waits to be told to go on has to be told before it can ask more.
        for _ in 0..16 {
            for guest in &mut self.guests {
                for _ in 0..60 {
                    guest.act(&mut self.random, &self.world);
                }
            }
            // Longer than any reply takes, and than it takes to accept again.
            self.sleep(Duration::from_millis(1_300));
            if self.guests.iter().all(|guest| guest.is_done) {
                break;
            }
        }
        // What was asked at once is answered one by one.
        self.sleep(Duration::from_secs(8));
    }

    fn sleep(&mut self, time: Duration) {
        let mut visitors: Vec<Visitor> =
            self.guests.iter_mut().filter_map(|guest| guest.visitor.take()).collect();
        self.world.sleep(time, &mut visitors);
        for (guest, visitor) in self.guests.iter_mut().zip(visitors) {
            guest.visitor = Some(visitor);
        }
    }

    fn check_answers(&self) {
        let notes = self.world.log.notes();
        for guest in &self.guests {
            guest.check_answers(&notes.records);
        }
    }

    fn check_owed(&self) {
        let notes = self.world.log.notes();
        let refuses = self.config.when_full == WhenFull::Refuse;
        for guest in self.guests.iter().filter(|guest| guest.is_well()) {
            guest.check_owed(&notes.records, refuses);
        }
        for guest in &self.guests {
            let is_reset = guest.visitor().incoming() == sockeye::driver::Stream::Reset;
            let may_be = self.weather.reset_per_mille > 0
                || guest.may_be_cut_by_reset(refuses)
                || matches!(guest.temper, Temper::Resets | Temper::Stalls);
            assert!(!is_reset || may_be, "reset without a reason: {guest:?}");
        }
    }

    /// Every worker has ended, holds nothing, and has told its handler of each end once.
    fn check_what_is_left(&self) {
        for worker in &self.world.workers {
            let holdings = worker.holdings();
            assert!(worker.is_done() && holdings.is_nothing(), "left over: {holdings:?}");
        }
        for (key, record) in &self.world.log.notes().records {
            check_record(key, record);
        }
        for guest in &self.guests {
            // Who came too late was not accepted.
            let visitor = guest.visitor();
            let was_heard = !visitor.answers.is_empty();
            assert!(visitor.is_over() || !(guest.is_well() && was_heard), "still there: {guest:?}");
        }
    }

    fn digest(&self) -> u64 {
        let traces = self.world.networks.iter().map(|network| network.trace());
        traces.fold(0, |digest, trace| digest.rotate_left(7) ^ trace)
    }
}

fn check_record(key: &str, record: &Record) {
    let told = format!("{key}: {record:?}");
    let closed = record.closed.len();
    assert!(record.opened <= 1 && record.replied <= 1 && record.asked <= 2, "{told}");
    if record.opened == 1 {
        assert_eq!(closed, 1, "{told}");
    } else if record.has_waited && record.is_answered_from_afar {
        assert!(closed <= 1 && record.replied == 0, "{told}");
    } else if record.has_waited && !record.has_panicked {
        assert_eq!(record.replied + closed, 1, "{told}");
    } else {
        assert_eq!(closed, 0, "{told}");
    }
}

fn draw_config(random: &mut Random) -> Config {
    let mut config = Config::default();
    config.message_bytes_max = 2_000;
    config.body_bytes_max = 30_000;
    config.read_pause_bytes = random.range(500, 10_000);
    config.send_queue_bytes_max = random.range(6_000, 40_000);
    config.when_full = if random.one_in(2) { WhenFull::Close } else { WhenFull::Refuse };
    config.cork_bytes = random.range(100, 10_000);
    config.lag_bytes = random.range(100, 6_000);
    // Who is well is never late.
    config.handshake_timeout = Duration::from_secs(120);
    config.keep_alive_timeout = Duration::from_secs(120);
    config.idle_timeout = Duration::from_secs(120);
    config
}

/// The largest answer of the handler, with its head.
const ANSWER_BYTES_MAX: usize = 21_000;

const GRACE: Duration = Duration::from_secs(2);
