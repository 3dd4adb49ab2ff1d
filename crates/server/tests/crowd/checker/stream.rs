//! One client's log, read from its beginning to its end.

use super::patterns::{Begin, Stretch};
use super::{Kind, Verdict};
use crate::log::{Channel, Entry, Log, Place, Recovery, STRANGE};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What follows from a log.
#[derive(Debug)]
pub(super) struct Reading<'l> {
    pub(super) client: usize,
    pub(super) log: &'l Log,
    /// The session that it has at the end, while it is connected.
    pub(super) session: Option<&'l str>,
    /// All that it ever had.
    pub(super) sessions: HashSet<&'l str>,
    pub(super) streams: BTreeMap<Channel, Stream>,
    /// Ids of publications that were sent, and how often.
    pub(super) sent: HashMap<u64, (Channel, usize)>,
    pub(super) receipts: HashMap<u64, (Channel, Place)>,
    /// Ids of what it published and did not want to get, and as which sessions.
    pub(super) left_out: HashMap<u64, HashSet<Option<&'l str>>>,
    /// From when to when its pattern was live, in the present epoch; and since when it is.
    pub(super) stretches: Vec<Stretch>,
    pub(super) watching: Option<Stretch>,
    has_watched: bool,
}

/// A channel as one client knows it.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) is_subscribed: bool,
    /// What it has asked for and got no answer to.
    wanted: Option<Place>,
    is_leaving: bool,
    pub(super) at: Option<Place>,
    /// In this epoch: where it began or was told of loss, up to the second number; what it has not got there, it need not.
    pub(super) excused: Vec<(u64, u64)>,
    pub(super) got: HashMap<u64, u64>,
    /// Where something did not come that may be its own, which it did not want.
    pub(super) doubts: Vec<Doubt>,
}

/// What is after `last` up to `to` did not come, which was seen when `next` did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    pub(super) epoch: u64,
    pub(super) last: u64,
    pub(super) to: u64,
    pub(super) next: u64,
}

impl<'l> Reading<'l> {
    pub(super) fn new(client: usize, log: &'l Log) -> Self {
        Self {
            client,
            log,
            session: None,
            sessions: HashSet::new(),
            streams: BTreeMap::new(),
            sent: HashMap::new(),
            receipts: HashMap::new(),
            left_out: HashMap::new(),
            stretches: Vec::new(),
            watching: None,
            has_watched: false,
        }
    }

    pub(super) fn read(&mut self, verdict: &mut Verdict) {
        for entry in &self.log.entries {
            self.take(entry, verdict);
        }
    }

    fn take(&mut self, entry: &'l Entry, verdict: &mut Verdict) {
        match *entry {
            Entry::Connected { ref session, is_resumed } => {
                self.session = Some(session);
                self.sessions.insert(session);
                self.connected(is_resumed, verdict);
            }
            Entry::Gone => {
                self.session = None;
                self.stop_watching();
            }
            Entry::Asked { channel, position } => {
                self.streams.entry(channel).or_default().wanted = position;
            }
            Entry::Subscribed { channel, place, recovery } => {
                self.allowed(channel, verdict);
                self.subscribed(channel, place, recovery, verdict);
            }
            Entry::Leaves { channel } => {
                self.streams.entry(channel).or_default().is_leaving = true;
            }
            Entry::Unsubscribed { channel } => {
                self.streams.entry(channel).or_default().is_subscribed = false;
            }
            Entry::Revoked { channel } => self.revoked(channel, verdict),
            Entry::Refused { channel, ref code } => self.refused(channel, code, verdict),
            Entry::Granted { channel } => self.allowed(channel, verdict),
            Entry::Publication { channel, sequence, previous, id } => {
                verdict.counts.deliveries += 1;
                self.allowed(channel, verdict);
                self.not_echoed(channel, id, verdict);
                self.publication(channel, (sequence, previous), id, verdict);
            }
            Entry::Lost { channel, from, to } => {
                verdict.counts.told_lost += 1;
                self.lost(channel, (from, to), verdict);
            }
            Entry::CaughtUp { channel, place } | Entry::Heartbeat { channel, place } => {
                self.is_at(channel, place, verdict);
            }
            Entry::Watching => {
                let begin = if self.has_watched { Begin::Later } else { Begin::First };
                self.has_watched = true;
                self.watch(begin);
            }
            Entry::Watched { channel, sequence, id } => {
                self.allowed(channel, verdict);
                self.not_echoed(channel, id, verdict);
                self.watched(channel, (sequence, id), verdict);
            }
            Entry::WatchLost => {
                verdict.counts.told_lost += 1;
                self.watch(Begin::Lost);
            }
            Entry::Sent { channel, id, excludes_self } => {
                let sent = self.sent(channel, id, excludes_self);
                verdict.counts.sent_again += usize::from(sent == 2);
            }
            Entry::Receipt { channel, id, place } => self.receipt(channel, id, place, verdict),
            Entry::Nonsense { ref what } => {
                verdict.add(self.client, STRANGE, Kind::Nonsense { what: what.clone() });
            }
        }
    }

