//! Who is told who is there.

use crate::support::heard::Heard;
use crate::support::setting::Setting;
use crate::support::world::World;

#[test]
fn who_catches_up_is_told_who_is_there_if_it_might_ask() {
    for is_granted in [false, true] {
        let mut world = World::new(Setting::small(1, 100_000, 100, 10), 1);
        world.clients[0].is_granted = is_granted;
        world.arrive(0, 0);
        world.settle();
        world.say_subscribe(0, "quiet:a");
        world.settle();
        world.drop_link(0, false);
        world.arrive(0, 0);
        world.settle();
        assert_eq!(pages(&world, 0), u64::from(is_granted));
        assert_eq!(caught_up(&world, 0), 1);
    }
}

#[test]
fn a_relay_that_was_behind_tells_who_is_there_to_those_who_might_ask() {
    let mut world = World::new(Setting::small(2, 100_000, 4, 10), 2);
    world.clients[0].is_granted = false;
    let (home, client) = world.subscribe_away_from_home("quiet:a");
    for other in [1, 2] {
        world.arrive(other, if other == 1 { 1 - home } else { home });
    }
    world.settle();
    world.say_subscribe(1, "quiet:a");
    world.settle();
    world.publish_at(home, "quiet:a", 5, 0);
    world.say_subscribe(2, "quiet:a");
    world.turn(home);
    assert_eq!(world.workers[home].hub.stats().relays_behind, 1);
    world.settle();
    assert_eq!((pages(&world, client), pages(&world, 1)), (0, 1));
}

/// How often a client was told who is there, without having asked.
fn pages(world: &World, client: usize) -> u64 {
    let log = world.clients[client].log.iter();
    log.filter(|heard| matches!(***heard, Heard::Presence { id: 0, .. })).count() as u64
}

fn caught_up(world: &World, client: usize) -> usize {
    let log = world.clients[client].log.iter();
    log.filter(|heard| matches!(***heard, Heard::CaughtUp { .. })).count()
}
