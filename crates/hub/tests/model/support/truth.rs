//! What really happened, pieced together from all that anybody was told: who tried to publish what, and each channel's
//! stream. Everything said twice has to be the same both times.

use super::heard::Item;
use sockeye_hub::{Position, Publication, Receipt, RefusalCode, SessionId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Truth {
    pub(crate) attempts: Vec<Attempt>,
    /// By channel and epoch: which attempt has which number.
    pub(crate) streams: BTreeMap<(String, u64), BTreeMap<u64, usize>>,
    /// Where channels were when they were asked.
    tops: BTreeMap<(String, u64), u64>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) calls: Vec<Call>,
    /// Channels that the backend wanted removed, and at which step that was last.
    pub(crate) removed: BTreeMap<&'static str, u64>,
    /// Sessions that their clients have ended, and in which step that was.
    pub(crate) ended: BTreeMap<SessionId, u64>,
}

/// Somebody wants to publish something, maybe more than once with the same idempotency key.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) to: To,
    pub(crate) publisher: Option<SessionId>,
    pub(crate) key: Option<&'static str>,
    pub(crate) expected: Option<u64>,
    pub(crate) topic: Option<&'static str>,
    pub(crate) excludes_publisher: bool,
    pub(crate) is_volatile: bool,
    pub(crate) is_idempotent: bool,
    /// How long its publisher wants it to be kept.
    pub(crate) ttl: Option<Duration>,
    pub(crate) size: usize,
    /// The world's steps until then, and its time.
    pub(crate) step: u64,
    pub(crate) unix_ms: u64,
    pub(crate) is_receipted: bool,
    /// It is for a session that was called not there.
    pub(crate) is_refused: bool,
    /// Where it was published: epochs and numbers.
    pub(crate) places: BTreeSet<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Channel(&'static str),
    Session(SessionId),
    User(&'static str),
    All,
}

/// A subscriber believes that it has missed nothing in between.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) channel: String,
    pub(crate) epoch: u64,
    /// Both exclusive.
    pub(crate) after: u64,
    pub(crate) before: u64,
    pub(crate) filter: Option<&'static str>,
    pub(crate) session: SessionId,
    /// Whose subscription, and which of its lives.
    pub(crate) client: usize,
    pub(crate) life: usize,
}

/// A call, of which the end is told exactly once.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) session: SessionId,
    pub(crate) is_cancelled: bool,
    /// It has got as far as the hub.
    pub(crate) is_made: bool,
    pub(crate) times_told: usize,
    /// What whoever replied has said.
    pub(crate) reply: Option<Result<Vec<u8>, String>>,
}

impl Attempt {
    /// Whether its publisher did not want it to be kept until now. It may have been published later than it was tried.
    pub(crate) fn has_ended(&self, now_ms: u64) -> bool {
        self.ttl.is_some_and(|ttl| self.unix_ms + ttl.as_millis() as u64 <= now_ms)
    }
}

impl Truth {
    /// Notes where something was published, as a subscriber or a reader of history has heard.
    pub(crate) fn note(&mut self, channel: &str, epoch: u64, item: &Item) {
        self.check(channel, item);
        if item.sequence > 0 {
            self.place(channel, epoch, item.sequence, item.attempt);
        }
    }

    pub(crate) fn note_publication(
        &mut self,
        channel: &str,
        epoch: u64,
        publication: &Publication,
    ) {
        self.note(channel, epoch, &Item::of(publication));
    }

    /// Whatever arrives is what was sent.
    pub(crate) fn check(&self, channel: &str, item: &Item) {
        let attempt = self.attempts.get(item.attempt);
        let attempt = attempt.unwrap_or_else(|| panic!("nobody published {item:?}"));
        let is_there = matches!(attempt.to, To::Channel(to) if to == channel);
        assert!(is_there, "in {channel}: {item:?} of {attempt:?}");
        self.check_content(item);
        assert_eq!(item.sequence == 0, attempt.is_volatile, "{item:?} of {attempt:?}");
    }

    pub(crate) fn check_content(&self, item: &Item) {
        let attempt = &self.attempts[item.attempt];
        let sent = (attempt.key, attempt.topic, attempt.publisher, attempt.size);
        let arrived = (item.key.as_deref(), item.topic.as_deref(), item.publisher, item.size);
        assert_eq!(sent, arrived, "{item:?} of {attempt:?}");
        assert_eq!(item.excludes_publisher, attempt.excludes_publisher, "{item:?}");
    }

    pub(crate) fn note_receipt(&mut self, number: usize, receipt: &Receipt) {
        let attempt = &mut self.attempts[number];
        attempt.is_receipted = true;
        if let To::Session(to) = attempt.to {
            let ended = self.ended.get(&to).copied();
            let is_too_late = ended.is_some_and(|ended| ended < attempt.step);
            assert!(!is_too_late, "it ended in step {ended:?}, and has got {attempt:?}");
        }
        let To::Channel(channel) = attempt.to else {
            return;
        };
        assert_eq!(receipt.position.is_none(), attempt.is_volatile, "{receipt:?}");
        assert!(!receipt.is_duplicate || attempt.is_idempotent, "{receipt:?} of {attempt:?}");
        if let Some(position) = receipt.position {
            assert!(receipt.previous < position.sequence, "{receipt:?}");
            self.place(channel, position.epoch.0, position.sequence, number);
        }
    }

