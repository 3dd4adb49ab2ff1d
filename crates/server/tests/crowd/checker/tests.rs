//! Logs with one thing wrong each: the checker finds that, and nothing else.

use super::{Kind, check};
use crate::log::{Audit, AuditedChannel, Entry, Log, Place, Recovery};

const EPOCH: u64 = 7;

fn at(sequence: u64) -> Place {
    Place { epoch: EPOCH, sequence }
}

fn publication(sequence: u64) -> Entry {
    Entry::Publication { channel: 0, sequence, previous: sequence - 1, id: 100 + sequence }
}

fn connected(is_resumed: bool) -> Entry {
    Entry::Connected { session: "s".to_owned(), is_resumed }
}

fn subscribed(sequence: u64, recovery: Recovery) -> Entry {
    Entry::Subscribed { channel: 0, place: at(sequence), recovery }
}

const fn asked(position: Option<Place>) -> Entry {
    Entry::Asked { channel: 0, position }
}

/// A subscriber that gets four publications, and loses its connection after two.
fn subscriber() -> Log {
    let entries = vec![
        connected(false),
        asked(None),
        subscribed(0, Recovery::Live),
        publication(1),
        publication(2),
        Entry::Gone,
        connected(true),
        subscribed(2, Recovery::Recovered),
        publication(3),
        Entry::CaughtUp { channel: 0, place: at(3) },
        publication(4),
        Entry::Heartbeat { channel: 0, place: at(4) },
    ];
    Log { may: vec![true, false], may_lose: false, watches: vec![], entries }
}

/// Who publishes them, one of them twice, and tries what it may not.
fn publisher() -> Log {
    let mut entries = vec![Entry::Connected { session: "p".to_owned(), is_resumed: false }];
    for sequence in 1..=4 {
        let id = 100 + sequence;
        entries.push(Entry::Sent { channel: 0, id, excludes_self: false });
        if sequence == 2 {
            entries.push(Entry::Sent { channel: 0, id, excludes_self: false });
        }
        entries.push(Entry::Receipt { channel: 0, id, place: at(sequence) });
    }
    entries.push(Entry::Sent { channel: 1, id: 666, excludes_self: false });
    entries.push(Entry::Refused { channel: 1, code: "forbidden".to_owned() });
    Log { may: vec![true, false], may_lose: false, watches: vec![], entries }
}

fn audit() -> Audit {
    let history = (1..=4).map(|sequence| (sequence, 100 + sequence)).collect();
    let nothing = AuditedChannel { top: at(0), history: vec![], present: vec![] };
    let channel = AuditedChannel { top: at(4), history, present: vec!["s".to_owned()] };
    Audit { channels: vec![channel, nothing] }
}

/// What is found when all is right but for this.
fn found(doctor: impl FnOnce(&mut [Log; 2], &mut AuditedChannel)) -> Vec<Kind> {
    let (mut logs, mut audit) = ([subscriber(), publisher()], audit());
    doctor(&mut logs, &mut audit.channels[0]);
    let mut kinds: Vec<_> =
        check(&logs, &audit).faults.into_iter().map(|fault| fault.kind).collect();
    kinds.dedup();
    kinds
}

/// What is found when the subscriber's log is right but for this.
fn found_in(doctor: impl FnOnce(&mut Vec<Entry>)) -> Vec<Kind> {
    found(|[subscriber, _], _| doctor(&mut subscriber.entries))
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let verdict = check(&[subscriber(), publisher()], &audit());
    assert_eq!(verdict.faults, []);
    let counts = verdict.counts;
    assert_eq!((counts.deliveries, counts.receipts, counts.refused), (4, 4, 1));
    assert_eq!((counts.resumed, counts.began_anew, counts.recovered), (1, 2, 1));
    assert_eq!((counts.sent_again, counts.repeated, counts.told_lost), (1, 0, 0));
}

#[test]
fn what_is_left_out_is_found() {
    assert_eq!(found_in(|log| drop(log.remove(4)))[0], Kind::Gap { last: 1, next: 2 });
    let gap = found_in(|log| drop(log.remove(8)));
    assert!(gap.contains(&Kind::Gap { last: 2, next: 3 }), "{gap:?}");
    let tail = found_in(|log| log.truncate(10));
    assert_eq!(tail, [Kind::Gap { last: 3, next: 4 }]);
}

#[test]
fn a_chain_that_leaves_something_out_is_found_by_what_is_kept() {
    let found = found_in(|log| {
        log.remove(3);
        log[3] = Entry::Publication { channel: 0, sequence: 2, previous: 0, id: 102 };
    });
    assert_eq!(found, [Kind::Missing { sequence: 1 }]);
}