    fn connected(&mut self, is_resumed: bool, verdict: &mut Verdict) {
        match is_resumed {
            true => verdict.counts.resumed += 1,
            false => verdict.counts.began_anew += 1,
        }
        for stream in self.streams.values_mut() {
            if !is_resumed {
                stream.is_subscribed = false;
            }
            // A session that resumes asks for all that it has missed.
            stream.wanted = stream.at.filter(|_| is_resumed);
        }
    }

    fn revoked(&mut self, channel: Channel, verdict: &mut Verdict) {
        let stream = self.streams.entry(channel).or_default();
        stream.is_subscribed = false;
        // It had asked for that, and has not heard of it.
        if !stream.is_leaving {
            verdict.add(self.client, channel, Kind::Revoked);
        }
    }

    /// How often it has published this by now.
    fn sent(&mut self, channel: Channel, id: u64, excludes_self: bool) -> usize {
        if excludes_self {
            self.left_out.entry(id).or_default().insert(self.session);
        }
        let times = &mut self.sent.entry(id).or_insert((channel, 0)).1;
        *times += 1;
        *times
    }

    fn allowed(&self, channel: Channel, verdict: &mut Verdict) {
        if self.log.may.get(usize::from(channel)) != Some(&true) {
            verdict.add(self.client, channel, Kind::Forbidden);
        }
    }

    /// What it published as this session, and did not want, does not come.
    fn not_echoed(&self, channel: Channel, id: u64, verdict: &mut Verdict) {
        let publishers = self.left_out.get(&id);
        if publishers.is_some_and(|sessions| sessions.iter().all(|one| *one == self.session)) {
            verdict.add(self.client, channel, Kind::Echoed { id });
        }
    }

    fn refused(&self, channel: Channel, code: &str, verdict: &mut Verdict) {
        verdict.counts.refused += 1;
        let may = self.log.may.get(usize::from(channel)) == Some(&true);
        if may || code != "forbidden" {
            verdict.add(self.client, channel, Kind::Refused);
        }
    }

    fn subscribed(
        &mut self,
        channel: Channel,
        place: Place,
        recovery: Recovery,
        verdict: &mut Verdict,
    ) {
        let client = self.client;
        let stream = self.streams.entry(channel).or_default();
        (stream.is_subscribed, stream.is_leaving) = (true, false);
        let wanted = stream.wanted.take();
        if wanted.is_some_and(|wanted| wanted.epoch != place.epoch) {
            self.stretches.clear();
            match recovery {
                Recovery::Lost { .. } => verdict.counts.new_epochs += 1,
                _ => verdict.add(client, channel, Kind::SilentEpoch),
            }
        }
        stream.enter(place.epoch);
        match (recovery, wanted.filter(|wanted| wanted.epoch == place.epoch)) {
            (Recovery::Lost { from, to }, same_epoch) => {
                verdict.counts.told_lost += 1;
                if same_epoch.is_some() {
                    verdict.add(client, channel, Kind::NeedlessLoss { from, to });
                }
                if let Some(at) = same_epoch.filter(|at| from > at.sequence) {
                    verdict.add(client, channel, Kind::Gap { last: at.sequence, next: from });
                }
                stream.excuse(0, to);
            }
            (Recovery::Recovered, Some(at)) => {
                verdict.counts.recovered += 1;
                if place.sequence > at.sequence {
                    let kind = Kind::Gap { last: at.sequence, next: place.sequence };
                    verdict.add(client, channel, kind);
                    stream.excuse(at.sequence, place.sequence);
                }
            }
            (Recovery::Live | Recovery::Other, Some(_)) => {
                verdict.add(client, channel, Kind::NotRecovered);
                stream.excuse(0, place.sequence);
            }
            // It has asked for nothing, or its first answer did not arrive.
            (_, None) => stream.excuse(0, place.sequence),
        }
    }