    fn place(&mut self, channel: &str, epoch: u64, sequence: u64, number: usize) {
        let attempt = &mut self.attempts[number];
        attempt.places.insert((epoch, sequence));
        let in_epoch = attempt.places.iter().filter(|(place, _)| *place == epoch).count();
        assert_eq!(in_epoch, 1, "published twice: {attempt:?}");
        assert!(attempt.is_idempotent || attempt.places.len() == 1, "published twice: {attempt:?}");
        let stream = self.streams.entry((channel.into(), epoch)).or_default();
        let before = stream.insert(sequence, number);
        assert!(
            before.is_none_or(|before| before == number),
            "{channel} has two publications with the number {sequence}: {before:?} and {number}"
        );
    }

    /// What in a part of a stream a subscriber should have got.
    pub(crate) fn due(&self, claim: &Claim) -> impl Iterator<Item = (u64, usize)> {
        let stream = self.streams.get(&(claim.channel.clone(), claim.epoch));
        let range = (claim.after + 1)..claim.before.max(claim.after + 1);
        let all = stream.into_iter().flat_map(move |stream| stream.range(range.clone()));
        all.map(|(sequence, attempt)| (*sequence, *attempt)).filter(|(_, attempt)| {
            let attempt = &self.attempts[*attempt];
            let is_own = attempt.excludes_publisher && attempt.publisher == Some(claim.session);
            let passes = claim.filter.is_none() || claim.filter == attempt.topic;
            passes && !is_own
        })
    }

    /// Whether a publication may be one that its publisher did not want back, of which it has no receipt.
    pub(crate) fn may_be_own(
        &self,
        channel: &str,
        (epoch, sequence): (u64, u64),
        session: SessionId,
    ) -> bool {
        let is_own = |attempt: &Attempt| {
            let is_there = matches!(attempt.to, To::Channel(to) if to == channel);
            is_there && attempt.excludes_publisher && attempt.publisher == Some(session)
        };
        let stream = self.streams.get(&(channel.into(), epoch));
        match stream.and_then(|stream| stream.get(&sequence)) {
            Some(number) => is_own(&self.attempts[*number]),
            None => self.attempts.iter().any(|attempt| is_own(attempt) && !attempt.is_receipted),
        }
    }

    /// Whether a publication that is made again may be refused although it was published: when it is not allowed any more;
    /// or when its channel was removed, keys and all, and the one that was made since has other versions.
    pub(crate) fn may_be_refused_again(&self, attempt: &Attempt, code: RefusalCode) -> bool {
        attempt.is_idempotent
            && match code {
                RefusalCode::Forbidden => true,
                RefusalCode::Conflict => self.was_removed_since(attempt),
                _ => false,
            }
    }

    /// Whether its channel was removed, and its idempotency key with it: made again, it is published again.
    pub(crate) fn was_removed_since(&self, attempt: &Attempt) -> bool {
        let To::Channel(channel) = attempt.to else {
            return false;
        };
        attempt.is_idempotent && self.removed.get(channel).is_some_and(|step| *step >= attempt.step)
    }

    /// Of those who expected the same version of a value, one has won.
    pub(crate) fn check_versions(&self) {
        for ((channel, _), stream) in &self.streams {
            let mut versions: BTreeMap<Option<&str>, u64> = BTreeMap::new();
            for (sequence, attempt) in stream {
                let attempt = &self.attempts[*attempt];
                let key = if channel.starts_with("last:") { None } else { attempt.key };
                let version = versions.insert(key, *sequence).unwrap_or(0);
                // Of a version of which nobody was told there is nothing to say.
                let known = |expected: &u64| *expected <= version || stream.contains_key(expected);
                // A value that has ended is none; it may be one of which nobody was told.
                let latest = stream.get(&version).map(|number| &self.attempts[*number]);
                let told = stream.range(version + 1..*sequence).count() as u64;
                let may_have_ended = latest.is_some_and(|latest| latest.ttl.is_some())
                    || version + 1 + told < *sequence;
                let known = |expected: &u64| known(expected) && (*expected > 0 || !may_have_ended);
                if let Some(expected) = attempt.expected.filter(known) {
                    assert_eq!(expected, version, "{channel} at {sequence}: {attempt:?}");
                }
            }
        }
    }

    /// Notes where a channel is, although not all of that may have been told anybody.
    pub(crate) fn note_top(&mut self, channel: &str, top: Position) {
        let noted = self.tops.entry((channel.into(), top.epoch.0)).or_default();
        *noted = top.sequence.max(*noted);
    }

    /// The last number of a stream that anybody knows of.
    pub(crate) fn top(&self, channel: &str, epoch: u64) -> u64 {
        let name = (channel.into(), epoch);
        let stream = self.streams.get(&name).and_then(|stream| stream.last_key_value());
        let told = stream.map_or(0, |(top, _)| *top);
        self.tops.get(&name).map_or(told, |top| told.max(*top))
    }
}
