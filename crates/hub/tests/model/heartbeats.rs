//! What a client finds out by a heartbeat, although it was told nothing: that it has missed the last publication.

use crate::support::heard::Heard;
use crate::support::setting::Setting;
use crate::support::step::{Kind, Step};
use crate::support::truth::To;
use crate::support::world::World;
use std::time::Duration;

#[test]
fn a_heartbeat_says_nothing_new_to_who_has_got_everything() {
    let mut world = with_a_subscriber();
    publish(&mut world);
    world.advance(HEARTBEAT);
    world.check_the_end();
}

#[test]
#[should_panic(expected = "lost: Position")]
fn a_lost_last_publication_shows_by_the_next_heartbeat() {
    let mut world = with_a_subscriber();
    publish(&mut world);
    // On its way to the client, and never there.
    (0..20).for_each(|turn| world.turn(turn % 2));
    let connections = &mut world.workers[0].around.connections;
    let (_, connection) = connections.first_key_value().expect("of the subscriber");
    assert!(matches!(*connection.wire[0], Heard::Publication { .. }));
    connections.first_entry().expect("it is there").get_mut().read();
    world.advance(HEARTBEAT);
    world.settle();
}

/// A client on the first of two workers, who is subscribed and up to date.
fn with_a_subscriber() -> World {
    let mut world = World::new(Setting::small(2, 1000, 100, 10), 1);
    for kind in [Kind::Connect, Kind::Subscribe] {
        world.apply(Step { kind, who: 0, what: 0, how: u16::MAX, turns: 0 });
        world.settle();
    }
    world
}

fn publish(world: &mut World) {
    let number = world.attempt(To::Channel("chat:a"), None, u16::MAX);
    world.publish_from_backend(0, number);
}

/// More than the namespace waits with it.
const HEARTBEAT: Duration = Duration::from_millis(2_100);
