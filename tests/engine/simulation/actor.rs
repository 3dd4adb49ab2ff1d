//! A client of some temper: what it says, what it does in the end, and what it must have got.

use super::client::Client;
use super::notes::Record;
use super::storm::parse_topic;
use super::world::World;
use crate::support::Random;
use sockeye::driver::{Stream, Weather};
use std::collections::BTreeMap;

/// A client and what it is about to do.
pub(crate) struct Actor {
    pub(crate) number: usize,
    pub(crate) place: Place,
    pub(crate) temper: Temper,
    /// Rounds until it connects.
    delay: usize,
    pub(crate) client: Option<Client>,
    /// Messages still to be sent, and those that were.
    to_say: usize,
    is_chatty: bool,
    said: Vec<String>,
    pub(crate) is_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Echo,
    Topic,
    Mailed,
    Timed,
    Mixed,
    Varied,
    Resuming,
    Flood,
    Panic,
    PanicRequest,
}

/// What a client does when it has said everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temper {
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

impl Actor {
    /// Where all are chatty, those who do not read have more waiting than they may.
    pub(crate) fn draw(number: usize, random: &mut Random, is_chatty: bool) -> Self {
        let places = [
            Place::Echo,
            Place::Echo,
            Place::Topic,
            Place::Topic,
            Place::Topic,
            Place::Mailed,
            Place::Mailed,
            Place::Mailed,
            Place::Timed,
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
                _ => random.below(if is_chatty { 60 } else { 12 }),
            },
            is_chatty,
            said: Vec::new(),
            is_done: false,
        }
    }

    /// One that comes late, stays, and says a few things.
    pub(crate) fn newcomer(number: usize, place: Place) -> Self {
        let (temper, to_say) = (Temper::Stays, 3);
        Self {
            number,
            place,
            temper,
            delay: 0,
            client: None,
            to_say,
            is_chatty: false,
            said: Vec::new(),
            is_done: false,
        }
    }

    /// Connects to a worker.
    pub(crate) fn come(&mut self, random: &mut Random, world: &World, worker: usize) {
        let mut client = Client::over(world.line(worker));
        client.offers_compression = !self.number.is_multiple_of(3);
        self.greet(&mut client, random);
        self.client = Some(client);
    }

    /// Says everything that it has to say.
    pub(crate) fn say_all(&mut self, random: &mut Random, size_max: usize) {
        for _ in 0..std::mem::take(&mut self.to_say) {
            self.speak(random, size_max);
        }
        self.is_done = true;
    }

    pub(crate) fn client(&self) -> &Client {
        self.client.as_ref().expect("everybody has come by now")
    }

    pub(crate) fn client_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("everybody has come by now")
    }

    /// Open, and about to stay so.
    pub(crate) fn is_well(&self) -> bool {
        self.temper == Temper::Stays && self.client().is_open()
    }

    pub(crate) fn act(&mut self, random: &mut Random, world: &World, size_max: usize) {
        if self.delay > 0 {
            self.delay -= 1;
            return;
        }
        let Some(client) = &mut self.client else {
            let worker = random.below(world.networks.len());
            return self.come(random, world, worker);
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
                    Place::Mailed => "mailed",
                    Place::Timed => "timed",
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
            _ if self.is_chatty => random.below(1_500),
            1 => 110 + random.below(20),
            _ => random.below(60),
        });
        match self.place {
            Place::Echo | Place::Panic | Place::PanicRequest => format!("{index} {padding}"),
            Place::Topic | Place::Mailed | Place::Timed => format!("{number}:{index}:{padding}"),
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
    pub(crate) fn check_fate(&self, record: &Record, weather: &Weather, told: &str) {
        let client = self.client();
        let may_break = weather.reset_per_mille > 0 || self.temper == Temper::Resets;
        if client.incoming() == Stream::Reset && may_break {
            return;
        }
        // Of what the engine sends by its own mail nobody says that it was refused.
        let is_slow = record.refused > 0 || record.lags > 0 || self.place == Place::Mailed;
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
    pub(crate) fn check_owed(&self, record: &Record, told: &str) {
        if matches!(self.place, Place::Topic | Place::Timed) {
            return;
        }
        let is_owed = |text: &&String| self.place != Place::Mailed || text.starts_with("letter:");
        let got: Vec<&String> = self.client().messages.iter().filter(is_owed).collect();
        let owed: Vec<&String> = record.owed.iter().map(|(_, text)| text).collect();
        assert!(got.len() <= owed.len(), "more than was sent: {told}");
        for (index, got) in got.iter().enumerate() {
            assert_eq!(*got, owed[index], "message {index}: {told}");
        }
        if self.is_well() {
            assert_eq!(got.len(), owed.len(), "some are missing: {told}");
        }
    }

    /// What others sent to it alone by the engine's mail may be refused, but comes in order and once.
    pub(crate) fn check_mailed(&self, told: &str) {
        let mut last = BTreeMap::new();
        for text in self.client().messages.iter().filter_map(|text| text.strip_prefix("engine:")) {
            let (sender, number) = parse_topic(text);
            let before = last.insert(sender, number);
            assert!(before.is_none_or(|before| before < number), "from {sender}: {told}");
        }
    }

    pub(crate) fn check_echo(&self, record: &Record, told: &str) {
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
