//! One seed's scenario: some workers, a crowd of clients of all tempers, weather, and what must be true whatever happens.

use super::application::Record;
use super::client::Client;
use super::world::World;
use crate::support::Random;
use sockeye::driver::{Stream, Weather};
use sockeye::{Config, WhenFull};
use std::collections::BTreeMap;
use std::time::Duration;

/// Runs the scenario and answers a digest of everything that happened.
pub(crate) fn run(seed: u64) -> u64 {
    let mut storm = Storm::new(seed);
    for _ in 0..storm.random.range(30, 90) {
        storm.round();
    }
    storm.calm_down();
    storm.check_what_arrived();
    storm.wait_for_the_silent();
    storm.say_goodbye();
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

/// A client and what it is about to do.
struct Actor {
    number: usize,
    place: Place,
    temper: Temper,
    /// Rounds until it connects.
    delay: usize,
    client: Option<Client>,
    /// Messages still to be sent, and those that were.
    to_say: usize,
    said: Vec<String>,
    is_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Echo,
    Topic,
    Mixed,
    Varied,
    Resuming,
    Flood,
    Panic,
    PanicRequest,
}

/// What a client does when it has said everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temper {
    /// Stays, answers, and leaves properly in the end.
    Stays,
    /// Closes properly.
    Leaves,
    /// Ends its stream without a close frame, and reads on.
    HalfCloses,
    /// Says and answers nothing more, but reads.
    FallsSilent,
    /// Does not even read.
    Stalls,
    /// Begins a message and does not end it.
    Trails,
    Resets,
    /// Sends what is no frame.
    Raves,
    /// Sends what is no request.
    Babbles,
    /// Sends half a request.
    Dawdles,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let weather = draw_weather(&mut random);
        let config = draw_config(&mut random);
        let workers = random.range(1, 4);
        let world = World::new(seed, workers, &weather, &config);
        let count = random.range(5, 20);
        let actors = (0..count).map(|number| Actor::draw(number, &mut random));
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
            world.check_bounds(config);
        }
        // All these moments together are shorter than any deadline.
        if random.one_in(4) {
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
                Place::Topic => self.check_topic(actor, &log, &told),
                _ => {}
            }
            actor.check_owed(record, &told);
            if matches!(actor.place, Place::Echo | Place::Flood) {
                let max = self.config.send_queue_bytes_max;
                assert!(record.backlog_max <= max, "backlog over its bound: {told}");
            }
        }
    }

    /// Nothing lost, reordered or twice between a sender and whoever was subscribed.
    fn check_topic(&self, actor: &Actor, log: &BTreeMap<usize, Record>, told: &str) {
        let record = log.get(&actor.number);
        let mut next: BTreeMap<usize, usize> = BTreeMap::new();
        for message in &actor.client().messages {
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
        for (sender, sent) in log.iter().filter(|(sender, _)| **sender != actor.number) {
            let joined_at = record.joined_at.get(sender).copied().unwrap_or(0);
            let got = next.get(sender).copied().unwrap_or(joined_at);
            assert_eq!(got, sent.published, "from {sender}: {told}");
        }
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
        for (number, record) in &*self.world.log.borrow() {
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

impl World {
    /// What may be true at no moment.
    fn check_bounds(&self, config: &Config) {
        for worker in &self.workers {
            let holdings = worker.holdings();
            let published = PUBLISHED_PER_TICK_MAX + 20 * config.message_bytes_max;
            let bound = config.send_queue_bytes_max + published;
            assert_eq!(holdings.undelivered, 0, "forgotten at the end of the tick");
            let max = holdings.backlog_bytes_max;
            assert!(max <= bound, "{max} bytes wait for one connection");
        }
    }
}

impl Actor {
    fn draw(number: usize, random: &mut Random) -> Self {
        let places = [
            Place::Echo,
            Place::Echo,
            Place::Topic,
            Place::Topic,
            Place::Topic,
            Place::Mixed,
            Place::Varied,
            Place::Resuming,
            Place::Resuming,
            Place::Flood,
            Place::Panic,
            Place::PanicRequest,
        ];
        let tempers = [
            Temper::Stays,
            Temper::Stays,
            Temper::Stays,
            Temper::Stays,
            Temper::Leaves,
            Temper::Leaves,
            Temper::HalfCloses,
            Temper::FallsSilent,
            Temper::Stalls,
            Temper::Trails,
            Temper::Resets,
            Temper::Raves,
            Temper::Babbles,
            Temper::Dawdles,
        ];
        let place = places[random.below(places.len())];
        Self {
            number,
            place,
            temper: tempers[random.below(tempers.len())],
            delay: random.below(20),
            client: None,
            to_say: match place {
                Place::Flood | Place::Panic | Place::PanicRequest => 1,
                _ => random.below(12),
            },
            said: Vec::new(),
            is_done: false,
        }
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("everybody has come by now")
    }

    fn client_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("everybody has come by now")
    }

    /// Open, and about to stay so.
    fn is_well(&self) -> bool {
        self.temper == Temper::Stays && self.client().is_open()
    }

    fn act(&mut self, random: &mut Random, world: &World, size_max: usize) {
        if self.delay > 0 {
            self.delay -= 1;
            return;
        }
        let Some(client) = &mut self.client else {
            let worker = random.below(world.networks.len());
            let mut client = Client::connect(&world.networks[worker]);
            self.greet(&mut client, random);
            self.client = Some(client);
            return;
        };
        client.pump_randomly(random);
        if self.to_say > 0 {
            self.to_say -= 1;
            self.speak(random, size_max);
        } else if !self.is_done && random.one_in(3) {
            self.is_done = true;
            self.end(random);
        }
    }

    fn greet(&mut self, client: &mut Client, random: &mut Random) {
        let number = self.number;
        match self.temper {
            Temper::Babbles => {
                let size = random.range(1, 200);
                client.raw(&random.bytes(size));
                client.raw(b"\r\n\r\n");
            }
            Temper::Dawdles => client.raw(b"GET /echo HTTP/1.1\r\nHost: si"),
            _ => {
                let place = match self.place {
                    Place::Echo => "echo",
                    Place::Topic => "topic",
                    Place::Mixed => "mixed",
                    Place::Varied => "varied",
                    Place::Resuming => "resuming",
                    Place::Flood => "flood",
                    Place::Panic => "panic",
                    Place::PanicRequest => "panic-request",
                };
                client.request(&format!("/{place}/{number}"));
                return;
            }
        }
        client.is_polite = false;
        self.to_say = 0;
        self.is_done = true;
    }

    fn speak(&mut self, random: &mut Random, size_max: usize) {
        let text = self.next_text(random, size_max);
        let client = self.client_mut();
        match random.below(4) {
            0 => {
                let count = random.range(1, 6);
                client.fragments(&text, count);
            }
            1 => {
                client.ping(b"here?");
                client.text(&text);
            }
            _ => client.text(&text),
        }
        self.said.push(text);
    }

    fn next_text(&self, random: &mut Random, size_max: usize) -> String {
        let (number, index) = (self.number, self.said.len());
        let padding = "x".repeat(match random.below(8) {
            0 => random.below(size_max - 50),
            1 => 110 + random.below(20),
            _ => random.below(60),
        });
        match self.place {
            Place::Echo | Place::Panic | Place::PanicRequest => format!("{index} {padding}"),
            Place::Topic => format!("{number}:{index}:{padding}"),
            Place::Mixed | Place::Varied | Place::Resuming => {
                let count = random.below(8);
                let orders = (0..count).map(|_| ['d', 'd', 'p', 'P'][random.below(4)]);
                format!("{number}-{index}-{padding} {}", orders.collect::<String>())
            }
            Place::Flood => format!("{} {}", random.range(1, 40), random.range(1, 1500)),
        }
    }

    fn end(&mut self, random: &mut Random) {
        let number = self.number as u16;
        let temper = self.temper;
        let client = self.client_mut();
        match temper {
            Temper::Leaves => client.close(4000 + number),
            Temper::HalfCloses => client.end(),
            Temper::Resets => client.reset(),
            Temper::Raves => {
                let size = random.range(2, 300);
                let mut bytes = random.bytes(size);
                // Reserved bits: by no chance a frame.
                bytes[0] |= 0x70;
                client.raw(&bytes);
            }
            Temper::Trails => client.raw(b"\x01\x85half"),
            Temper::Stalls => client.is_reading = false,
            Temper::Stays | Temper::FallsSilent | Temper::Babbles | Temper::Dawdles => {}
        }
        let answers =
            matches!(temper, Temper::Stays | Temper::Leaves | Temper::HalfCloses | Temper::Raves);
        client.is_polite = answers;
    }

    /// Whoever is not open any more has ended for a reason that there is.
    fn check_fate(&self, record: &Record, weather: &Weather, told: &str) {
        let client = self.client();
        let may_break = weather.reset_per_mille > 0 || self.temper == Temper::Resets;
        if client.incoming() == Stream::Reset && may_break {
            return;
        }
        let is_slow = record.refused > 0 || record.lags > 0;
        let own_code = 4000 + self.number as u16;
        match (self.temper, self.place) {
            (Temper::Babbles, _) => {
                assert!(client.status.is_none_or(|status| status >= 400), "{told}");
            }
            (Temper::Dawdles, _) => assert_eq!(client.status, None, "{told}"),
            (_, Place::PanicRequest) if client.is_reading => {
                assert_eq!(client.status, Some(500), "{told}");
            }
            (Temper::Raves, place) => match client.closed {
                Some(1013) => assert!(is_slow, "{told}"),
                Some(1011) => assert_eq!(place, Place::Panic, "{told}"),
                code => assert_eq!(code, Some(1002), "{told}"),
            },
            (Temper::Stays | Temper::Leaves | Temper::HalfCloses, place) => {
                assert_eq!(client.status, Some(101), "{told}");
                match client.closed {
                    Some(1013) => assert!(is_slow, "{told}"),
                    Some(1011) => assert_eq!(place, Place::Panic, "{told}"),
                    Some(code) => {
                        assert_eq!((self.temper, code), (Temper::Leaves, own_code), "{told}");
                    }
                    None => assert_ne!(self.temper, Temper::Leaves, "no answer: {told}"),
                }
                let is_over = client.closed.is_some() || self.temper == Temper::HalfCloses;
                let expected = if is_over { Stream::Ended } else { Stream::Open };
                assert_eq!(client.incoming(), expected, "{told}");
            }
            _ => {}
        }
    }

    /// It has got what was promised, in order, and all of it if it stayed and read.
    fn check_owed(&self, record: &Record, told: &str) {
        if self.place == Place::Topic {
            return;
        }
        let got = &self.client().messages;
        let owed: Vec<&String> = record.owed.iter().map(|(_, text)| text).collect();
        assert!(got.len() <= owed.len(), "more than was sent: {told}");
        for (index, got) in got.iter().enumerate() {
            assert_eq!(got, owed[index], "message {index}: {told}");
        }
        if self.is_well() {
            assert_eq!(got.len(), owed.len(), "some are missing: {told}");
        }
    }

    fn check_echo(&self, record: &Record, told: &str) {
        let got = &self.client().messages;
        assert!(self.said.starts_with(got), "not an echo: {told}");
        // Reading pauses before the send queue is full.
        assert_eq!(record.refused, 0, "{told}");
        let ends_well = matches!(self.temper, Temper::Stays | Temper::Leaves | Temper::HalfCloses);
        if ends_well && self.client().incoming() != Stream::Reset {
            assert_eq!(got.len(), self.said.len(), "some are missing: {told}");
        }
    }
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes: Vec<usize> = self.said.iter().map(String::len).collect();
        write!(
            f,
            "client {} ({:?}, {:?}) said {sizes:?}: {:?}",
            self.number, self.place, self.temper, self.client
        )
    }
}

fn parse_topic(message: &str) -> (usize, usize) {
    let mut parts = message.split(':').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(sender)), Some(Ok(number))) => (sender, number),
        _ => panic!("nobody sent {message:?}"),
    }
}

fn draw_weather(random: &mut Random) -> Weather {
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
    config
}

/// More than the clients of one storm ask to be published between two flushes.
const PUBLISHED_PER_TICK_MAX: usize = 64 * 1024;

const GRACE: Duration = Duration::from_secs(1);

/// Longer than all deadlines of a connection, one after the other.
const DEADLINES: Duration = Duration::from_secs(12);