#[test]
fn what_comes_again_is_counted_and_what_comes_late_is_found() {
    let (mut logs, audit) = ([subscriber(), publisher()], audit());
    logs[0].entries.insert(9, publication(2));
    let verdict = check(&logs, &audit);
    assert_eq!((verdict.faults.len(), verdict.counts.repeated), (0, 1));
    let swapped = found_in(|log| log.swap(3, 4));
    assert!(swapped.contains(&Kind::Reordered { sequence: 1 }), "{swapped:?}");
}

#[test]
fn one_publication_with_two_numbers_is_found() {
    let twice = Entry::Publication { channel: 0, sequence: 5, previous: 4, id: 103 };
    let found = found(|[subscriber, _], audit| {
        subscriber.entries.push(twice);
        audit.top = at(5);
        audit.history.push((5, 103));
    });
    assert_eq!(found, [Kind::TwoNumbers { id: 103 }]);
    let other = Entry::Receipt { channel: 0, id: 102, place: at(9) };
    let found = self::found(|[_, publisher], _| publisher.entries.push(other));
    assert!(found.contains(&Kind::TwoNumbers { id: 102 }), "{found:?}");
}

#[test]
fn two_publications_with_one_number_are_found() {
    let other = Entry::Publication { channel: 0, sequence: 2, previous: 1, id: 103 };
    let found = found_in(|log| log[4] = other);
    assert!(found.contains(&Kind::OneNumber { sequence: 2 }), "{found:?}");
}

#[test]
fn what_comes_to_those_who_are_not_subscribed_is_found() {
    let found = found_in(|log| log[7] = Entry::Unsubscribed { channel: 0 });
    assert!(found.contains(&Kind::Uninvited { sequence: 3 }), "{found:?}");
}

#[test]
fn what_is_granted_to_those_who_may_not_is_found() {
    let forbidden = [
        Entry::Granted { channel: 1 },
        Entry::Subscribed { channel: 1, place: at(0), recovery: Recovery::Live },
        Entry::Receipt { channel: 1, id: 666, place: at(1) },
    ];
    for entry in forbidden {
        let found = found(|[_, publisher], _| publisher.entries.push(entry));
        assert!(found.contains(&Kind::Forbidden), "{found:?}");
    }
    let refused = Entry::Refused { channel: 0, code: "forbidden".to_owned() };
    assert_eq!(found_in(|log| log.push(refused)), [Kind::Refused]);
    let unwell = Entry::Refused { channel: 1, code: "unavailable".to_owned() };
    assert_eq!(found_in(|log| log.push(unwell)), [Kind::Refused]);
}

#[test]
fn what_was_refused_and_is_there_all_the_same_is_found() {
    let found = found(|[_, publisher], audit| {
        publisher.may[0] = false;
        publisher.entries.retain(|entry| !matches!(entry, Entry::Receipt { .. }));
        audit.history.truncate(4);
    });
    assert!(found.contains(&Kind::Smuggled { id: 101 }), "{found:?}");
}

#[test]
fn another_epoch_without_a_word_of_loss_is_found() {
    let begin = |recovery| {
        let place = Place { epoch: 8, sequence: 0 };
        let subscribed = Entry::Subscribed { channel: 0, place, recovery };
        found(|[subscriber, _], audit| {
            subscriber.entries.truncate(6);
            subscriber.entries.extend([connected(false), asked(Some(at(2))), subscribed]);
            audit.top = place;
            audit.history.clear();
        })
    };
    assert_eq!(begin(Recovery::Lost { from: 0, to: 0 }), []);
    assert_eq!(begin(Recovery::Live), [Kind::SilentEpoch]);
    let heartbeat = Entry::Heartbeat { channel: 0, place: Place { epoch: 8, sequence: 1 } };
    assert_eq!(found_in(|log| log.push(heartbeat)), [Kind::SilentEpoch]);
}

#[test]
fn who_asked_for_what_it_has_missed_is_told() {
    let found = found_in(|log| log[7] = subscribed(3, Recovery::Live));
    assert_eq!(found[0], Kind::NotRecovered);
    let found = found_in(|log| log[7] = subscribed(3, Recovery::Recovered));
    assert_eq!(found[0], Kind::Gap { last: 2, next: 3 });
}

#[test]
fn loss_is_found_where_everything_is_kept() {
    let lost = Entry::Lost { channel: 0, from: 2, to: 3 };
    let found = |may_lose| {
        found(|[subscriber, _], _| {
            subscriber.may_lose = may_lose;
            subscriber.entries[8] = lost.clone();
        })
    };
    assert_eq!(found(false), [Kind::NeedlessLoss { from: 2, to: 3 }]);
    assert_eq!(found(true), []);
    let begun = found_in(|log| log[7] = subscribed(3, Recovery::Lost { from: 2, to: 3 }));
    assert_eq!(begun[0], Kind::NeedlessLoss { from: 2, to: 3 });
}

