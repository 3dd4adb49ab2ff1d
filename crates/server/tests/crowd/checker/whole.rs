//! All logs together, beside what is there in the end.

use super::stream::{Doubt, Reading};
use super::{Kind, Verdict, patterns};
use crate::log::{Audit, AuditedChannel, Channel, Log, Place};
use std::collections::{BTreeSet, HashMap};

pub(super) fn check(logs: &[Log], readings: &[Reading<'_>], audit: &Audit, verdict: &mut Verdict) {
    let numbers = numbers(readings, audit, verdict);
    check_publications(logs, readings, &numbers, verdict);
    check_doubts(readings, &numbers, verdict);
    patterns::check(readings, audit, verdict);
    for (number, channel) in audit.channels.iter().enumerate() {
        let number = number as Channel;
        for reading in readings {
            if let Some(stream) = reading.streams.get(&number)
                && reading.subscriptions().contains(&number)
            {
                check_tail(reading, (number, channel), stream, verdict);
            }
        }
        check_presence((number, channel), readings, verdict);
    }
}

/// Which publication has which number of which epoch, as everybody has it.
type Numbers = HashMap<(Channel, u64, u64), u64>;

fn numbers(readings: &[Reading<'_>], audit: &Audit, verdict: &mut Verdict) -> Numbers {
    let mut numbers = Numbers::new();
    let mut places: HashMap<(Channel, u64, u64), u64> = HashMap::new();
    let mut note =
        |client: Option<usize>, channel, (epoch, sequence), id, verdict: &mut Verdict| {
            if *numbers.entry((channel, epoch, sequence)).or_insert(id) != id {
                verdict.add(client, channel, Kind::OneNumber { sequence });
            }
            if *places.entry((channel, epoch, id)).or_insert(sequence) != sequence {
                verdict.add(client, channel, Kind::TwoNumbers { id });
            }
        };
    for (number, channel) in audit.channels.iter().enumerate() {
        for (sequence, id) in &channel.history {
            let place = (channel.top.epoch, *sequence);
            note(None, number as Channel, place, *id, verdict);
        }
    }
    for (client, reading) in readings.iter().enumerate() {
        for (channel, stream) in &reading.streams {
            let epoch = stream.at.map_or(0, |at| at.epoch);
            for (sequence, id) in &stream.got {
                note(Some(client), *channel, (epoch, *sequence), *id, verdict);
            }
        }
    }
    numbers
}

/// What was acknowledged is there, and what is there was published by somebody who may.
fn check_publications(
    logs: &[Log],
    readings: &[Reading<'_>],
    numbers: &Numbers,
    verdict: &mut Verdict,
) {
    let epochs: BTreeSet<(Channel, u64)> =
        numbers.keys().map(|(channel, epoch, _)| (*channel, *epoch)).collect();
    let mut senders = HashMap::new();
    for (client, reading) in readings.iter().enumerate() {
        for (id, (channel, _)) in &reading.sent {
            let may = logs[client].may.get(usize::from(*channel)) == Some(&true);
            senders.insert((*channel, *id), may);
            if may && !reading.receipts.contains_key(id) {
                verdict.add(client, *channel, Kind::Unanswered { id: *id });
            }
        }
        for (id, (channel, place)) in &reading.receipts {
            let kept = numbers.get(&(*channel, place.epoch, place.sequence));
            // What a server that was killed had acknowledged may be gone with it.
            if kept != Some(id) && epochs.contains(&(*channel, place.epoch)) {
                verdict.add(client, *channel, Kind::ReceiptNotKept { id: *id });
            }
        }
    }
    for ((channel, ..), id) in numbers {
        if senders.get(&(*channel, *id)) != Some(&true) {
            verdict.add(None, *channel, Kind::Smuggled { id: *id });
        }
    }
}

/// What did not come, without a word, was the subscriber's own, which it did not want.
fn check_doubts(readings: &[Reading<'_>], numbers: &Numbers, verdict: &mut Verdict) {
    for reading in readings {
        let own = reading.receipts.iter().map(|(id, (channel, at))| ((*channel, *at), *id));
        let own: HashMap<_, _> = own.collect();
        for (channel, stream) in &reading.streams {
            for Doubt { epoch, last, to, next } in stream.doubts.iter().copied() {
                let is_unwanted = |sequence| {
                    let kept = numbers.get(&(*channel, epoch, sequence));
                    let id = kept.or_else(|| own.get(&(*channel, Place { epoch, sequence })));
                    id.is_some_and(|id| reading.left_out.contains_key(id))
                };
                if !(last + 1..=to).all(is_unwanted) {
                    verdict.add(reading.client, *channel, Kind::Gap { last, next });
                }
            }
        }
    }
}

/// A subscriber has got everything up to the last publication, whatever it was told of what came before what.
fn check_tail(
    reading: &Reading<'_>,
    (number, channel): (Channel, &AuditedChannel),
    stream: &super::stream::Stream,
    verdict: &mut Verdict,
) {
    let client = reading.client;
    let Some(at) = stream.at.filter(|at| at.epoch == channel.top.epoch) else {
        return verdict.add(client, number, Kind::SilentEpoch);
    };
    if at.sequence != channel.top.sequence {
        let kind = Kind::Gap { last: at.sequence, next: channel.top.sequence };
        verdict.add(client, number, kind);
    }
    for (sequence, id) in &channel.history {
        let is_due = *sequence <= at.sequence && !stream.is_excused(*sequence);
        if is_due && !stream.got.contains_key(sequence) {
            match reading.left_out.contains_key(id) {
                true => verdict.counts.left_out += 1,
                false => verdict.add(client, number, Kind::Missing { sequence: *sequence }),
            }
        }
    }
}

fn check_presence(
    (number, channel): (Channel, &AuditedChannel),
    readings: &[Reading<'_>],
    verdict: &mut Verdict,
) {
    let mut present: BTreeSet<&str> = channel.present.iter().map(String::as_str).collect();
    for (client, reading) in readings.iter().enumerate() {
        if let Some(session) = reading.session
            && reading.subscriptions().contains(&number)
            && !present.remove(session)
        {
            verdict.add(client, number, Kind::Absent);
        }
    }
    for session in present {
        let owner = readings.iter().position(|reading| reading.sessions.contains(session));
        verdict.add(owner, number, Kind::Ghost { session: session.to_owned() });
    }
}
