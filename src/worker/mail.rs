//! What becomes of mail that arrived, from this worker itself, from others and from other threads.

use super::Worker;
use super::mailbox::Envelope;
use crate::driver::Driver;
use crate::handler::{Handler, WorkerContext};
use crate::limits::MAILBOX_BATCHES_MAX;
use std::panic::{AssertUnwindSafe, catch_unwind};

impl<D: Driver, H: Handler> Worker<D, H> {
    pub(super) fn take_mail(&mut self) {
        for envelope in self.core.outboxes.take_own() {
            self.handle_mail(envelope);
        }
        if !self.mailbox.has_mail() {
            return;
        }
        // No more than a full mailbox: whoever posts as fast as it is taken must not keep the connections waiting.
        for _ in 0..MAILBOX_BATCHES_MAX {
            let Some(batch) = self.mailbox.next() else {
                return;
            };
            for envelope in batch {
                self.handle_mail(envelope);
            }
        }
        self.mailbox.leave_rest();
    }

    fn handle_mail(&mut self, envelope: Envelope<H::Mail>) {
        match envelope {
            Envelope::Mail(mail) => {
                let mut context = WorkerContext::new(&mut self.core);
                // There is no connection to close for a panic here; the panic hook has told of it.
                let _panic = catch_unwind(AssertUnwindSafe(|| {
                    self.handler.on_mail(&mut context, mail);
                }));
            }
            Envelope::Send(id, message) => self.core.send_to(id, &message, None),
            Envelope::Publish { topic, mark, message } => {
                self.core.deliver_prepared(&topic, mark, &message);
            }
            Envelope::Respond(id, response) => {
                if let Some(slot) = self.core.known_slot(id) {
                    let _replied_before = self.core.reply(slot, response.into());
                }
            }
            Envelope::Close(id, code, reason) => {
                if let Some(slot) = self.core.open_slot(id) {
                    let _already_closing = self.core.close(slot, code, &reason);
                }
            }
            Envelope::ShutDown { grace } => self.shut_down(grace),
        }
        // The next piece of mail may be about the same request.
        self.carry_out_replies();
    }
}
