//! A client of some temper: what it asks, and what its answers must be.

use super::HttpWorld;
use super::desk::{page, piece};
use super::exchange::{Answer, Asked};
use super::ledger::Record;
use super::visitor::Visitor;
use crate::support::Random;
use sockeye::driver::Stream;
use std::collections::BTreeMap;

pub(crate) struct Guest {
    pub(crate) number: usize,
    pub(crate) temper: Temper,
    /// Rounds until it connects.
    delay: usize,
    pub(crate) visitor: Option<Visitor>,
    to_ask: usize,
    /// It speaks HTTP/1.0.
    is_old: bool,
    pub(crate) is_done: bool,
}

/// What a client does when it has asked everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temper {
    Stays,
    /// Becomes a WebSocket, at once or when the handler has thought about it.
    Upgrades,
    /// Ends its stream and reads on.
    HalfCloses,
    Resets,
    /// Reads no more, and asks on.
    Stalls,
    /// Sends what is no request.
    Babbles,
    /// Sends half a request.
    Dawdles,
}

impl Guest {
    pub(crate) fn draw(number: usize, random: &mut Random) -> Self {
        let tempers = [
            Temper::Stays,
            Temper::Stays,
            Temper::Stays,
            Temper::Stays,
            Temper::Upgrades,
            Temper::HalfCloses,
            Temper::Resets,
            Temper::Stalls,
            Temper::Babbles,
            Temper::Dawdles,
        ];
        let temper = tempers[random.below(tempers.len())];
        let delay = random.below(20);
        let is_old = temper != Temper::Upgrades && random.one_in(5);
        let to_ask = random.below(12);
        Self { number, temper, delay, visitor: None, to_ask, is_old, is_done: false }
    }

    pub(crate) fn visitor(&self) -> &Visitor {
        self.visitor.as_ref().expect("everybody has come by now")
    }

    pub(crate) fn act(&mut self, random: &mut Random, world: &HttpWorld) {
        if self.delay > 0 {
            self.delay -= 1;
            return;
        }
        let Some(visitor) = &mut self.visitor else {
            let worker = random.below(world.networks.len());
            let mut visitor = Visitor::over(world.line(worker));
            visitor.is_old = self.is_old;
            self.visitor = Some(visitor);
            return;
        };
        visitor.pump_randomly(random);
        // Sometimes several are asked at once, sometimes one waits for the answer before.
        while self.to_ask > 0 && !visitor.is_withholding() && random.below(3) > 0 {
            self.to_ask -= 1;
            let key = format!("{}.{}", self.number, visitor.asked.len());
            ask(visitor, &key, random, world.networks.len());
            if self.temper == Temper::Stalls && random.one_in(3) {
                visitor.is_reading = false;
            }
        }
        if self.to_ask == 0 && !self.is_done && !visitor.is_withholding() && random.one_in(3) {
            self.is_done = true;
            self.end(random);
        }
    }

    fn end(&mut self, random: &mut Random) {
        let Some(visitor) = &mut self.visitor else {
            return;
        };
        let key = format!("{}.{}", self.number, visitor.asked.len());
        match self.temper {
            Temper::Stays => {}
            Temper::Upgrades => {
                let kind = ["socket", "late-socket"][random.below(2)];
                visitor.upgrade(kind, &key);
                visitor.raw(b"\x81\x82\0\0\0\0hi");
            }
            Temper::HalfCloses => visitor.end(),
            Temper::Resets => visitor.reset(),
            Temper::Stalls => visitor.is_reading = false,
            Temper::Babbles => visitor.raw(b"\x00\x01 what?\r\n\r\n"),
            Temper::Dawdles => visitor.raw(b"GET /now/0.0 HTTP/1.1\r\nHost: si"),
        }
    }

    /// Whether it hears everything, and all that it hears is the server's doing.
    pub(crate) fn is_well(&self) -> bool {
        !matches!(self.temper, Temper::Resets | Temper::Stalls)
            && self.visitor().incoming() != Stream::Reset
    }

