//! What `sockeye sub` does about what it hears.

use super::*;

/// Channels with `a`, which is live after `last`, and a session.
fn live(last: u64) -> Channels {
    let mut channels = Channels::new(&["a".to_owned()], None);
    let turn = channels.hear("connected", &json!({ "resume": "secret" }));
    assert_eq!(turn.commands, [("subscribe", json!({ "channel": "a" }))]);
    let subscribed = json!({ "channel": "a", "position": position(last), "recovery": "live" });
    let note = channels.hear("subscribed", &subscribed).note;
    assert_eq!(note.as_deref(), Some("a: subscribed"));
    channels
}

fn position(sequence: u64) -> Value {
    json!({ "epoch": "1c", "sequence": sequence })
}

fn publication(sequence: u64) -> Value {
    json!({ "channel": "a", "sequence": sequence, "previous": sequence - 1 })
}

/// What is sent on a gap behind `last`.
fn again(last: u64) -> [(&'static str, Value); 2] {
    let subscribe = json!({ "channel": "a", "position": position(last) });
    [("unsubscribe", json!({ "channel": "a" })), ("subscribe", subscribe)]
}

#[test]
fn what_was_here_is_not_new_and_what_is_volatile_is() {
    let mut channels = live(3);
    assert!(!channels.hear("publication", &publication(3)).is_new);
    assert!(channels.hear("publication", &publication(4)).is_new);
    assert!(channels.hear("publication", &json!({ "channel": "a" })).is_new);
    let by_pattern = json!({ "channel": "a", "pattern": "a*", "sequence": 9, "previous": 8 });
    assert_eq!(channels.hear("publication", &by_pattern), Turn::is_new(true));
    let resume = json!({ "token": "secret", "positions": { "a": 4 } });
    assert_eq!(channels.resume(), Some(resume));
}

#[test]
fn a_gap_is_asked_for_once_and_what_comes_meanwhile_comes_again() {
    let mut channels = live(3);
    let turn = channels.hear("publication", &publication(5));
    assert!(!turn.is_new && turn.note.is_some_and(|note| note.contains("missing after 3")));
    assert_eq!(turn.commands, again(3));
    assert_eq!(channels.hear("publication", &publication(6)), Turn::default());
    assert_eq!(
        channels.hear("heartbeat", &json!({ "channel": "a", "position": position(6) })),
        Turn::default()
    );
    let resume = json!({ "token": "secret", "positions": { "a": 3 } });
    assert_eq!(channels.resume(), Some(resume), "the session knows of it");

    let subscribed =
        json!({ "channel": "a", "position": position(3), "recovery": "recovered", "to": 6 });
    let note = channels.hear("subscribed", &subscribed).note;
    assert_eq!(note.as_deref(), Some("a: recovering what was after 3 up to 6"));
    assert!((4..=6).all(|sequence| channels.hear("publication", &publication(sequence)).is_new));
}

#[test]
fn a_heartbeat_tells_of_the_last_one_that_is_missing_unless_it_is_still_to_come() {
    let mut channels = live(3);
    let heartbeat = |sequence| json!({ "channel": "a", "position": position(sequence) });
    assert_eq!(channels.hear("heartbeat", &heartbeat(3)), Turn::default());
    assert_eq!(channels.hear("heartbeat", &heartbeat(4)).commands, again(3));
    let subscribed =
        json!({ "channel": "a", "position": position(3), "recovery": "recovered", "to": 4 });
    channels.hear("subscribed", &subscribed);
    assert_eq!(channels.hear("heartbeat", &heartbeat(4)), Turn::default(), "it catches up");
    channels.hear("caught_up", &heartbeat(4));
    let other = json!({ "channel": "a", "position": { "epoch": "1d", "sequence": 1 } });
    assert_eq!(channels.hear("heartbeat", &other).commands, again(4));
}

#[test]
fn what_is_lost_is_said_and_what_follows_it_is_no_gap() {
    let mut channels = live(1);
    let lost = json!({ "channel": "a", "from": 1, "to": 3, "reason": "dropped" });
    let note = channels.hear("lost", &lost).note;
    assert_eq!(note.as_deref(), Some("a: lost what was after 1 up to 3: dropped"));
    assert!(channels.hear("publication", &publication(4)).is_new);

    let subscribed = json!({ "channel": "a", "position": position(4),
        "recovery": "lost", "from": 4, "to": 7 });
    let note = channels.hear("subscribed", &subscribed).note;
    assert_eq!(note.as_deref(), Some("a: lost what was after 4 up to 7"));
    assert!(channels.hear("publication", &publication(8)).is_new);

    let subscribed = json!({ "channel": "a", "position": { "epoch": "1d", "sequence": 0 },
        "recovery": "lost", "from": 0, "to": 0 });
    let note = channels.hear("subscribed", &subscribed).note;
    assert_eq!(note.as_deref(), Some("a: lost what was after 8: the channel began anew"));
    assert!(channels.hear("publication", &publication(1)).is_new);
}

#[test]
fn a_new_session_subscribes_from_where_everything_was_and_says_what_patterns_lose() {
    let names = ["a", "b*", "a"].map(str::to_owned);
    let mut channels = Channels::new(&names, Some(&("1c".to_owned(), 8)));
    let connected = json!({ "resume": "secret" });
    let all = [
        ("subscribe", json!({ "channel": "a", "position": position(8) })),
        ("subscribe", json!({ "channel": "b*" })),
    ];
    let turn = channels.hear("connected", &connected);
    assert_eq!((turn.note, &*turn.commands), (None, &all[..]));
    assert_eq!(channels.resume(), None, "the session may not know of them");
    let turn = channels.hear("connected", &connected);
    let note = turn.note.expect("it is said");
    assert!(note.ends_with("b*: lost what was published meanwhile"), "{note}");
    assert_eq!(turn.commands, all);

    let recovered =
        json!({ "channel": "a", "position": position(8), "recovery": "recovered", "to": 8 });
    assert_eq!(channels.hear("subscribed", &recovered), Turn::default(), "nothing was missed");
    channels.hear("subscribed", &json!({ "channel": "b*", "recovery": "live" }));
    let positions = channels.resume().expect("it knows of them")["positions"].take();
    assert_eq!(positions, json!({ "a": 8, "b*": 0 }));
    assert_eq!(channels.hear("connected", &json!({ "resumed": true })).commands, []);
}

#[test]
fn what_is_revoked_is_said_and_not_named_any_more() {
    let mut channels = live(1);
    let note = channels.hear("revoked", &json!({ "channel": "a", "reason": "forbidden" })).note;
    assert_eq!(note.as_deref(), Some("a: revoked: forbidden"));
    assert!(channels.is_empty());
}
