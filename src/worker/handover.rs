//! Connections that go from one worker to another, before anything of their request was done: the handler of the first
//! has said whose it is ([`crate::handler::Reply::HandOff`]).

use super::flags::Flags;
use super::phases::{HandingOver, Phase};
use super::{Worker, WorkerId};
use crate::driver::{Driver, Token};
use crate::handler::Handler;
use crate::limits::HANDING_OVER_MAX;
use crate::protocol::http::{Response, Status};
#[cfg(feature = "tls")]
use crate::tls::Session;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::net::SocketAddr;
use std::time::Instant;

/// A connection between two workers.
#[derive(Debug)]
pub(crate) struct Handover<T> {
    transfer: T,
    /// The request's head, and what came after it.
    bytes: Vec<u8>,
    peer: SocketAddr,
    /// The request is a `HEAD`.
    is_head_only: bool,
    since: Instant,
    #[cfg(feature = "tls")]
    session: Option<Box<Session>>,
}

/// A worker's way to give connections to the others, and where theirs arrive.
#[derive(Debug)]
pub(crate) struct Handovers<T> {
    incoming: Receiver<Handover<T>>,
    outgoing: Vec<Sender<Handover<T>>>,
    /// Those for which there was no room where they go. The number of all that are under way is bounded, so this is.
    waiting: Vec<(WorkerId, Handover<T>)>,
}

/// What each of so many workers needs.
pub(crate) fn handovers<T>(workers: usize) -> Vec<Handovers<T>> {
    let (outgoing, incoming): (Vec<_>, Vec<_>) =
        (0..workers).map(|_| bounded(HANDING_OVER_MAX)).unzip();
    let handovers = incoming.into_iter().map(|incoming| Handovers {
        incoming,
        outgoing: outgoing.clone(),
        waiting: Vec::new(),
    });
    handovers.collect()
}

impl<T> Handovers<T> {
    /// Whether nothing is on its way, in either direction.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.incoming.is_empty()
    }

    /// Whether something did not get away, so that the worker must come back soon.
    pub(crate) const fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl<D: Driver, H: Handler> Worker<D, H> {
    /// The driver has given a connection up: it goes to its worker with the end of the tick.
    pub(super) fn handle_detached(&mut self, token: Token, transfer: D::Transfer) {
        let Some(connection) = self.core.connections.get_mut(token) else {
            return;
        };
        let is_doomed = connection.flags.has(Flags::DOOMED);
        if let Phase::HandingOver(_) = connection.phase
            && is_doomed
        {
            // That the transfer is dropped closes it.
            self.core.handing_over -= 1;
        } else if let Phase::HandingOver(handing_over) = &mut connection.phase {
            let bytes = std::mem::take(&mut handing_over.bytes);
            let since = self.core.now;
            let HandingOver { to, peer, is_head_only, .. } = **handing_over;
            let handover = Handover {
                transfer,
                bytes,
                peer,
                is_head_only,
                since,
                #[cfg(feature = "tls")]
                session: connection.secure.take().map(|secure| secure.into_session()),
            };
            self.handovers.waiting.push((to, handover));
        }
        self.free(token);
    }

    /// Posts connections to the workers that they go to. Where one is gone, or has not taken any for too long, the connection
    /// ends.
    pub(super) fn hand_over(&mut self) {
        if self.handovers.waiting.is_empty() {
            return;
        }
        for (to, handover) in std::mem::take(&mut self.handovers.waiting) {
            match self.handovers.outgoing[usize::from(to.0)].try_send(handover) {
                Err(TrySendError::Full(handover))
                    if self.core.now - handover.since < self.core.config.close_timeout =>
                {
                    self.handovers.waiting.push((to, handover));
                }
                Err(_) => self.core.handing_over -= 1,
                Ok(()) => {
                    self.core.handing_over -= 1;
                    self.core.outboxes.announce(to);
                }
            }
        }
    }

    /// Takes the connections that other workers hand over, and handles their requests.
    pub(super) fn take_over(&mut self) {
        for _ in 0..HANDING_OVER_MAX {
            let Ok(handover) = self.handovers.incoming.try_recv() else {
                return;
            };
            #[cfg(feature = "tls")]
            let session = handover.session;
            let Handover { transfer, bytes, peer, is_head_only, .. } = handover;
            let is_full = self.core.connections() >= self.core.config.connections_per_worker_max;
            let Some(token) = self.adopt(transfer, peer) else {
                continue;
            };
            #[cfg(feature = "tls")]
            if let Some(session) = session {
                self.core.secure(token.slot, session);
            }
            if is_full || self.core.is_shutting_down {
                let text = "the worker that this is for takes no more connections: try again\n";
                let response = Response::text(Status::SERVICE_UNAVAILABLE, text);
                self.core.refuse(token.slot, is_head_only, &response);
                continue;
            }
            if let Phase::Head(head) = &mut self.core.connections[token.slot].phase {
                head.was_handed_over = true;
            }
            let follow_up = self.core.handle_rest(&mut self.handler, token, bytes);
            self.after_receive(token, follow_up);
            #[cfg(feature = "tls")]
            self.core.end_secure(&mut self.handler, token);
        }
    }
}
