//! Messages that have not left: known by their stamps, and made into frames as the socket takes them.

use crate::payload::Payloads;
use crate::stamp::Stamp;
use crate::stream::Stream;
use std::collections::VecDeque;
use std::io;

/// What waits to be sent on one connection.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    stamps: VecDeque<Stamp>,
    /// Bytes of the first one's frame that have left.
    left: usize,
}

/// Messages of one sender that follow one another and are due at the same time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) first: Stamp,
    pub(crate) count: usize,
}

impl Batch {
    #[inline]
    fn stamps(self) -> impl Iterator<Item = Stamp> {
        let Stamp { sender, sequence, due } = self.first;
        (0..self.count as u64).map(move |place| Stamp { sender, sequence: sequence + place, due })
    }
}

/// Whether all has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Done,
    Blocked,
}

impl Outgoing {
    #[inline]
    pub(crate) fn push(&mut self, batch: Batch) {
        self.stamps.extend(batch.stamps());
    }

    pub(crate) fn len(&self) -> usize {
        self.stamps.len()
    }

    /// Sends messages that follow one another, as much as the socket takes; the rest waits.
    #[inline]
    pub(crate) fn send(
        &mut self,
        batch: Batch,
        payloads: &Payloads,
        scratch: &mut Vec<u8>,
        stream: &mut Stream,
    ) -> io::Result<Sending> {
        let size = payloads.frame_size(&batch.first);
        if !self.stamps.is_empty() || size > COPIED_SIZE_MAX || size * batch.count > BATCH_SIZE_MAX
        {
            self.stamps.extend(batch.stamps());
            return self.flush(payloads, scratch, stream);
        }
        scratch.clear();
        batch.stamps().for_each(|stamp| payloads.append(&stamp, scratch));
        let sent = stream.send(scratch)?.unwrap_or(0);
        if sent == scratch.len() {
            return Ok(Sending::Done);
        }
        self.stamps.extend(batch.stamps());
        self.advance(sent, payloads);
        Ok(Sending::Blocked)
    }

    /// Whether part of a frame has left, so that nothing else may.
    #[inline]
    pub(crate) const fn is_inside_a_frame(&self) -> bool {
        self.left > 0
    }

    /// Takes out those of which nothing has left.
    pub(crate) fn take_unsent(&mut self) -> impl Iterator<Item = Stamp> + '_ {
        let begun = usize::from(self.left > 0);
        self.stamps.drain(begun..)
    }

    /// Sends as much as the socket takes. `scratch` is anybody's.
    pub(crate) fn flush(
        &mut self,
        payloads: &Payloads,
        scratch: &mut Vec<u8>,
        stream: &mut Stream,
    ) -> io::Result<Sending> {
        while let Some(first) = self.stamps.front() {
            scratch.clear();
            let (sent, whole) = if payloads.frame_size(first) > COPIED_SIZE_MAX {
                let (head, rest) = payloads.split(first, scratch);
                let whole = head + rest.len() - self.left;
                let skipped = self.left.saturating_sub(head);
                (stream.send_both(&scratch[self.left.min(head)..], &rest[skipped..])?, whole)
            } else {
                for stamp in &self.stamps {
                    if scratch.len() + payloads.frame_size(stamp) > BATCH_SIZE_MAX {
                        break;
                    }
                    payloads.append(stamp, scratch);
                }
                (stream.send(&scratch[self.left..])?, scratch.len() - self.left)
            };
            let sent = sent.unwrap_or(0);
            self.advance(sent, payloads);
            if sent < whole {
                return Ok(Sending::Blocked);
            }
        }
        Ok(Sending::Done)
    }

    #[inline]
    fn advance(&mut self, sent: usize, payloads: &Payloads) {
        self.left += sent;
        while let Some(first) = self.stamps.front() {
            let size = payloads.frame_size(first);
            if self.left < size {
                break;
            }
            self.left -= size;
            self.stamps.pop_front();
        }
    }
}

/// Up to this size frames are put together for one send; larger ones are sent from where they lie.
const COPIED_SIZE_MAX: usize = 16 * 1024;
const BATCH_SIZE_MAX: usize = 64 * 1024;

const _: () = assert!(COPIED_SIZE_MAX <= BATCH_SIZE_MAX);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{Framing, Kind};
    use socket2::SockRef;
    use std::io::Read;
    use std::net::TcpListener;
    use std::time::Duration;

    /// What arrives is what frame by frame would be sent, however little the socket takes at a time.
    #[test]
    fn frames_leave_whole_and_in_order_through_a_socket_that_is_often_full() -> io::Result<()> {
        for size in [20, 5000, COPIED_SIZE_MAX - 8, COPIED_SIZE_MAX + 1, 300_000] {
            let payloads = Payloads::new(Kind::Binary, size, &Framing::WebSocket);
            let (mut outgoing, mut expected) = (Outgoing::default(), Vec::new());
            for sequence in 0..1_500_000 / size as u64 {
                let stamp = Stamp { sender: 1, sequence, due: 9 };
                outgoing.push(Batch { first: stamp, count: 1 });
                payloads.append(&stamp, &mut expected);
            }
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let mut stream = Stream::connect(listener.local_addr()?, None)?;
            SockRef::from(&stream.fd()).set_send_buffer_size(50_000)?;
            let (mut server, _) = listener.accept()?;
            server.set_read_timeout(Some(Duration::from_millis(2)))?;
            let (mut got, mut scratch, mut blocked) = (Vec::new(), Vec::new(), 0);
            let mut buffer = vec![0; 100_000];
            for _ in 0..100_000 {
                if got.len() >= expected.len() {
                    break;
                }
                blocked += usize::from(
                    outgoing.flush(&payloads, &mut scratch, &mut stream)? == Sending::Blocked,
                );
                // What the kernel has taken back may let more in only a little later.
                let count = server.read(&mut buffer).unwrap_or(0);
                got.extend_from_slice(&buffer[..count]);
            }
            assert!(got == expected && outgoing.stamps.is_empty(), "{size}");
            assert!(blocked > 0, "{size}: the socket was never full");
        }
        Ok(())
    }
}
