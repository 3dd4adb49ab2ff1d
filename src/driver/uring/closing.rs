//! How a connection ends, here or altogether. Its slot is free when nothing of it is under way any more.

use super::kernel::Handle;
use super::sockets::{Extra, Phase};
use super::{Close, LastWord, Token, Told, Uring, UringTransfer};
use std::io;
use std::os::fd::OwnedFd;

impl Uring {
    pub(super) fn begin_close(&mut self, token: Token, close: Close) {
        let slot = token.slot;
        let socket = self.at(slot);
        if matches!(socket.phase, Phase::Open | Phase::Connecting) {
            socket.phase = Phase::Closing(close);
            self.stop_all(slot);
            self.settle(slot);
        }
    }

    /// The connection is broken.
    pub(super) fn fail(&mut self, slot: u32, error: io::Error) {
        if let Phase::Closing(_) = self.at(slot).phase {
            return;
        }
        self.extra(slot).fault = Some(error);
        self.at(slot).phase = Phase::Closing(Close::Linger);
        self.stop_all(slot);
        self.settle(slot);
    }

    pub(super) fn begin_detach(&mut self, token: Token) {
        let slot = token.slot;
        let has_fill = self.has_fill(slot);
        let socket = self.at(slot);
        debug_assert!(socket.phase != Phase::Connecting, "detach before it was there");
        debug_assert!(!socket.is_sending && !has_fill, "detach with work under way");
        if socket.phase == Phase::Open {
            socket.phase = Phase::Detaching;
            self.stop_all(slot);
            self.defer_kept(slot);
            self.settle(slot);
        }
    }

    /// Does what can be done only when nothing is under way, or receives again.
    pub(super) fn settle(&mut self, slot: u32) {
        let Some(Some(socket)) = self.sockets.get(slot as usize) else {
            // It has just failed.
            return;
        };
        let is_idle = socket.under_way == 0 && socket.deferred == 0;
        match socket.phase {
            Phase::Open => self.list(slot),
            Phase::Closing(close) if is_idle => self.finish(slot, close == Close::Reset, None),
            Phase::Detaching if is_idle => self.hand_out(slot),
            _ => {}
        }
    }

    /// The last word about a connection that is closed.
    fn finish(&mut self, slot: u32, is_reset: bool, fault: Option<io::Error>) {
        let token = self.token(slot);
        let Extra { fault: earlier, kept, .. } = self.take_extra(slot).unwrap_or_default();
        self.discard_kept(kept);
        let socket = self.sockets[slot as usize].take().expect("the caller has looked");
        self.kernel.close(socket.handle, is_reset);
        self.last_words.push_back(LastWord::Closed(token, fault.or(earlier)));
    }

    /// Gives the connection a descriptor, because a direct one is no other ring's.
    fn hand_out(&mut self, slot: u32) {
        let socket = self.at(slot);
        if let Handle::Direct(index) = socket.handle {
            socket.phase = Phase::Installing;
            socket.under_way += 1;
            self.kernel.install(slot, index);
            return;
        }
        let token = self.token(slot);
        let _nothing = self.take_extra(slot);
        let socket = self.sockets[slot as usize].take().expect("the caller has looked");
        if let Handle::Descriptor(descriptor) = socket.handle {
            let transfer = UringTransfer::from(descriptor);
            self.last_words.push_back(LastWord::Detached(token, transfer));
        }
    }

    pub(super) fn handle_installed(
        &mut self,
        slot: u32,
        result: io::Result<OwnedFd>,
    ) -> Option<Told> {
        self.at(slot).under_way -= 1;
        match result {
            Ok(descriptor) => {
                let direct =
                    std::mem::replace(&mut self.at(slot).handle, Handle::Descriptor(descriptor));
                self.kernel.close(direct, false);
                self.hand_out(slot);
            }
            Err(error) => self.finish(slot, false, Some(error)),
        }
        None
    }
}