    fn publication(
        &mut self,
        channel: Channel,
        (sequence, previous): (u64, u64),
        id: u64,
        verdict: &mut Verdict,
    ) {
        let client = self.client;
        let stream = self.streams.entry(channel).or_default();
        let Some(at) = stream.at.as_mut().filter(|_| stream.is_subscribed) else {
            return verdict.add(client, channel, Kind::Uninvited { sequence });
        };
        if sequence <= at.sequence {
            match stream.got.get(&sequence) {
                Some(known) if *known == id => verdict.counts.repeated += 1,
                Some(_) => verdict.add(client, channel, Kind::OneNumber { sequence }),
                // As another session it gets what it did not want as this one, and is somewhere behind that already.
                None if self.left_out.contains_key(&id) => _ = stream.got.insert(sequence, id),
                None => verdict.add(client, channel, Kind::Reordered { sequence }),
            }
            return;
        }
        if previous > at.sequence {
            let Place { epoch, sequence: last } = *at;
            stream.doubts.push(Doubt { epoch, last, to: previous, next: sequence });
        }
        at.sequence = sequence;
        stream.got.insert(sequence, id);
    }

    fn lost(&mut self, channel: Channel, (from, to): (u64, u64), verdict: &mut Verdict) {
        let client = self.client;
        let stream = self.streams.entry(channel).or_default();
        let last = stream.at.map_or(0, |at| at.sequence);
        if !self.log.may_lose {
            verdict.add(client, channel, Kind::NeedlessLoss { from, to });
        }
        if from > last {
            verdict.add(client, channel, Kind::Gap { last, next: from });
        }
        stream.excuse(from, to);
    }

    /// It hears that it has got everything up to there.
    fn is_at(&mut self, channel: Channel, place: Place, verdict: &mut Verdict) {
        let client = self.client;
        let stream = self.streams.entry(channel).or_default();
        match stream.at {
            Some(at) if at.epoch != place.epoch => verdict.add(client, channel, Kind::SilentEpoch),
            Some(Place { epoch, sequence: last }) if last < place.sequence => {
                let (to, next) = (place.sequence, place.sequence);
                stream.doubts.push(Doubt { epoch, last, to, next });
                stream.excuse(last, to);
            }
            Some(_) => {}
            None => {
                let what = format!("{place:?} without a subscription");
                verdict.add(client, channel, Kind::Nonsense { what });
            }
        }
    }

    fn receipt(&mut self, channel: Channel, id: u64, place: Place, verdict: &mut Verdict) {
        verdict.counts.receipts += 1;
        self.allowed(channel, verdict);
        if !self.sent.contains_key(&id) {
            let what = format!("a receipt for {id}");
            verdict.add(self.client, channel, Kind::Nonsense { what });
        }
        let before = self.receipts.insert(id, (channel, place));
        let is_other = |(before_in, before): (Channel, Place)| {
            before_in != channel || before.epoch == place.epoch && before.sequence != place.sequence
        };
        if before.is_some_and(is_other) {
            verdict.add(self.client, channel, Kind::TwoNumbers { id });
        }
    }

    /// Those channels that it is subscribed to in the end.
    pub(super) fn subscriptions(&self) -> HashSet<Channel> {
        let streams = self.streams.iter().filter(|(_, stream)| stream.is_subscribed);
        streams.map(|(channel, _)| *channel).filter(|_| self.session.is_some()).collect()
    }
}

impl Stream {
    /// Numbers of another epoch mean nothing.
    fn enter(&mut self, epoch: u64) {
        if self.at.is_none_or(|at| at.epoch != epoch) {
            self.at = Some(Place { epoch, sequence: 0 });
            self.excused.clear();
            self.got.clear();
        }
    }

    fn excuse(&mut self, from: u64, to: u64) {
        self.excused.push((from, to));
        if let Some(at) = &mut self.at {
            at.sequence = at.sequence.max(to);
        }
    }

    pub(super) fn is_excused(&self, sequence: u64) -> bool {
        self.excused.iter().any(|(from, to)| (from + 1..=*to).contains(&sequence))
    }
}
