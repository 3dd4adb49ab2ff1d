//! What becomes of a relay to which more was published than may be under way to its worker.

use crate::support::heard::Heard;
use crate::support::setting::Setting;
use crate::support::subscription::Subscription;
use crate::support::truth::To;
use crate::support::world::World;
use sockeye_hub::{LossReason, Stats};

#[test]
fn a_relay_that_was_behind_has_everything_that_history_has_as_if_nothing_had_been() {
    let mut world = World::new(setting(100), 1);
    let (home, client) = world.subscribe_away_from_home("chat:a");
    world.publish_at(home, "chat:a", 50, 0);
    let stats = world.workers[home].hub.stats();
    assert_eq!(
        (stats.relays_behind, stats.relays_lagged, stats.fan_out_under_way),
        (1, 1, LETTERS)
    );
    world.settle();
    let Subscription { got, lost, is_live, .. } = &world.clients[client].subscriptions["chat:a"];
    assert_eq!((got.len(), lost.len(), *is_live), (50, 0, true));
    let live = |heard: &&Heard| matches!(heard, Heard::Publication { is_live: true, .. });
    let log = world.clients[client].log.iter().map(|heard| &**heard);
    assert_eq!(log.filter(live).count(), 50);
    let Stats { relays_behind, relays_caught_up, .. } = world.workers[home].hub.stats();
    assert_eq!((relays_behind, relays_caught_up), (0, 50 - LETTERS));
    world.check_the_end();
}

#[test]
fn what_history_does_not_have_is_told_as_lost_to_those_who_stay_live() {
    for (channel, kept) in [("chat:a", 10), ("bare:a", 0)] {
        let mut world = World::new(setting(10), 2);
        let (home, client) = world.subscribe_away_from_home(channel);
        world.publish_at(home, channel, 50, 0);
        world.settle();
        let Subscription { got, lost, is_live, epoch, .. } =
            &world.clients[client].subscriptions[channel];
        assert_eq!((got.len() as u64, *is_live), (LETTERS + kept, true));
        let [(of, loss)] = lost[..] else {
            panic!("told once: {lost:?}");
        };
        assert_eq!((of, loss.from, loss.to), (*epoch, LETTERS, 50 - kept));
        assert_eq!(loss.reason, LossReason::Trimmed);
        world.publish_at(home, channel, 1, 0);
        world.check_the_end();
    }
}

#[test]
fn who_came_meanwhile_is_told_in_place_of_the_changes_that_were_left_out() {
    let mut world = World::new(setting(10), 3);
    let (home, client) = world.subscribe_away_from_home("chat:a");
    world.arrive(1, home);
    world.settle();
    world.publish_at(home, "chat:a", LETTERS + 1, 0);
    world.say_subscribe(1, "chat:a");
    world.turn(home);
    assert_eq!(world.workers[home].hub.stats().relays_behind, 1);
    world.settle();
    let presence = world.clients[client].subscriptions["chat:a"].presence.as_ref();
    assert_eq!(presence.map(|(_, members)| members.len()), Some(2), "told without having asked");
    world.check_the_end();
}

#[test]
fn what_is_volatile_is_left_out_and_counted() {
    let mut world = World::new(setting(10), 4);
    let (home, client) = world.subscribe_away_from_home("chat:a");
    world.publish_at(home, "chat:a", 10, IS_VOLATILE);
    world.settle();
    let got = world.clients[client].subscriptions["chat:a"].got_volatile.len() as u64;
    let stats = world.workers[home].hub.stats();
    assert_eq!((got, stats.volatile_dropped, stats.relays_lagged), (LETTERS, 10 - LETTERS, 0));
    world.check_the_end();
}

#[test]
fn those_who_watch_a_pattern_are_told_of_a_loss() {
    let mut world = World::new(setting(10), 5);
    let (home, client) = world.subscribe_away_from_home("news.a");
    world.say_subscribe(client, "news.*");
    world.settle();
    let since = world.clients[client].subscriptions["news.*"].live_since;
    world.step += 1;
    // Each to the channel's relay and to the pattern's.
    world.publish_at(home, "news.a", 10, 0);
    assert_eq!(world.workers[home].hub.stats().relays_behind, 2);
    world.settle();
    let subscription = &world.clients[client].subscriptions["news.*"];
    assert!(subscription.live_since > since, "{subscription:?}");
    assert_eq!(subscription.got_attempts.len() as u64, LETTERS / 2);
    assert_eq!(world.clients[client].subscriptions["news.a"].got.len(), 10);
    world.check_the_end();
}

