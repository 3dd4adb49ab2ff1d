//! What came by patterns, which have no positions: who is told of nothing has missed nothing between two publications that
//! came.

use super::stream::Reading;
use super::{Kind, Verdict};
use crate::log::{Audit, Channel};
use std::collections::BTreeMap;

/// From when a pattern was live up to when it was not: the connection was gone, or something lost.
#[derive(Debug)]
pub(super) struct Stretch {
    begin: Begin,
    /// Numbers and ids of what came in each channel, in this order.
    heard: BTreeMap<Channel, Vec<(u64, u64)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// Before anything was published.
    First,
    Later,
    /// What was lost may be anything up to now.
    Lost,
}

impl Reading<'_> {
    /// The pattern is live from here on.
    pub(super) fn watch(&mut self, begin: Begin) {
        self.stop_watching();
        self.watching = Some(Stretch { begin, heard: BTreeMap::new() });
    }

    pub(super) fn stop_watching(&mut self) {
        self.stretches.extend(self.watching.take());
    }

    pub(super) fn watched(
        &mut self,
        channel: Channel,
        (sequence, id): (u64, u64),
        verdict: &mut Verdict,
    ) {
        verdict.counts.watched += 1;
        if self.log.watches.get(usize::from(channel)) != Some(&true) {
            verdict.add(self.client, channel, Kind::Stray { id });
        }
        match &mut self.watching {
            Some(stretch) => stretch.heard.entry(channel).or_default().push((sequence, id)),
            None => verdict.add(self.client, channel, Kind::Uninvited { sequence }),
        }
    }
}

/// Compares what came by patterns with what is kept.
pub(super) fn check(readings: &[Reading<'_>], audit: &Audit, verdict: &mut Verdict) {
    for (number, channel) in audit.channels.iter().enumerate() {
        let kept = Kept {
            channel: number as Channel,
            ids: channel.history.iter().copied().collect(),
            top: channel.top.sequence,
        };
        for reading in
            readings.iter().filter(|reading| reading.log.watches.get(number) == Some(&true))
        {
            kept.judge(reading, verdict);
        }
    }
}

/// What is there of a channel.
struct Kept {
    channel: Channel,
    ids: BTreeMap<u64, u64>,
    top: u64,
}

impl Kept {
    fn judge(&self, reading: &Reading<'_>, verdict: &mut Verdict) {
        let mut last = 0;
        for stretch in reading.stretches.iter().chain(&reading.watching) {
            let mut before = (stretch.begin == Begin::First).then_some(0);
            let heard = stretch.heard.get(&self.channel).into_iter().flatten();
            for (sequence, id) in heard.copied() {
                if self.ids.get(&sequence) != Some(&id) {
                    verdict.add(reading.client, self.channel, Kind::OneNumber { sequence });
                }
                if sequence <= last {
                    verdict.add(reading.client, self.channel, Kind::Stray { id });
                }
                if let Some(before) = before {
                    self.expect_nothing_between(before, sequence, reading, verdict);
                }
                (last, before) = (sequence, Some(sequence));
            }
            let is_open = reading.watching.as_ref().is_some_and(|open| std::ptr::eq(open, stretch));
            // When the last one was published, everybody was there.
            let before = before.or_else(|| (stretch.begin != Begin::Lost).then_some(self.top - 1));
            if let Some(before) = before.filter(|_| is_open) {
                self.expect_nothing_between(before, self.top + 1, reading, verdict);
            }
        }
    }

    /// But what it did not want.
    fn expect_nothing_between(
        &self,
        before: u64,
        after: u64,
        reading: &Reading<'_>,
        verdict: &mut Verdict,
    ) {
        for (sequence, id) in self.ids.range(before + 1..after.max(before + 1)) {
            if !reading.left_out.contains_key(id) {
                let kind = Kind::Missing { sequence: *sequence };
                verdict.add(reading.client, self.channel, kind);
            }
        }
    }
}
