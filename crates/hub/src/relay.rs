//! A channel's relay: its subscribers on one worker, and the last publications for those who are a little behind.

use crate::effects::{ConnectionKey, Effects, SessionKey, TopicKey};
use crate::limits::{
    FILTERS_PER_RELAY_MAX, HEADERS_MAX, HEADERS_SIZE_MAX, RELAY_TAIL_MAX, RELAY_TAIL_SIZE_MAX,
};
use crate::names::{ChannelName, NameError, Pattern};
use crate::namespace::NamespaceIndex;
use crate::publication::{Epoch, Position, Publication};
use crate::refusal::{Refusal, RefusalCode};
use crate::told::{Loss, LossReason, Push};
use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// Subscribers of one channel, or of a pattern, on this worker.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) subject: Subject,
    pub(crate) namespace: NamespaceIndex,
    pub(crate) phase: Phase,
    /// One for each filter that subscribers have.
    pub(crate) topics: Vec<Topic>,
    /// Live, behind, waiting, without a connection: all of them.
    pub(crate) subscribers: u32,
    pub(crate) metadata: Option<Arc<str>>,
    pub(crate) heartbeat_at: Option<Instant>,
    /// Sessions whose clients have got more than this relay, which was behind: they go on when it has caught up.
    pub(crate) ahead: BTreeSet<SessionKey>,
    stream: Stream,
}

/// What is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Channel(ChannelName),
    /// All channels of a pattern; live only.
    Pattern(Pattern),
}

impl Subject {
    /// Reads a channel's name, or a pattern that ends in `*`.
    pub(crate) fn new(name: &str) -> Result<Self, NameError> {
        match name.ends_with('*') {
            true => Pattern::new(name).map(Self::Pattern),
            false => ChannelName::new(name).map(Self::Channel),
        }
    }

    /// As [`fmt::Display`] writes it, without a copy of a channel's name.
    fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Channel(channel) => channel.as_str().into(),
            Self::Pattern(pattern) => pattern.to_string().into(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel) => channel.fmt(f),
            Self::Pattern(pattern) => pattern.fmt(f),
        }
    }
}

/// What a relay awaits.
#[derive(Debug)]
pub(crate) enum Phase {
    /// That the home, or all homes, know of it. Meanwhile these sessions wait.
    Opening {
        waiting: Vec<SessionKey>,
        answers_missing: u16,
        /// Which opening it is: answers to an earlier one, which was closed meanwhile, are not for it.
        opening: u32,
    },
    /// Publications.
    Open,
}

/// Subscribers with the same filter.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) key: TopicKey,
    pub(crate) filter: Option<Arc<Filter>>,
    pub(crate) subscribers: u32,
    /// The last publication that passed the filter.
    pub(crate) last: u64,
}

/// Headers that a publication must have, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Filter(Box<[(Box<str>, Box<str>)]>);

impl Filter {
    /// Keeps what is given, if anything is: within the bounds of headers, as nothing else passes.
    pub(crate) fn keep(wanted: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Option<Self>, Refusal> {
        let size: usize = wanted.iter().map(|(name, value)| name.len() + value.len()).sum();
        let bad = |text| Err(Refusal::new(RefusalCode::BadRequest, text));
        if wanted.len() > HEADERS_MAX || size > HEADERS_SIZE_MAX {
            return bad("expected a filter of at most 16 headers with at most 4096 bytes together");
        }
        let kept = wanted.iter().map(|(name, value)| (Box::from(&**name), Box::from(&**value)));
        let mut kept: Vec<(Box<str>, Box<str>)> = kept.collect();
        kept.sort();
        if kept.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return bad("expected each header once in a filter");
        }
        Ok((!kept.is_empty()).then(|| Self(kept.into())))
    }

    pub(crate) fn passes(&self, publication: &Publication) -> bool {
        let has =
            |name: &str, value: &str| publication.headers().any(|header| header == (name, value));
        self.0.iter().all(|(name, value)| has(name, value))
    }
}

