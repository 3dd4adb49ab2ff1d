//! Shutting down: everybody is told, everybody has the grace to go, nobody stays.

use super::Worker;
use super::connecting::shutting_down;
use super::phases::Phase;
use super::replies::SHUTS_DOWN;
use crate::driver::Driver;
use crate::handler::Handler;
use crate::limits::TIMEOUT_MAX;
use crate::protocol::CloseCode;
use std::time::Duration;

impl<D: Driver, H: Handler> Worker<D, H> {
    /// Stops accepting and tells everybody to go; whoever is still there after `grace`, or after [`TIMEOUT_MAX`], is reset.
    /// Said again, it can only shorten the grace.
    pub fn shut_down(&mut self, grace: Duration) {
        let by = self.core.now + grace.min(TIMEOUT_MAX);
        if let Some(earlier) = self.shut_down_by {
            self.shut_down_by = Some(earlier.min(by));
            return;
        }
        self.shut_down_by = Some(by);
        self.core.is_shutting_down = true;
        self.accept_again_at = None;
        self.is_accepting = false;
        self.driver.end_accepting();
        self.dial();
        // The grace is what everybody has to say good-bye, also who would have less at another time.
        self.core.close_frame_timeout = self.core.close_frame_timeout.max(by - self.core.now);
        for token in self.core.connections.tokens() {
            match self.core.connections[token.slot].phase {
                Phase::Open(_) | Phase::Streaming(_) => {
                    let _closing = self.core.close(token.slot, CloseCode::GOING_AWAY, SHUTS_DOWN);
                }
                Phase::Head(_) | Phase::Discarding(_) => self.core.leave(token.slot),
                Phase::Connecting(_) => {
                    self.core.give_up(&mut self.handler, token.slot, &shutting_down());
                }
                // It is answered, or handed over to one that shuts down too.
                Phase::Exchange(_) | Phase::HandingOver(_) => {}
                Phase::Ending | Phase::Closed => {}
            }
        }
    }

    /// The grace is over: whoever is still there is reset.
    pub(super) fn end_grace(&mut self) {
        // In an hour there is nobody left to look for.
        self.shut_down_by = Some(self.core.now + Duration::from_secs(60 * 60));
        for token in self.core.connections.tokens() {
            self.core.doom(token.slot);
        }
    }
}
