//! What becomes of messages to single sessions.

use crate::support::setting::Setting;
use crate::support::truth::To;
use crate::support::world::World;
use sockeye_hub::{Answer, RefusalCode, Request, SessionId, Target};

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

impl World {
    /// Has the receiver begin on a worker, and go from there to others.
    fn walk(&mut self, path: &[usize]) -> SessionId {
        for worker in path {
            self.drop_link(RECEIVER, false);
            self.settle();
            self.arrive(RECEIVER, *worker);
            self.settle();
        }
        let (session, _) = self.clients[RECEIVER].session.expect("it was greeted");
        session
    }

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

    /// A message from another client.
    fn send_to(&mut self, session: SessionId) -> usize {
        let sender = self.clients[SENDER].session.map(|(session, _)| session);
        let number = self.attempt(To::Session(session), sender, PLAIN);
        self.say_publish(SENDER, number);
        self.settle();
        number
    }
}

const SENDER: usize = 0;
const RECEIVER: usize = 1;

/// Without anything special.
const PLAIN: u16 = 1 << 10 | 1;
