//! One client that writes to another one, which goes from worker to worker.

use super::heard::Heard;
use super::truth::To;
use super::world::World;
use sockeye_hub::SessionId;
use std::collections::VecDeque;
use std::rc::Rc;

impl World {
    /// Has the receiver begin on a worker, and go from there to others.
    pub(crate) fn walk(&mut self, path: &[usize]) -> SessionId {
        self.walk_as(RECEIVER, path)
    }

    pub(crate) fn walk_as(&mut self, client: usize, path: &[usize]) -> SessionId {
        for worker in path {
            self.drop_link(client, false);
            self.settle();
            self.arrive(client, *worker);
            self.settle();
        }
        let (session, _) = self.clients[client].session.expect("it was greeted");
        session
    }

    /// What is on its way to a client.
    pub(crate) fn wire(&mut self, client: usize) -> &mut VecDeque<Rc<Heard>> {
        let link = self.clients[client].link.as_ref().expect("it is connected");
        let connections = &mut self.workers[link.worker].around.connections;
        &mut connections.get_mut(&link.key).expect("it is there").wire
    }

    /// A message from another client.
    pub(crate) fn send_to(&mut self, session: SessionId) -> usize {
        let sender = self.clients[SENDER].session.map(|(session, _)| session);
        let number = self.attempt(To::Session(session), sender, PLAIN);
        self.say_publish(SENDER, number);
        self.settle();
        number
    }
}

pub(crate) const SENDER: usize = 0;
pub(crate) const RECEIVER: usize = 1;

/// How an attempt is made without anything special.
pub(crate) const PLAIN: u16 = 1 << 10 | 1;
