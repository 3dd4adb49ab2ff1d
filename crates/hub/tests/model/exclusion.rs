//! Who does not get what it publishes itself, where there is no channel.

use crate::support::heard::Heard;
use crate::support::messaging::{PLAIN, RECEIVER, SENDER};
use crate::support::setting::Setting;
use crate::support::truth::To;
use crate::support::world::World;
use sockeye_hub::{Attributes, Command, CommandId, Input, Payload, Publish, Target};

#[test]
fn who_excludes_itself_gets_nothing_of_its_own_and_others_do() {
    // Of the same user, and of another one.
    let (same, other) = (3, RECEIVER);
    let both = [same, other];
    for walk in [&[0][..], &[0, 1], &[1, 2, 0]] {
        for is_volatile in [false, true] {
            let mut world =
                World::new(Setting { clients: 4, ..Setting::small(3, 1000, 100, 10) }, 1);
            world.arrive(same, 1);
            world.arrive(other, 2);
            let session = world.walk_as(SENDER, walk);
            let own = To::Session(session);
            for (to, who) in [(To::User("ada"), &both[..1]), (own, &[]), (To::All, &both)] {
                let number = world.attempt(to.clone(), Some(session), PLAIN);
                let attempt = &mut world.truth.attempts[number];
                (attempt.excludes_publisher, attempt.is_volatile) = (true, is_volatile);
                world.say_publish(SENDER, number);
                world.settle();
                assert!(world.truth.attempts[number].is_receipted, "{to:?}");
                for client in 0..4 {
                    let has_got = world.clients[client].messages.contains(&number);
                    assert_eq!(has_got, who.contains(&client), "{walk:?}: client {client}, {to:?}");
                }
            }
            // Its next message follows on the last that it got.
            assert_eq!(world.clients[SENDER].message, 0);
            world.send_to(session);
            assert_eq!(world.clients[SENDER].message, 1);
            world.check_the_end();
        }
    }
}

#[test]
fn who_wants_no_answer_and_excludes_itself_is_told_only_what_its_channels_need() {
    let mut world = World::new(Setting::small(2, 1000, 100, 10), 1);
    let session = world.walk_as(SENDER, &[0]);
    let told = |world: &mut World, target| {
        let link = world.clients[SENDER].link.as_ref().expect("it is connected");
        let connection = &world.workers[link.worker].around.connections[&link.key];
        let key = connection.session.expect("it is greeted");
        let publish = Publish {
            target,
            payload: Payload::binary(&[0; 8]),
            attributes: Attributes::default(),
            idempotency_key: None,
            expected_version: None,
            exclude_self: true,
        };
        let (id, command) = (CommandId(0), Command::Publish(publish));
        world.handle(0, Input::Command { session: key, id, command });
        (0..20).for_each(|turn| world.turn(turn % 2));
        world.wire(SENDER).drain(..).collect::<Vec<_>>()
    };
    for target in [Target::Session(session), Target::User("ada".into())] {
        let told = told(&mut world, target);
        assert!(told.is_empty(), "{told:?}");
    }
    let told = told(&mut world, Target::Channel("chat:a".into()));
    assert!(matches!(*told[0], Heard::Published { id: 0, .. }), "{told:?}");
}
