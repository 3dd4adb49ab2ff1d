//! How a worker comes to be: its parts are made in one thread, and put together in another.

use super::core::Core;
use super::handover::{Handovers, handovers};
use super::mailbox::{Address, Mailbox, Outboxes, mailbox};
use super::spinning::Spinning;
use super::{Clock, Remote, Worker, WorkerId};
use crate::config::Config;
use crate::driver::Driver;
use crate::handler::Handler;
use std::fmt;

/// What a worker is made of, before it is in its thread: handlers and connections never leave theirs.
pub struct WorkerParts<D: Driver, M> {
    id: WorkerId,
    driver: D,
    mailbox: Mailbox<M>,
    addresses: Vec<Address<M>>,
    handovers: Handovers<D::Transfer>,
}

impl<D: Driver, M> WorkerParts<D, M> {
    /// The parts of a server's workers, one for each driver, and a handle to all of them.
    #[must_use]
    pub fn new(drivers: Vec<D>) -> (Vec<Self>, Remote<M>) {
        let mailboxes = drivers.iter().map(|driver| mailbox(driver.waker()));
        let (addresses, mailboxes): (Vec<_>, Vec<_>) = mailboxes.unzip();
        let handovers = handovers(addresses.len());
        let parts = drivers.into_iter().zip(mailboxes).zip(handovers).enumerate();
        let parts = parts.map(|(index, ((driver, mailbox), handovers))| Self {
            id: WorkerId(index as u16),
            driver,
            mailbox,
            addresses: addresses.clone(),
            handovers,
        });
        (parts.collect(), Remote::new(addresses.clone()))
    }

    /// The number of the worker to be.
    #[must_use]
    pub const fn id(&self) -> WorkerId {
        self.id
    }

    /// Puts the worker together. Call this in the thread that will run it.
    ///
    /// # Panics
    ///
    /// When [`Config::check`] finds a fault.
    pub fn into_worker<H: Handler<Mail = M>>(
        self,
        handler: H,
        config: Config,
        clock: &impl Clock,
    ) -> Worker<D, H> {
        config.check().expect("the configuration is one that its check accepts");
        let now = clock.now();
        let outboxes = Outboxes::new(self.id, self.addresses);
        let spinning = Spinning::new(config.busy_poll, now);
        Worker {
            driver: self.driver,
            handler,
            core: Core::new(self.id, config, outboxes, now),
            mailbox: self.mailbox,
            handovers: self.handovers,
            spinning,
            accept_again_at: None,
            is_accepting: true,
            shut_down_by: None,
            fired: Vec::new(),
            lagged: Vec::new(),
            drained: Vec::new(),
            resumable: Vec::new(),
        }
    }
}

impl<D: Driver, M> fmt::Debug for WorkerParts<D, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerParts").field("id", &self.id).finish_non_exhaustive()
    }
}