    /// Whether an answer that it has not got whole is a stream that the handler may have cut off. Of one to HTTP/1.0, which goes
    /// on up to the end of the connection, only a reset says so, and that may take what was before it along.
    pub(crate) fn may_be_cut_by_reset(&self, refuses: bool) -> bool {
        let visitor = self.visitor();
        let may_be_cut = |asked: &Asked| {
            matches!(asked.kind, "stream" | "topic" | "panic-open") && may_be_cut(asked, refuses)
        };
        self.is_old && visitor.asked.iter().skip(visitor.whole().count()).any(may_be_cut)
    }

    /// Each answer is the one to its request, in their order; nothing is between them or behind the last.
    pub(crate) fn check_answers(&self, records: &BTreeMap<String, Record>) {
        let visitor = self.visitor();
        let nothing = Record::default();
        for (number, answer) in visitor.answers.iter().enumerate() {
            let is_latest = number + 1 == visitor.answers.len();
            assert!(answer.is_whole || answer.status == 101 || is_latest, "cut short: {self:?}");
            assert!(!answer.is_last || is_latest, "answers behind the last: {self:?}");
            match visitor.asked.get(number) {
                Some(asked) => {
                    let record = records.get(&asked.key).unwrap_or(&nothing);
                    self.check_answer(asked, answer, record);
                }
                None => {
                    let babbles = matches!(self.temper, Temper::Babbles | Temper::Dawdles);
                    assert!(
                        babbles && answer.is_last && answer.key.is_none(),
                        "invented: {self:?}"
                    );
                }
            }
        }
    }

    fn check_answer(&self, asked: &Asked, answer: &Answer, record: &Record) {
        let told = format!("{asked:?}\n{answer:?}\n{record:?}\n{self:?}");
        let expected = match asked.kind {
            "never" => 503,
            "socket" | "late-socket" => 101,
            "panic-body" | "panic-request" => 500,
            // A worker that shuts down takes nobody over; that is the last answer.
            "hop" if answer.is_last && answer.key.is_none() => 503,
            _ => 200,
        };
        // A request that a garbled one is taken for gets no answer of its own.
        assert_eq!(answer.status, expected, "{told}");
        let key = answer.key.as_deref();
        assert!(key.is_none_or(|key| key == asked.key), "another's answer: {told}");
        assert_eq!(key.is_some(), answer.status == 200, "{told}");
        if asked.is_head || answer.status != 200 {
            return;
        }
        if answer.is_whole {
            let expected = match asked.kind {
                "now" | "ignore" => Some(page(&asked.key, asked.number(0))),
                "echo" => Some(asked.body.clone()),
                "hasty" => Some(b"enough\n".to_vec()),
                "mail" | "again" => Some(format!("mail for {}\n", asked.key).into_bytes()),
                "publish" => Some(b"published\n".to_vec()),
                "hop" => Some(format!("at {}\n", asked.number(0)).into_bytes()),
                "stream" => Some(record.sent.clone()),
                _ => None,
            };
            let is_right = expected.is_none_or(|expected| expected == answer.body);
            assert!(is_right, "not its body: {told}");
        }
        match asked.kind {
            "echo" => assert!(record.body == asked.body && record.body_ends == 1, "{told}"),
            "stream" => assert!(record.sent.starts_with(&answer.body), "{told}"),
            "topic" => check_topic(answer, record, &told),
            _ => {}
        }
    }

