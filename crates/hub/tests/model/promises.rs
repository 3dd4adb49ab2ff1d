//! Promises that storms seldom try: what comes after a long silence, or at the very moment of a deadline.

use crate::support::setting::Setting;
use crate::support::step::{Kind, Step};
use crate::support::surroundings::End;
use crate::support::truth::To;
use crate::support::world::World;
use sockeye_hub::Answer;
use sockeye_hub::limits::{CHANNEL_GRACE, IDEMPOTENCY_WINDOW};
use std::time::Duration;

#[test]
fn a_key_is_known_again_for_as_long_as_is_said_in_a_channel_that_keeps_nothing_else() {
    let mut world = World::new(Setting::small(1, 1000, 100, 10), 1);
    let number = world.attempt(To::Channel("bare:a"), None, 1 << 12);
    let mut is_known = |after: Duration| {
        world.advance(after);
        let request = world.publish_from_backend(0, number);
        world.settle();
        match &world.answers[&request] {
            Answer::Published(receipt) => receipt.is_duplicate,
            other => panic!("no receipt: {other:?}"),
        }
    };
    assert!(!is_known(Duration::ZERO));
    assert!(is_known(2 * CHANNEL_GRACE));
    assert!(!is_known(IDEMPOTENCY_WINDOW));
}

#[test]
fn a_call_that_ends_while_its_connection_does_is_told_to_the_session_that_comes_back() {
    let mut world = World::new(Setting::small(1, 1000, 100, 10), 2);
    let connect = Step { kind: Kind::Connect, who: 0, what: 0, how: 6, turns: 0 };
    world.apply(connect);
    world.settle();
    // Whom it calls never answers; it waits for a second.
    world.apply(Step { kind: Kind::Call, how: 2 << 2, ..connect });
    world.settle();
    // It has taken too little, and takes nothing more; the hub is not told yet.
    let mut connections = world.workers[0].around.connections.values_mut();
    connections.next().expect("it is connected").end = End::Overflown;
    world.advance(Duration::from_secs(2));
    world.drop_link(0, false);
    world.settle();
    assert_eq!(world.truth.calls[0].times_told, 0);
    world.apply(connect);
    world.settle();
    assert_eq!(world.truth.calls[0].times_told, 1);
    world.check_the_end();
}

#[test]
fn a_token_that_ends_in_a_million_years_disturbs_no_deadline() {
    // The largest whole number of JavaScript, as seconds, and the largest of all.
    for expires_ms in [((1 << 53) - 1) * 1000, u64::MAX] {
        let mut world = World::new(Setting::small(1, 1000, 100, 10), 3);
        // Its deadline is the first there is, and then there are others.
        for client in [0, 1] {
            world.connect(client, 0, None, Some(expires_ms));
            let due = world.workers[0].hub.poll_timeout().expect("it is looked at again");
            assert!(due > world.began + world.time, "for {expires_ms}");
            assert!(due < world.began + world.time + 2 * DAY, "for {expires_ms}");
        }
        world.drop_link(0, false);
        world.settle();
        world.advance(Duration::from_secs(60));
        assert_eq!(world.workers[0].hub.stats().sessions, 1, "the other's grace has ended");
        world.advance(2 * DAY);
        assert_eq!(world.workers[0].hub.stats().sessions, 1, "and this one is still there");
    }
}

#[test]
fn a_session_that_moves_hears_a_message_to_all_once() {
    // Which letter the new worker reads first, that with the session or that to all, follows from the seed.
    for seed in 0..16 {
        let mut world = World::new(Setting::small(3, 1000, 100, 10), seed);
        let connect = Step { kind: Kind::Connect, who: 0, what: 1, how: 6, turns: 0 };
        world.apply(connect);
        world.settle();
        let number = world.attempt(To::All, None, 0);
        world.publish_from_backend(0, number);
        world.turn(1);
        world.read(0, 20);
        assert!(world.clients[0].messages.contains(&number), "it was told where it is");
        world.drop_link(0, false);
        world.apply(Step { what: 2, ..connect });
        world.turn(1);
        // The reference minds whoever hears a message twice.
        world.settle();
        assert_eq!(world.workers[2].hub.stats().resumed, 1);
        world.check_the_end();
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