#[test]
fn a_client_that_has_got_more_than_its_relay_waits_for_it() {
    let mut world = World::new(setting(2000), 6);
    let (home, client) = world.subscribe_away_from_home("chat:a");
    world.arrive(1, home);
    world.settle();
    world.say_subscribe(1, "chat:a");
    world.settle();
    // More than there is room for in pages.
    world.publish_at(home, "chat:a", MANY, 0);
    while world.clients[1].subscriptions["chat:a"].seen < Some(MANY) {
        world.turn(home);
        world.read(1, usize::MAX);
    }
    // It goes to the worker whose relay has not heard of most of that.
    world.drop_link(1, false);
    world.arrive(1, 1 - home);
    world.publish_at(home, "chat:a", 5, 0);
    world.settle();
    for number in [client, 1] {
        let Subscription { got, lost, seen, .. } = &world.clients[number].subscriptions["chat:a"];
        assert_eq!(
            (got.len(), lost.len(), *seen),
            (MANY as usize + 5, 0, Some(MANY + 5)),
            "client {number}"
        );
    }
    world.check_the_end();
}

#[test]
fn a_publisher_that_was_left_out_and_lost_its_receipt_sees_no_gap() {
    let mut world = World::new(setting(100), 7);
    let (home, client) = world.subscribe_away_from_home("chat:a");
    let session = world.clients[client].session.map(|(session, _)| session);
    let own = world.attempt(To::Channel("chat:a"), session, 1 << 12 | 1);
    assert!(world.truth.attempts[own].excludes_publisher);
    world.say_publish(client, own);
    world.turn(1 - home);
    world.publish_at(home, "chat:a", LETTERS, 0);
    world.turn(home);
    assert_eq!(world.workers[home].hub.stats().relays_behind, 1);
    // What has come by then, its receipt too, is lost with its connection.
    (0..LETTERS + 1).for_each(|_| world.turn(1 - home));
    world.drop_link(client, false);
    world.arrive(client, 1 - home);
    world.publish_at(home, "chat:a", 1, 0);
    world.settle();
    assert!(world.clients[client].retries.contains(&own), "it never heard what became of it");
    let Subscription { got, lost, seen, .. } = &world.clients[client].subscriptions["chat:a"];
    let all = LETTERS + 2;
    assert_eq!((got.len() as u64, lost.len(), *seen), (all - 1, 0, Some(all)));
}

/// Nobody is slow, but for what may be under way.
fn setting(history_size: usize) -> Setting {
    Setting::small(2, 100_000, LETTERS as usize, history_size)
}

impl World {
    /// Subscribes the first client, on the worker that is not the channel's home; answers the home and the client.
    pub(crate) fn subscribe_away_from_home(&mut self, channel: &'static str) -> (usize, usize) {
        self.publish_at(0, channel, 1, IS_VOLATILE);
        self.settle();
        let is_home = |worker: &usize| self.workers[*worker].hub.stats().channels > 0;
        let home = (0..2).find(is_home).expect("it was published to");
        self.arrive(0, 1 - home);
        self.settle();
        self.say_subscribe(0, channel);
        self.settle();
        (home, 0)
    }

    pub(crate) fn publish_at(&mut self, home: usize, channel: &'static str, count: u64, how: u16) {
        for _ in 0..count {
            let number = self.attempt(To::Channel(channel), None, how | 1 << 10 | 1);
            self.truth.attempts[number].is_volatile = how == IS_VOLATILE;
            self.publish_from_backend(home, number);
        }
    }
}

/// As much as may be under way.
const LETTERS: u64 = 4;

const MANY: u64 = 1500;

const IS_VOLATILE: u16 = 1 << 15;
