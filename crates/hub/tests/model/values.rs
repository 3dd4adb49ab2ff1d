//! The state of a channel, and when its values end.

use crate::support::setting::{HISTORY_TTL, Setting};
use crate::support::step::{Kind, Step};
use crate::support::subscription::Subscription;
use crate::support::truth::To;
use crate::support::world::World;
use sockeye_hub::limits::{CHANNEL_GRACE, RELAY_TAIL_MAX};
use sockeye_hub::{Answer, History, RefusalCode, Request, SlowPolicy};
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn a_value_ends_when_its_publication_said_so() {
    for channel in ["state:a", "last:a"] {
        let mut world = World::new(Setting::small(1, 1000, 100, 10), 1);
        // It outlives what is in history.
        let ttl = 2 * HISTORY_TTL;
        assert_eq!(version(&publish(&mut world, channel, Some(ttl), None)), 1);
        world.advance(ttl - Duration::from_millis(1));
        assert_eq!(state(&mut world, channel), ([1].into(), 1));
        match publish(&mut world, channel, Some(ttl), Some(0)) {
            Answer::Refused(refusal) => {
                let current = refusal.current.map(|current| current.sequence);
                assert_eq!((refusal.code, current), (RefusalCode::Conflict, Some(1)));
            }
            other => panic!("it is there still: {other:?}"),
        }

        world.advance(Duration::from_millis(1));
        match publish(&mut world, channel, Some(ttl), Some(1)) {
            Answer::Refused(refusal) => assert!(refusal.current.is_none(), "{refusal:?}"),
            other => panic!("it has ended: {other:?}"),
        }
        assert_eq!(state(&mut world, channel), ([].into(), 0));
        assert_eq!(version(&publish(&mut world, channel, Some(ttl), Some(0))), 2);
        assert_eq!(state(&mut world, channel), ([2].into(), 1));
        assert_eq!(snapshot(&mut world, channel), 1);
        world.check_the_end();
    }
}

#[test]
fn a_value_that_has_just_ended_is_none_to_who_publishes_next() {
    let mut world = World::new(Setting::small(1, 1000, 100, 10), 4);
    // Sooner than the channel is looked at.
    let ttl = Duration::from_secs(1);
    publish(&mut world, "state:a", Some(ttl), None);
    world.advance(ttl);
    assert_eq!(version(&publish(&mut world, "state:a", None, Some(0))), 2);
}

#[test]
fn who_comes_after_its_end_gets_no_value() {
    let mut world = World::new(Setting::small(1, 1000, 100, 10), 2);
    let ttl = Duration::from_secs(2);
    publish(&mut world, "state:a", Some(ttl), None);
    world.advance(ttl);
    assert_eq!(snapshot(&mut world, "state:a"), 0);
    world.check_the_end();
}

#[test]
fn a_channel_goes_when_its_values_have_and_not_before() {
    let mut world = World::new(Setting::small(1, 1000, 100, 10), 3);
    let channels = |world: &World| world.workers[0].hub.stats().channels;
    // At a moment at which nothing else has it looked at.
    let ttl = 3 * CHANNEL_GRACE + Duration::from_secs(1);
    publish(&mut world, "state:a", Some(ttl), None);
    world.advance(ttl - Duration::from_millis(1));
    assert_eq!(channels(&world), 1);
    world.advance(Duration::from_millis(2));
    assert_eq!(channels(&world), 0, "it has nothing more to keep");

    publish(&mut world, "state:a", None, None);
    world.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!((channels(&world), state(&mut world, "state:a")), (1, ([1].into(), 1)));
}

#[test]
fn who_gets_the_latest_of_each_key_gets_it_however_old_it_is() {
    let mut world = World::new(Setting::small(1, 1000, 100, 10), 5);
    world.arrive(0, 0);
    world.settle();
    let mut subscription = Subscription::new("state:a", 0);
    subscription.policy = SlowPolicy::Conflate;
    world.clients[0].subscribe(subscription, false);
    world.settle();
    // It reads nothing until all that is too old for history.
    for _ in 0..2 * RELAY_TAIL_MAX {
        publish_without_reading(&mut world, "state:a");
    }
    assert_eq!(world.workers[0].hub.stats().subscriptions_behind, 1);
    world.advance(HISTORY_TTL);
    let (values, _) = state(&mut world, "state:a");
    let Subscription { got, lost, .. } = &world.clients[0].subscriptions["state:a"];
    let got: BTreeSet<_> = got.iter().map(|(_, sequence)| *sequence).collect();
    assert!(values.iter().all(|value| got.contains(value)), "{values:?}: {lost:?}");
    world.check_the_end();
}

fn publish_without_reading(world: &mut World, channel: &'static str) {
    let how = 1 << 12 | 1 << 10 | 1 << 3 | 1;
    let number = world.attempt(To::Channel(channel), None, how);
    world.publish_from_backend(0, number);
    world.turn(0);
}

fn publish(
    world: &mut World,
    channel: &'static str,
    ttl: Option<Duration>,
    expected: Option<u64>,
) -> Answer {
    // With a key, and without a key to know it again by.
    let number = world.attempt(To::Channel(channel), None, 1 << 12 | 1 << 10 | 1 << 3 | 1);
    let attempt = &mut world.truth.attempts[number];
    (attempt.ttl, attempt.expected) = (ttl, expected);
    let request = world.publish_from_backend(0, number);
    ask(world, request)
}

fn version(answer: &Answer) -> u64 {
    match answer {
        Answer::Published(receipt) => receipt.position.expect("it is numbered").sequence,
        other => panic!("not published: {other:?}"),
    }
}

/// The numbers of the values, and how many keys there are.
fn state(world: &mut World, channel: &'static str) -> (Vec<u64>, usize) {
    let history = History { channel: channel.into(), state: true, ..History::default() };
    let request = world.request(0, Request::History(history));
    let Answer::History(page) = ask(world, request) else {
        panic!("no history");
    };
    let request = world.request(0, Request::Channel { channel: channel.into() });
    let Answer::Channel(info) = ask(world, request) else {
        panic!("no channel");
    };
    (page.publications.iter().map(|value| value.sequence).collect(), info.keys)
}

/// How many values somebody gets who comes now.
fn snapshot(world: &mut World, channel: &'static str) -> usize {
    world.apply(Step { kind: Kind::Connect, who: 0, what: 0, how: 6, turns: 0 });
    world.settle();
    let mut subscription = Subscription::new(channel, world.clients[0].past.len());
    subscription.wants_snapshot = true;
    world.clients[0].subscribe(subscription, false);
    world.settle();
    world.clients[0].subscriptions[channel].got.len()
}

fn ask(world: &mut World, request: u64) -> Answer {
    world.settle();
    world.answers.remove(&request).expect("it is answered")
}