/// Where a channel is, as this worker knows it.
#[derive(Debug, Default)]
struct Stream {
    epoch: Option<Epoch>,
    top: u64,
    tail: VecDeque<Arc<Publication>>,
    tail_size: usize,
    /// Everything after this number is in the tail.
    tail_from: u64,
}

impl Relay {
    pub(crate) fn new(
        subject: Subject,
        namespace: NamespaceIndex,
        (answers_missing, opening): (u16, u32),
    ) -> Self {
        Self {
            subject,
            namespace,
            phase: Phase::Opening { waiting: Vec::new(), answers_missing, opening },
            topics: Vec::new(),
            subscribers: 0,
            metadata: None,
            heartbeat_at: None,
            ahead: BTreeSet::new(),
            stream: Stream::default(),
        }
    }

    /// The channel; `None` for a pattern.
    pub(crate) const fn channel(&self) -> Option<&ChannelName> {
        match &self.subject {
            Subject::Channel(channel) => Some(channel),
            Subject::Pattern(_) => None,
        }
    }

    /// Whether it awaits the answer to this opening.
    pub(crate) const fn awaits(&self, opening: u32) -> bool {
        matches!(self.phase, Phase::Opening { opening: awaited, .. } if awaited == opening)
    }

    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    pub(crate) fn open(&mut self, epoch: Epoch, top: u64, metadata: Option<Arc<str>>) {
        self.stream = Stream { epoch: Some(epoch), top, tail_from: top, ..Stream::default() };
        self.metadata = metadata;
        for topic in &mut self.topics {
            topic.last = top;
        }
    }

    pub(crate) const fn top(&self) -> u64 {
        self.stream.top
    }

    /// The top position. `None`: a pattern has none, nor has what is not open yet.
    pub(crate) fn position(&self) -> Option<Position> {
        Some(Position { epoch: self.stream.epoch?, sequence: self.stream.top })
    }

    /// Where subscribers of a topic are when they have got everything.
    pub(crate) fn topic_position(&self, topic: u16) -> Option<Position> {
        Some(Position { epoch: self.stream.epoch?, sequence: self.topics[usize::from(topic)].last })
    }

    /// Everything after this number is in the tail.
    pub(crate) const fn tail_from(&self) -> u64 {
        self.stream.tail_from
    }

    /// What is in the tail after a number.
    pub(crate) fn tail_after(
        &self,
        sequence: u64,
    ) -> impl DoubleEndedIterator<Item = &Arc<Publication>> {
        let first = self.stream.tail.partition_point(|kept| kept.sequence <= sequence);
        self.stream.tail.range(first..)
    }

    /// The topic for a filter, which is made with a key if there is none.
    pub(crate) fn topic(
        &mut self,
        filter: Option<Arc<Filter>>,
        new_key: impl FnOnce() -> TopicKey,
    ) -> Result<u16, Refusal> {
        let is_same = |topic: &Topic| topic.filter == filter;
        if let Some(index) = self.topics.iter().position(is_same) {
            return Ok(index as u16);
        }
        // One that nobody is subscribed to any more makes room.
        if let Some(index) = self.topics.iter().position(|topic| topic.subscribers == 0) {
            let Topic { key, .. } = self.topics[index];
            self.topics[index] = Topic { key, filter, subscribers: 0, last: self.stream.top };
            return Ok(index as u16);
        }
        if self.topics.len() > FILTERS_PER_RELAY_MAX {
            let text = "subscribers of this channel have 64 different filters already: use one of those, or none";
            return Err(Refusal::new(RefusalCode::LimitExceeded, text));
        }
        // Most have one.
        self.topics.reserve_exact(1);
        self.topics.push(Topic { key: new_key(), filter, subscribers: 0, last: self.stream.top });
        Ok((self.topics.len() - 1) as u16)
    }

