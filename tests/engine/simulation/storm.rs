//! One seed's scenario: some workers, a crowd of clients of all tempers, weather, and what must be true whatever happens.

use super::actor::{Actor, Place, Temper};
use super::application::{CLOCKS, TICK};
use super::client::Client;
use super::notes::Record;
use super::world::World;
use crate::support::Random;
#[cfg(feature = "tls")]
use crate::support::certificates::{Identity, authority};
use sockeye::driver::{Stream, Weather};
#[cfg(feature = "deflate")]
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
#[cfg(feature = "tls")]
use sockeye::tls::TlsServer;
use sockeye::worker::Clock;
use sockeye::{Config, WhenFull};
use std::collections::BTreeMap;
#[cfg(feature = "tls")]
use std::sync::LazyLock;
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

/// What a server of the simulated network shows.
#[cfg(feature = "tls")]
pub(crate) fn secure() -> TlsServer {
    static IDENTITY: LazyLock<Identity> = LazyLock::new(|| authority().server(&["sim"]));
    IDENTITY.tls_server()
}

fn storm(mut storm: Storm) -> u64 {
    let rounds = storm.random.range(30, 90);
    let shuts_down_in = storm.random.one_in(5).then(|| storm.random.below(rounds));
    for round in 0..rounds {
        storm.round();
        if shuts_down_in == Some(round) {
            storm.world.remote.shut_down(GRACE);
        }
    }
    storm.calm_down();
    if shuts_down_in.is_some() {
        storm.sleep(GRACE + DEADLINES);
        storm.check_the_shutdown();
    } else {
        storm.check_what_arrived();
        storm.converge();
        storm.wait_for_the_silent();
        storm.say_goodbye();
    }
    storm.check_what_is_left();
    storm.digest()
}

struct Storm {
    random: Random,
    world: World,
    weather: Weather,
    config: Config,
    actors: Vec<Actor>,
}

impl Storm {
    fn new(seed: u64, edit: impl FnOnce(&mut Config)) -> Self {
        let mut random = Random::new(seed);
        let mut weather = draw_weather(&mut random);
        let mut config = draw_config(&mut random);
        edit(&mut config);
        if config.message_bytes_max > weather.kernel_bytes_max {
            // Byte by byte they would take all day.
            weather.receive_bytes_max = weather.receive_bytes_max.max(50);
        }
        let workers = random.range(1, 4);
        let world = World::new(seed, workers, &weather, &config);
        let count = random.range(5, 20);
        let is_chatty = random.one_in(5);
        let actors = (0..count).map(|number| Actor::draw(number, &mut random, is_chatty));
        let actors = actors.collect();
        Self { random, world, weather, config, actors }
    }

    fn round(&mut self) {
        let Self { random, world, actors, config, .. } = self;
        for actor in actors.iter_mut() {
            if random.one_in(2) {
                actor.act(random, world, config.message_bytes_max);
            }
        }
        for _ in 0..world.workers.len() {
            let worker = random.below(world.workers.len());
            world.tick(worker);
        }
        // All these moments together are shorter than any deadline.
        if random.one_in(4) {
            // What is in flight has left before time passes.
            for worker in (0..world.workers.len()).chain(0..world.workers.len()) {
                world.tick(worker);
            }
            world.advance(Duration::from_millis(random.below(20) as u64));
        }
        if random.one_in(20) {
            let worker = random.below(world.workers.len());
            let is_exhausted = random.one_in(2);
            world.networks[worker].exhaust_descriptors(is_exhausted);
        }
    }

    /// Everybody says what there is to say, and hears what there is to hear. Only those who stall do not.
    fn calm_down(&mut self) {
        let size_max = self.config.message_bytes_max;
        self.weather.accept_failure_per_mille = 0;
        for network in &self.world.networks {
            network.exhaust_descriptors(false);
            network.set_weather(self.weather.clone());
        }
        for _ in 0..2 {
            for actor in &mut self.actors {
                while !actor.is_done {
                    actor.act(&mut self.random, &self.world, size_max);
                }
            }
            self.settle();
            // Accepting that has failed is tried again a little later.
            self.sleep(Duration::from_millis(600));
        }
    }

    fn settle(&mut self) {
        self.sleep(Duration::ZERO);
    }

    fn sleep(&mut self, time: Duration) {
        let mut clients: Vec<Client> =
            self.actors.iter_mut().filter_map(|actor| actor.client.take()).collect();
        self.world.sleep(time, &mut clients);
        for (actor, client) in self.actors.iter_mut().zip(clients) {
            actor.client = Some(client);
        }
    }

