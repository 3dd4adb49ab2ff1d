//! What becomes of messages to single sessions.

use crate::support::client::Pending;
use crate::support::heard::Heard;
use crate::support::messaging::{PLAIN, RECEIVER, SENDER};
use crate::support::setting::Setting;
use crate::support::step::{Kind, Step};
use crate::support::surroundings::Bounds;
use crate::support::truth::To;
use crate::support::world::World;
use sockeye_hub::limits::{UNACKNOWLEDGED_MAX, UNACKNOWLEDGED_SIZE_MAX};
use sockeye_hub::{Acknowledge, Answer, Command, RefusalCode, Request, SessionId, Target};

#[test]
fn what_is_for_a_session_is_answered_by_where_it_is_or_was() {
    // Where it begins, and goes.
    for path in [&[0][..], &[1], &[0, 1], &[1, 0, 1], &[0, 1, 2], &[2, 1, 2, 0]] {
        for asked in 0..3 {
            let mut world = World::new(Setting::small(3, 1000, 100, 10), 1);
            world.arrive(SENDER, asked);
            let session = world.walk(path);
            for answer in world.ask_of(asked, session) {
                let is_found = matches!(answer, Answer::Published(_) | Answer::Done);
                assert!(is_found, "{path:?}, {asked}: {answer:?}");
            }
            let number = world.send_to(session);
            assert!(world.truth.attempts[number].is_receipted);
            assert!(world.clients[RECEIVER].messages.contains(&number));

            world.end(session, asked == 1);
            let disconnect = world.disconnect(asked, session);
            for answer in world.ask_of(asked, session).into_iter().chain([disconnect]) {
                let code = match answer {
                    Answer::Refused(refusal) => refusal.code,
                    other => panic!("{path:?}, {asked}: {other:?}"),
                };
                assert_eq!(code, RefusalCode::NotFound);
            }
            let number = world.send_to(session);
            let attempt = &world.truth.attempts[number];
            assert!(attempt.is_refused && !attempt.is_receipted, "{path:?}, {asked}: {attempt:?}");
            world.check_the_end();
        }
    }
}

#[test]
fn a_session_that_waits_for_its_client_has_got_its_message() {
    let mut world = World::new(Setting::small(2, 1000, 100, 10), 1);
    world.arrive(SENDER, 0);
    let session = world.walk(&[0, 1]);
    world.drop_link(RECEIVER, false);
    world.settle();
    let number = world.send_to(session);
    assert!(world.truth.attempts[number].is_receipted);
    world.arrive(RECEIVER, 0);
    world.settle();
    assert!(world.clients[RECEIVER].messages.contains(&number));
    world.check_the_end();
}

#[test]
fn what_is_lost_of_what_was_not_acknowledged_is_told() {
    let cases = [
        (UNACKNOWLEDGED_MAX, 8, None),
        (UNACKNOWLEDGED_MAX + 1, 8, Some((1, 1))),
        (UNACKNOWLEDGED_MAX + 70, 8, Some((1, 70))),
        (1, UNACKNOWLEDGED_SIZE_MAX, None),
        (2, UNACKNOWLEDGED_SIZE_MAX, Some((1, 1))),
        (7, UNACKNOWLEDGED_SIZE_MAX / 3, Some((1, 5))),
    ];
    for (count, size, lost) in cases {
        let mut world = World::new(patient(), 1);
        let session = world.walk(&[0]);
        world.drop_link(RECEIVER, false);
        world.settle();
        world.flood(session, count, size);
        world.come_back(1, SAYS_WHERE);
        assert_eq!(world.told_lost(), lost, "{count} of {size} bytes");
        world.settle();
        let kept = count - lost.map_or(0, |(_, to)| to as usize);
        assert_eq!(world.clients[RECEIVER].messages.len(), kept, "{count} of {size} bytes");
        world.check_the_end();
    }
}