#[test]
fn a_subscription_that_is_ended_unasked_is_found() {
    let revoked = || Entry::Revoked { channel: 0 };
    let found = |log: &[Entry]| {
        found(|[subscriber, _], audit| {
            subscriber.entries.extend_from_slice(log);
            audit.present.clear();
        })
    };
    assert_eq!(found(&[revoked()]), [Kind::Revoked]);
    assert_eq!(found(&[Entry::Leaves { channel: 0 }, revoked()]), []);
}

#[test]
fn loss_that_begins_too_late_is_found() {
    let found = found(|[subscriber, _], _| {
        subscriber.may_lose = true;
        subscriber.entries[8] = Entry::Lost { channel: 0, from: 3, to: 4 };
        subscriber.entries.remove(10);
    });
    assert_eq!(found, [Kind::Gap { last: 2, next: 3 }, Kind::Missing { sequence: 3 }]);
}

#[test]
fn what_was_acknowledged_and_is_gone_is_found() {
    let found = found(|[subscriber, _], audit| {
        subscriber.entries.truncate(2);
        audit.history.remove(3);
        audit.present.clear();
    });
    assert_eq!(found, [Kind::ReceiptNotKept { id: 104 }]);
}

#[test]
fn what_was_never_answered_is_found() {
    let found = found(|[_, publisher], _| drop(publisher.entries.remove(2)));
    assert_eq!(found, [Kind::Unanswered { id: 101 }]);
}

#[test]
fn presence_is_compared_with_who_is_there() {
    assert_eq!(found(|_, audit| audit.present.clear()), [Kind::Absent]);
    let ghost = |session: &str| [Kind::Ghost { session: session.to_owned() }];
    assert_eq!(found(|_, audit| audit.present.push("g".to_owned())), ghost("g"));
    let gone = found(|[subscriber, _], _| subscriber.entries.push(Entry::Gone));
    assert_eq!(gone, ghost("s"));
}

/// Somebody who publishes 102 and does not want it, and for whom 103 is no gap.
fn excluder() -> Vec<Entry> {
    vec![
        connected(false),
        asked(None),
        subscribed(0, Recovery::Live),
        publication(1),
        Entry::Sent { channel: 0, id: 102, excludes_self: true },
        Entry::Receipt { channel: 0, id: 102, place: at(2) },
        publication(3),
        publication(4),
    ]
}

#[test]
fn what_its_publisher_did_not_want_is_no_gap_and_no_other_is_left_out() {
    assert_eq!(found_in(|log| *log = excluder()), []);
    let without_receipt = found_in(|log| {
        *log = excluder();
        log.remove(5);
    });
    assert_eq!(without_receipt, [Kind::Unanswered { id: 102 }]);
    let gap = found_in(|log| {
        *log = excluder();
        log.remove(6);
    });
    assert_eq!(gap[0], Kind::Gap { last: 1, next: 4 });
    let echoed = found_in(|log| {
        *log = excluder();
        log.insert(6, publication(2));
    });
    assert_eq!(echoed, [Kind::Echoed { id: 102 }]);
}

/// What is found in the log of somebody whose pattern channel 0 is of, and who hears that.
fn found_in_watch(heard: &[Entry]) -> Vec<Kind> {
    found(|[subscriber, _], audit| {
        subscriber.watches = vec![true, false];
        subscriber.entries = [&[connected(false)], heard].concat();
        audit.present.clear();
    })
}

#[test]
fn a_pattern_is_whole_from_its_beginning_up_to_a_loss_or_the_end() {
    let heard = |sequence| Entry::Watched { channel: 0, sequence, id: 100 + sequence };
    let watch = |numbers: &[u64]| {
        let heard = numbers.iter().map(|number| heard(*number));
        [Entry::Watching].into_iter().chain(heard).collect::<Vec<_>>()
    };
    assert_eq!(found_in_watch(&watch(&[1, 2, 3, 4])), []);
    assert_eq!(found_in_watch(&watch(&[1, 3, 4])), [Kind::Missing { sequence: 2 }]);
    assert_eq!(found_in_watch(&watch(&[2, 3, 4])), [Kind::Missing { sequence: 1 }]);
    assert_eq!(found_in_watch(&watch(&[1, 2, 3])), [Kind::Missing { sequence: 4 }]);
    assert_eq!(found_in_watch(&watch(&[1, 2, 2, 3, 4])), [Kind::Stray { id: 102 }]);
    let later = [watch(&[1]), vec![Entry::Gone, connected(true)], watch(&[3, 4])].concat();
    assert_eq!(found_in_watch(&later), []);
    let lost = [watch(&[1]), vec![Entry::WatchLost, heard(3), heard(4)]].concat();
    assert_eq!(found_in_watch(&lost), []);
    let other = [watch(&[1, 2, 3, 4]), vec![Entry::Watched { channel: 1, sequence: 1, id: 9 }]];
    assert_eq!(found_in_watch(&other.concat()), [Kind::Forbidden, Kind::Stray { id: 9 }]);
    assert_eq!(found_in_watch(&[heard(1)]), [Kind::Uninvited { sequence: 1 }]);
}