    fn check_what_arrived(&self) {
        let log = self.world.log.borrow();
        for actor in &self.actors {
            let nothing = Record::default();
            let record = log.get(&actor.number).unwrap_or(&nothing);
            let told = format!("{actor:?}\n{record:?}");
            actor.check_fate(record, &self.weather, &told);
            match actor.place {
                Place::Echo => actor.check_echo(record, &told),
                Place::Topic | Place::Timed => self.check_topic(actor, &log, &told),
                Place::Mailed => {
                    self.check_topic(actor, &log, &told);
                    actor.check_mailed(&told);
                }
                _ => {}
            }
            actor.check_owed(record, &told);
            if matches!(actor.place, Place::Echo | Place::Flood) {
                let max = self.config.send_queue_bytes_max;
                assert!(record.backlog_max <= max, "backlog over its bound: {told}");
            }
        }
        log.post.check(false);
    }

    /// The faults have stopped: whoever comes now is served at once, by every worker, and hears and is heard by all who
    /// were there before.
    fn converge(&mut self) {
        self.weather = Weather { reset_per_mille: self.weather.reset_per_mille, ..Weather::calm() };
        for network in &self.world.networks {
            network.set_weather(Weather::calm());
        }
        let first = self.actors.len();
        for worker in 0..self.world.workers.len() {
            for place in [Place::Echo, Place::Topic, Place::Mailed, Place::Timed] {
                let mut newcomer = Actor::newcomer(self.actors.len(), place);
                newcomer.come(&mut self.random, &self.world, worker);
                self.actors.push(newcomer);
            }
        }
        self.settle();
        for newcomer in &mut self.actors[first..] {
            assert!(newcomer.client().is_open(), "not served: {newcomer:?}");
            newcomer.say_all(&mut self.random, self.config.message_bytes_max);
        }
        self.sleep(2 * TICK);
        self.check_what_arrived();
        for newcomer in &self.actors[first..] {
            assert!(newcomer.client().is_open(), "not served: {newcomer:?}");
        }
        let log = self.world.log.borrow();
        for worker in 0..self.world.workers.len() {
            let late =
                self.world.clock.now() - log[&(CLOCKS + worker)].ticked_at.expect("it began");
            assert!(late <= TICK, "the clock of worker {worker} stands since {late:?}");
        }
    }

    /// Whoever was there when the workers went down was told, or had left; nobody is there any more.
    fn check_the_shutdown(&self) {
        assert!(self.world.workers.iter().all(|worker| worker.is_done()));
        let log = self.world.log.borrow();
        log.post.check(true);
        for actor in &self.actors {
            let nothing = Record::default();
            let record = log.get(&actor.number).unwrap_or(&nothing);
            let told = format!("{actor:?}\n{record:?}");
            if matches!(actor.place, Place::Topic | Place::Mailed | Place::Timed) {
                self.check_topic(actor, &log, &told);
            }
            actor.check_owed(record, &told);
            let client = actor.client();
            let was_open = client.status == Some(101);
            assert!(!client.is_open_and_reading(), "still there: {told}");
            if was_open && actor.temper == Temper::Stays && client.incoming() == Stream::Ended {
                assert!(client.closed.is_some(), "ended without a word: {told}");
            }
        }
    }

    /// Nothing lost, reordered or twice between a sender and whoever was subscribed.
    fn check_topic(&self, actor: &Actor, log: &BTreeMap<usize, Record>, told: &str) {
        let record = log.get(&actor.number);
        let mut next: BTreeMap<usize, usize> = BTreeMap::new();
        let is_published = |text: &&String| text.starts_with(|first: char| first.is_ascii_digit());
        for message in actor.client().messages.iter().filter(is_published) {
            let (sender, number) = parse_topic(message);
            assert_ne!(sender, actor.number, "got its own: {told}");
            if let Some(expected) = next.get(&sender) {
                assert_eq!(number, *expected, "from {sender}: {told}");
            } else {
                let joined_at = record.and_then(|record| record.joined_at.get(&sender));
                let joined_at = joined_at.copied().unwrap_or(0);
                assert!(number <= joined_at, "missed some of {sender}'s: {told}");
            }
            next.insert(sender, number + 1);
        }
        let (true, Some(record)) = (actor.client().is_open_and_reading(), record) else {
            return;
        };
        let is_heard = |sender: usize| sender != actor.number && self.place(sender) == actor.place;
        for (sender, sent) in log.iter().filter(|(sender, _)| is_heard(**sender)) {
            let joined_at = record.joined_at.get(sender).copied().unwrap_or(0);
            let got = next.get(sender).copied().unwrap_or(joined_at);
            assert_eq!(got, sent.published, "from {sender}: {told}");
        }
    }

    fn place(&self, sender: usize) -> Place {
        self.actors.get(sender).map_or(Place::Timed, |actor| actor.place)
    }

    /// Those who say nothing, or never end, are gone within the longest deadlines; the others are still there.
    fn wait_for_the_silent(&mut self) {
        let were_open: Vec<bool> = self.actors.iter().map(Actor::is_well).collect();
        self.sleep(DEADLINES);
        for (actor, was_open) in self.actors.iter().zip(were_open) {
            let log = self.world.log.borrow();
            let record = log.get(&actor.number);
            if was_open && !self.weather_breaks() {
                assert!(actor.client().is_open(), "lost without a reason: {actor:?}");
                assert!(actor.client().pings > 0, "never asked for life: {actor:?}");
            }
            if actor.temper != Temper::Stays {
                let closed = record.map_or(0, |record| record.closed.len());
                let opened = record.map_or(0, |record| record.opened);
                assert_eq!(opened, closed, "still there: {actor:?}\n{record:?}");
            }
            if actor.temper == Temper::Dawdles && !self.weather_breaks() {
                assert_eq!(actor.client().status, Some(408), "{actor:?}");
            }
        }
    }