#[test]
fn a_loss_of_messages_is_told_until_the_client_shows_that_it_knows() {
    let mut world = World::new(patient(), 1);
    let session = world.walk(&[0]);
    world.drop_link(RECEIVER, false);
    world.settle();
    world.flood(session, UNACKNOWLEDGED_MAX + 2, 8);
    // It never arrives.
    for worker in [0, 1, 1, 0] {
        world.come_back(worker, SAYS_WHERE);
        assert_eq!(world.told_lost(), Some((1, 2)), "on worker {worker}");
    }
    // It arrives, and the client says so when it resumes. Who says nothing is told again.
    world.read(RECEIVER, 2);
    assert_eq!(world.clients[RECEIVER].message, 2);
    world.come_back(1, SAYS_WHERE);
    assert_eq!(world.told_lost(), None);
    // More are lost behind those that it knows of.
    world.drop_link(RECEIVER, false);
    world.settle();
    world.flood(session, 3, 8);
    world.come_back(0, SAYS_WHERE);
    assert_eq!(world.told_lost(), Some((3, 5)));
    world.settle();
    let number = world.clients[RECEIVER].message;
    assert_eq!(number, UNACKNOWLEDGED_MAX as u64 + 5);
    let acknowledge = Command::Acknowledge(Acknowledge::Messages { number });
    world.clients[RECEIVER].say(Pending::Other, acknowledge);
    world.settle();
    world.come_back(1, SAYS_NOTHING);
    assert_eq!(world.told_lost(), None);
    world.check_the_end();
}

#[test]
fn who_acknowledges_nothing_is_told_what_it_cannot_be_told_again() {
    let mut world = World::new(patient(), 1);
    let session = world.walk(&[0]);
    world.flood(session, UNACKNOWLEDGED_MAX + 2, 8);
    assert_eq!(world.clients[RECEIVER].messages.len(), UNACKNOWLEDGED_MAX + 2);
    for worker in [0, 1] {
        world.come_back(worker, SAYS_NOTHING);
        assert_eq!(world.told_lost(), Some((1, 2)), "on worker {worker}");
        world.settle();
    }
    world.come_back(0, SAYS_WHERE);
    assert_eq!(world.told_lost(), None);
    world.check_the_end();
}

/// Connections take whatever they are told.
fn patient() -> Setting {
    let setting = Setting::small(2, 100_000, 100, 10);
    Setting { bounds: Bounds { queue_max: 10_000_000, ..setting.bounds }, ..setting }
}

impl World {
    /// So many messages to a session.
    fn flood(&mut self, session: SessionId, count: usize, size: usize) {
        for _ in 0..count {
            let number = self.attempt(To::Session(session), None, PLAIN);
            self.truth.attempts[number].size = size;
            self.publish_from_backend(0, number);
        }
        self.settle();
    }

    /// The receiver loses its connection and resumes. It is told the first things, and has not read them.
    fn come_back(&mut self, worker: usize, how: u16) {
        self.drop_link(RECEIVER, false);
        while let Some(dropped) = self.dropped.pop_front() {
            self.notice(dropped);
        }
        let (who, what) = (RECEIVER as u8, worker as u8);
        self.apply(Step { kind: Kind::Connect, who, what, how, turns: 0 });
        for turn in 0..20 {
            self.turn(turn % 2);
        }
    }

    /// What is on its way to the receiver that says what was lost.
    fn told_lost(&mut self) -> Option<(u64, u64)> {
        let wire = self.wire(RECEIVER);
        assert!(matches!(*wire[0], Heard::Connected { is_resumed: true, .. }), "{wire:?}");
        wire.iter().find_map(|heard| match **heard {
            Heard::MessagesLost { from, to } => Some((from, to)),
            _ => None,
        })
    }
}

impl World {
    /// Asks for all that a backend can want of a session, but for its end.
    fn ask_of(&mut self, worker: usize, session: SessionId) -> Vec<Answer> {
        let messages = [false, true].map(|is_volatile| {
            let number = self.attempt(To::Session(session), None, PLAIN);
            self.truth.attempts[number].is_volatile = is_volatile;
            self.publish_from_backend(worker, number)
        });
        let target = Target::Session(session);
        let unsubscribe = Request::Unsubscribe { target, channel: "chat:a".into() };
        let unsubscribe = self.request(worker, unsubscribe);
        self.settle();
        let keys = messages.into_iter().chain([unsubscribe]);
        keys.map(|key| self.answers.remove(&key).expect("it is answered")).collect()
    }

    fn disconnect(&mut self, worker: usize, session: SessionId) -> Answer {
        let (target, reason) = (Target::Session(session), "the test wants it".into());
        let key = self.request(worker, Request::Disconnect { target, reason, may_return: false });
        self.settle();
        self.answers.remove(&key).expect("it is answered")
    }

    /// Ends the receiver's session: the backend does, or its client.
    fn end(&mut self, session: SessionId, by_backend: bool) {
        match by_backend {
            true => assert!(matches!(self.disconnect(0, session), Answer::Done)),
            false => self.drop_link(RECEIVER, true),
        }
        self.settle();
        assert!(self.clients[RECEIVER].link.is_none());
    }
}

/// When it resumes, it says what the last message was that it has got.
const SAYS_WHERE: u16 = 6;
/// Or it has forgotten that.
const SAYS_NOTHING: u16 = 10;
