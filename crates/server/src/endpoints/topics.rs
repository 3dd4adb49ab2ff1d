//! The topics of `/topic/NAME`: what one client sends, all others on that name receive.

use super::Endpoints;
use sockeye::Context;
use std::collections::HashSet;
use std::rc::Rc;

/// A topic's name, as one pointer.
pub(super) type Name = Rc<Box<str>>;

/// The names of the topics that are connected to, each once: a connection has a pointer to one.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Name>);

impl Names {
    /// `None`: it can be no name.
    pub(super) fn check(name: &str) -> Option<Name> {
        (1..=NAME_SIZE_MAX).contains(&name.len()).then(|| Rc::new(name.into()))
    }

    /// Makes a connection that has a name a subscriber.
    pub(super) fn join(&mut self, connection: &mut Context<'_, Endpoints>) {
        let Some(own) = connection.state().topic() else {
            return;
        };
        if let Some(known) = self.0.get(own) {
            *own = Rc::clone(known);
        }
        let name = Rc::clone(own);
        connection.subscribe_up_to(&**name, LAG_BYTES);
        self.0.insert(name);
    }

    /// A connection that had this name is gone.
    pub(super) fn leave(&mut self, name: &Name) {
        if Rc::strong_count(name) == 2 {
            // It is the last one with this name.
            self.0.remove(name);
        }
    }
}

const NAME_SIZE_MAX: usize = 255;

pub(super) const NAME_EXPECTED: &str = "expected /topic/NAME with a name of 1 to 255 bytes\n";

/// What may wait for a subscriber before it is closed with 1013. Without a history to resume from, being behind means being
/// closed: a burst must not be enough for that.
const LAG_BYTES: usize = 1024 * 1024;