    const fn weather_breaks(&self) -> bool {
        self.weather.reset_per_mille > 0
    }

    fn say_goodbye(&mut self) {
        let shuts_down = self.random.one_in(2);
        let stay: Vec<bool> = self.actors.iter().map(Actor::is_well).collect();
        if shuts_down {
            self.world.remote.shut_down(GRACE);
        } else {
            for actor in self.actors.iter_mut().filter(|actor| actor.is_well()) {
                let code = 4000 + actor.number as u16;
                actor.client_mut().close(code);
            }
        }
        self.settle();
        for (actor, _) in self.actors.iter().zip(stay).filter(|(_, stays)| *stays) {
            let client = actor.client();
            if client.incoming() == Stream::Reset && self.weather_breaks() {
                continue;
            }
            let code = if shuts_down { 1001 } else { 4000 + actor.number as u16 };
            assert_eq!(client.closed, Some(code), "{actor:?}");
            assert_eq!(client.incoming(), Stream::Ended, "{actor:?}");
        }
        self.sleep(GRACE + Duration::from_millis(200));
        if shuts_down {
            assert!(self.world.workers.iter().all(|worker| worker.is_done()));
        }
        self.sleep(DEADLINES);
    }

    fn check_what_is_left(&self) {
        for (number, record) in self.world.log.borrow().iter() {
            if *number >= CLOCKS {
                continue;
            }
            assert_eq!(record.opened, record.closed.len(), "{number}: {record:?}");
            assert!(record.opened <= 1, "{number}: {record:?}");
        }
        for worker in &self.world.workers {
            let holdings = worker.holdings();
            assert!(holdings.is_nothing(), "left over: {holdings:?}");
        }
    }

    fn digest(&self) -> u64 {
        let traces = self.world.networks.iter().map(|network| network.trace());
        traces.fold(0, |digest, trace| digest.rotate_left(7) ^ trace)
    }
}

pub(crate) fn parse_topic(message: &str) -> (usize, usize) {
    let mut parts = message.split(':').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(sender)), Some(Ok(number))) => (sender, number),
        _ => panic!("nobody sent {message:?}"),
    }
}

pub(crate) fn draw_weather(random: &mut Random) -> Weather {
    let kind = match random.below(4) {
        0 => return Weather::calm(),
        1 | 2 => Weather::rough(),
        _ => Weather::stormy(),
    };
    Weather {
        receive_bytes_max: random.range(1, 4000),
        kernel_bytes_max: random.range(200, 8000),
        short_per_mille: random.below(600) as u32,
        in_flight_per_mille: random.below(600) as u32,
        delay_per_mille: random.below(600) as u32,
        late_per_mille: random.below(1000) as u32,
        ..kind
    }
}

fn draw_config(random: &mut Random) -> Config {
    let mut config = Config::default();
    // Large ones are received into buffers of their own, which send queues may share.
    config.message_bytes_max = if random.one_in(8) { 80_000 } else { 2_000 };
    config.read_pause_bytes = random.range(500, 10_000);
    // What was under way when reading paused, and its echo, still fit.
    let room = random.range(16_000, 40_000) + 2 * config.message_bytes_max;
    config.send_queue_bytes_max = config.read_pause_bytes + room;
    config.when_full = if random.one_in(2) { WhenFull::Close } else { WhenFull::Refuse };
    config.cork_bytes = random.range(100, 10_000);
    config.lag_bytes = random.range(100, 12_000);
    config.handshake_timeout = Duration::from_secs(3);
    config.idle_timeout = Duration::from_secs(4);
    config.pong_timeout = Duration::from_secs(3);
    config.message_timeout = Duration::from_secs(5);
    config.close_timeout = Duration::from_secs(3);
    config.write_stall_timeout = Duration::from_secs(5);
    #[cfg(feature = "deflate")]
    {
        config.deflate = draw_compression(random);
    }
    config
}

#[cfg(feature = "deflate")]
fn draw_compression(random: &mut Random) -> DeflateConfig {
    let mut config = DeflateConfig::new(match random.below(5) {
        0 | 1 => DeflateMode::Off,
        2 => DeflateMode::Shared,
        3 => DeflateMode::Dedicated { bytes: 1024 << random.below(4) },
        _ => DeflateMode::Dedicated { bytes: 256 * 1024 },
    });
    config.threshold_bytes = random.below(60);
    config
}

const GRACE: Duration = Duration::from_secs(1);

/// Longer than all deadlines of a connection, one after the other.
const DEADLINES: Duration = Duration::from_secs(12);