    /// Whoever stays and hears has got all that it asked for, up to what ended the connection.
    pub(crate) fn check_owed(&self, records: &BTreeMap<String, Record>, refuses: bool) {
        let visitor = self.visitor();
        assert!(!visitor.has_surplus(), "half an answer: {self:?}");
        let last = visitor.answers.last();
        let whole = visitor.whole().count();
        let is_socket = last.is_some_and(|last| last.status == 101);
        if let Some(last) = last.filter(|last| !last.is_whole && !is_socket) {
            // A stream was cut off, by the handler or because its client has ended its own.
            let asked = &visitor.asked[visitor.answers.len() - 1];
            let record = &records[&asked.key];
            let may_be_cut = may_be_cut(asked, refuses) || self.temper == Temper::HalfCloses;
            assert!(may_be_cut && visitor.is_over(), "{asked:?} {last:?} {record:?} {self:?}");
            return;
        }
        if last.is_some_and(|last| last.is_last) {
            assert_eq!(visitor.incoming(), Stream::Ended, "{self:?}");
            return;
        }
        if self.temper == Temper::Upgrades && !visitor.asked.is_empty() {
            assert!(is_socket && visitor.frames == b"\x81\x02hi", "{self:?}");
            return;
        }
        let missed = visitor.asked.get(whole).map(|asked| records.get(&asked.key));
        assert_eq!(whole, visitor.asked.len(), "some have no answer: {missed:?} {self:?}");
        let ends = matches!(self.temper, Temper::HalfCloses | Temper::Babbles);
        assert_eq!(visitor.is_over(), ends, "{self:?}");
        for (asked, answer) in visitor.asked.iter().zip(visitor.whole()) {
            if asked.kind == "stream" && asked.number(2) == 1000 && refuses {
                let (count, size) = (asked.number(0), asked.number(1));
                let pieces = (1..=count).rev().flat_map(|left| piece(&asked.key, left, size));
                assert!(pieces.eq(answer.body.iter().copied()), "{asked:?} {self:?}");
            }
        }
    }
}

/// Whether the handler did not promise the whole of what was asked for.
fn may_be_cut(asked: &Asked, refuses: bool) -> bool {
    !(asked.kind == "stream" && refuses && asked.number(2) == 1000)
}

/// Nothing lost, reordered or twice between a publisher and a stream.
fn check_topic(answer: &Answer, record: &Record, told: &str) {
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for chunk in &answer.chunks {
        let text = str::from_utf8(chunk).expect("it was text");
        let (client, number) = text.split_once(':').expect("nobody published this");
        let number: usize = number.trim_end_matches(':').parse().expect("a number");
        match next.get(client) {
            Some(expected) => assert_eq!(number, *expected, "from {client}: {told}"),
            None => {
                let joined_at = record.joined_at.get(client).copied().unwrap_or(0);
                assert!(number <= joined_at, "missed some of {client}'s: {told}");
            }
        }
        next.insert(client.to_owned(), number + 1);
    }
}

fn ask(visitor: &mut Visitor, key: &str, random: &mut Random, workers: usize) {
    let size = match random.below(6) {
        0 => random.below(20_000),
        1 => 0,
        _ => random.below(1_000),
    };
    let time = random.below(400);
    let (is_old, what) = (visitor.is_old, random.below(22));
    // HTTP/1.0 knows neither.
    let expects = random.one_in(4) && !is_old;
    match what {
        8 if is_old => visitor.get("now", key, &[size]),
        0..4 => visitor.get("now", key, &[size]),
        4 => visitor.head("now", key, &[size]),
        5..8 => {
            let body = random.bytes(size);
            // Less data would be outweighed by the extensions, which is refused.
            let chunk = random.one_in(2).then(|| 8 + random.below(size + 1)).filter(|_| !is_old);
            visitor.post(("echo", key, &[]), &body, chunk, expects);
        }
        8 => {
            let body = random.bytes(size);
            visitor.post(("hasty", key, &[]), &body, Some(1 + size / 3), expects);
        }
        9 => {
            let body = random.bytes(size);
            let chunk = random.one_in(2).then(|| 1 + size / 2).filter(|_| !is_old);
            visitor.post(("ignore", key, &[time]), &body, chunk, expects && random.one_in(3));
        }
        10..12 => visitor.get("mail", key, &[time]),
        12 => visitor.get("again", key, &[2_000]),
        13 if random.one_in(3) => visitor.get("never", key, &[time]),
        13..16 => {
            let end = if random.one_in(5) { 1011 } else { 1000 };
            visitor.get("stream", key, &[random.below(30), random.below(900), end]);
        }
        16 => visitor.get("topic", key, &[0, time]),
        17..19 => visitor.get("publish", key, &[]),
        19..21 => visitor.get("hop", key, &[random.below(workers)]),
        _ if random.one_in(3) => {
            let kinds = ["panic-request", "panic-body", "panic-open"];
            visitor.get(kinds[random.below(3)], key, &[]);
        }
        _ => visitor.head("mail", key, &[time]),
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "guest {} ({:?}): {:?}", self.number, self.temper, self.visitor)
    }
}