    /// Gives a numbered publication to the subscribers that are live, and keeps it for the others.
    pub(crate) fn publish(
        &mut self,
        publication: &Arc<Publication>,
        except: Option<ConnectionKey>,
        effects: &mut impl Effects,
    ) {
        debug_assert_eq!(publication.previous, self.stream.top, "mail arrives in order");
        let Subject::Channel(channel) = &self.subject else {
            return;
        };
        self.stream.push(publication);
        for topic in &mut self.topics {
            if topic.filter.as_ref().is_some_and(|filter| !filter.passes(publication)) {
                continue;
            }
            let push = Push::Publication {
                subject: channel.as_str(),
                channel,
                publication,
                previous: topic.last,
            };
            effects.publish(topic.key, topic.last, except, &push);
            topic.last = publication.sequence;
        }
    }

    /// What it has missed up to a number is not there any more: tells the subscribers that are live, and goes on after it.
    pub(crate) fn lose(&mut self, to: u64, effects: &mut impl Effects) {
        let subject = &*self.subject.name();
        for topic in &mut self.topics {
            let loss = Loss { from: topic.last, to, reason: LossReason::Trimmed };
            effects.publish(topic.key, topic.last, None, &Push::Lost { subject, loss });
            topic.last = to;
        }
        self.stream =
            Stream { epoch: self.stream.epoch, top: to, tail_from: to, ..Stream::default() };
    }

    /// Gives what has no number to the subscribers that are live.
    pub(crate) fn publish_unnumbered(
        &self,
        channel: &ChannelName,
        publication: &Publication,
        except: Option<ConnectionKey>,
        effects: &mut impl Effects,
    ) {
        let subject = &*self.subject.name();
        for topic in &self.topics {
            if topic.filter.as_ref().is_none_or(|filter| filter.passes(publication)) {
                let push = Push::Publication {
                    subject,
                    channel,
                    publication,
                    previous: publication.previous,
                };
                effects.publish(topic.key, topic.last, except, &push);
            }
        }
    }

    /// Tells all that are live.
    pub(crate) fn push<'p>(&self, push: impl Fn(&Topic) -> Push<'p>, effects: &mut impl Effects) {
        for topic in &self.topics {
            effects.publish(topic.key, topic.last, None, &push(topic));
        }
    }
}

impl Stream {
    fn push(&mut self, publication: &Arc<Publication>) {
        self.top = publication.sequence;
        self.tail_size += publication.size();
        self.tail.push_back(Arc::clone(publication));
        while self.tail.len() > RELAY_TAIL_MAX || self.tail_size > RELAY_TAIL_SIZE_MAX {
            let Some(oldest) = self.tail.pop_front() else {
                return;
            };
            self.tail_size -= oldest.size();
            self.tail_from = oldest.sequence;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_the_bounds_of_headers() {
        let keep = |wanted: &[(&str, &str)]| {
            let wanted = wanted.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            Filter::keep(&wanted.collect::<Vec<_>>()).map_err(|refusal| refusal.text)
        };
        let names: Vec<String> = (0..17).map(|number| number.to_string()).collect();
        let named: Vec<_> = names.iter().map(|name| (&**name, "")).collect();
        let long = "x".repeat(HEADERS_SIZE_MAX);
        assert_eq!(keep(&[]), Ok(None));
        let kept = keep(&[("b", "1"), ("a", "1")]);
        assert_eq!(kept, keep(&[("a", "1"), ("b", "1")]));
        assert!(keep(&named[1..]).is_ok_and(|kept| kept.is_some()));
        assert!(keep(&named).is_err(), "one more");
        assert!(keep(&[("a", &long[1..])]).is_ok());
        assert!(keep(&[("a", &long)]).is_err(), "one byte more");
        assert!(keep(&[("a", "1"), ("b", "1"), ("a", "1")]).is_err());
    }
}
