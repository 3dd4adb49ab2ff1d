//! When what has arrived is told: at once, with a later poll because more may not be told in this one, or when its connection
//! goes on; or into the buffer of its message.

use super::kernel::Piece;
use super::sockets::{News, Phase};
use super::{Completion, Token, Told, Uring};
use crate::buffer::MessageBuffer;
use std::collections::VecDeque;

/// What is lent until the next completion is asked for.
#[derive(Debug)]
pub(super) enum Loan {
    None,
    Piece(Piece),
    Kept(Vec<u8>),
}

impl Uring {
    /// What was kept is told with the next poll.
    pub(super) fn defer_kept(&mut self, slot: u32) {
        if !self.has_extra(slot) {
            return;
        }
        for news in std::mem::take(&mut self.extra(slot).kept) {
            self.defer(slot, news);
        }
        self.drop_extra_if_empty(slot);
    }

    /// What arrived before its buffer was known is copied there, all at once, and told with the next poll.
    pub(super) fn fill_from_deferred(&mut self, slot: u32, mut buffer: MessageBuffer) {
        let (mut index, mut size, mut first) = (0, 0, None);
        while index < self.deferred.len() && buffer.missing() > 0 {
            let (of, news) = &mut self.deferred[index];
            if *of != slot {
                index += 1;
                continue;
            }
            let left = match news {
                News::Bytes(piece) => {
                    let copied = buffer.receive_copy(piece.bytes());
                    size += copied;
                    piece.skip(copied);
                    piece.size()
                }
                News::Kept(bytes) => {
                    let copied = buffer.receive_copy(bytes);
                    size += copied;
                    bytes.drain(..copied);
                    bytes.len()
                }
                // What is behind it is not this buffer's.
                _ => break,
            };
            first = first.or(Some(index));
            if left > 0 {
                break;
            }
            if let Some((_, copied)) = self.deferred.remove(index) {
                self.discard(copied);
            }
            self.due -= usize::from(index < self.due);
            self.at(slot).deferred -= 1;
        }
        let Some(first) = first else {
            // The end comes next.
            self.extra(slot).fill = Some(buffer);
            return;
        };
        self.deferred.insert(first, (slot, News::Filled(buffer, size)));
        self.due += usize::from(first < self.due);
        self.at(slot).deferred += 1;
    }

    pub(super) fn ended(&mut self, slot: u32) -> Option<Told> {
        if std::mem::replace(&mut self.at(slot).is_ended, true) {
            return None;
        }
        self.arrived(slot, News::End)
    }

    /// Something has arrived: it is told now, or later, or not at all.
    pub(super) fn arrived(&mut self, slot: u32, news: News) -> Option<Told> {
        let polls = self.polls;
        let socket = self.at(slot);
        if socket.deferred > 0 || (news.is_bytes() && socket.lent_in == polls) {
            self.defer(slot, news);
            return None;
        }
        self.tell(slot, news)
    }

    fn defer(&mut self, slot: u32, news: News) {
        let socket = self.at(slot);
        socket.deferred += 1;
        let is_much = socket.deferred >= DEFERRED_MAX;
        self.deferred.push_back((slot, news));
        if is_much {
            // It begins again when nothing of it waits.
            self.stop_receive(slot);
        }
    }

    /// The next of those that waited for this poll.
    pub(super) fn next_deferred(&mut self) -> Option<Told> {
        while self.due > 0 {
            self.due -= 1;
            let (slot, news) = self.deferred.pop_front()?;
            let polls = self.polls;
            let socket = self.at(slot);
            socket.deferred -= 1;
            // Whatever was put off in this poll goes before its end.
            if socket.lent_in == polls && (news.is_bytes() || socket.deferred > 0) {
                self.defer(slot, news);
                continue;
            }
            let told = self.tell(slot, news);
            self.settle(slot);
            if told.is_some() {
                return told;
            }
        }
        None
    }

    fn tell(&mut self, slot: u32, news: News) -> Option<Told> {
        let polls = self.polls;
        let socket = self.at(slot);
        match socket.phase {
            Phase::Closing(_) => {
                self.discard(news);
                return None;
            }
            Phase::Open if socket.is_paused => {
                self.keep(slot, news);
                return None;
            }
            _ => {}
        }
        let token = Token { slot, generation: socket.generation };
        match news {
            News::End if socket.phase == Phase::Detaching => None,
            News::End => {
                // What becomes of the connection behind the end is an event and nothing that could be received.
                socket.under_way += 1;
                let socket = self.sockets[slot as usize].as_ref().expect("it was there just now");
                self.kernel.poll_failed(slot, &socket.handle);
                Some(Told::Completion(Completion::EndOfStream(token)))
            }
            News::Fault(error) => {
                self.fail(slot, error);
                None
            }
            News::Filled(buffer, size) => {
                socket.lent_in = polls;
                self.list(slot);
                Some(Told::Completion(Completion::Filled(token, buffer, size)))
            }
            bytes => {
                socket.lent_in = polls;
                if self.has_fill(slot) {
                    return Some(self.copy_into_fill(token, bytes));
                }
                let loan = match bytes {
                    News::Bytes(piece) => Loan::Piece(piece),
                    News::Kept(bytes) => Loan::Kept(bytes),
                    _ => unreachable!("those were told"),
                };
                Some(Told::Received(token, loan))
            }
        }
    }

    /// What arrived before the buffer was known, or is not worth an operation, is copied.
    fn copy_into_fill(&mut self, token: Token, mut news: News) -> Told {
        let mut buffer = self.extra(token.slot).fill.take().expect("the caller has looked");
        let (size, left) = match &mut news {
            News::Bytes(piece) => {
                let size = buffer.receive_copy(piece.bytes());
                piece.skip(size);
                (size, piece.size())
            }
            News::Kept(bytes) => {
                let size = buffer.receive_copy(bytes);
                bytes.drain(..size);
                (size, bytes.len())
            }
            _ => unreachable!("only bytes fill"),
        };
        if left > 0 {
            // Before what else waits of this socket.
            self.at(token.slot).deferred += 1;
            self.deferred.push_front((token.slot, news));
            self.due += 1;
        } else {
            self.discard(news);
        }
        self.list(token.slot);
        Told::Completion(Completion::Filled(token, buffer, size))
    }

    fn keep(&mut self, slot: u32, news: News) {
        let news = match news {
            News::Bytes(piece) => {
                let bytes = piece.bytes().to_vec();
                self.kernel.give_back(piece);
                News::Kept(bytes)
            }
            other => other,
        };
        self.extra(slot).kept.push_back(news);
    }

    /// Forgets what was kept for a paused connection.
    pub(super) fn discard_kept(&mut self, kept: VecDeque<News>) {
        kept.into_iter().for_each(|news| self.discard(news));
    }

    fn discard(&mut self, news: News) {
        if let News::Bytes(piece) = news {
            self.kernel.give_back(piece);
        }
    }

    /// The worker is through with what it was lent.
    pub(super) fn end_loan(&mut self) {
        if let Loan::Piece(piece) = std::mem::replace(&mut self.loan, Loan::None) {
            self.kernel.give_back(piece);
        }
    }
}

/// What may wait of one socket before it receives no more.
const DEFERRED_MAX: u32 = 4;

impl News {
    const fn is_bytes(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Kept(_) | Self::Filled(..))
    }
}
