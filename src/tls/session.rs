//! One connection's TLS: records in, plaintext out, and the other way round. It knows no socket.

use super::records::{Found, RECORD_HEADER_SIZE, Unprocessed, Written, process, write};
use crate::buffer::SendQueue;
use crate::limits::{TLS_BATCH_SIZE, TLS_PARTIAL_SIZE_MAX};
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::EncryptError;
use rustls::{ClientConfig, Error, ServerConfig};
use std::fmt;
use std::io::IoSlice;
use std::sync::Arc;

/// The TLS of one connection.
///
/// [`Session::receive`] takes what arrived. After it, and after [`Session::end`], [`Session::take_output`] has what TLS
/// itself says. [`Session::encrypt`] takes plaintext once [`Session::is_ready`].
///
/// ```text
///   Fresh ──► Shaking ──► Ready ── a fault ──► Failed
///     └──────────┴──────── a fault ──────────────┘
/// ```
pub(crate) struct Session {
    side: Side,
    stage: Stage,
    /// What arrived of a record, or in a handshake of a message, that did not arrive whole.
    partial: Vec<u8>,
    /// What TLS itself has to say: handshakes, alerts, tickets.
    output: Vec<u8>,
    is_ended_by_peer: bool,
    has_ended: bool,
}

enum Side {
    Server(Box<UnbufferedServerConnection>),
    Client(Box<UnbufferedClientConnection>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A server: nothing has arrived.
    Fresh,
    /// The handshake is under way.
    Shaking,
    /// Plaintext can be sent.
    Ready,
    /// Nothing can be received or sent any more but the alert that says why.
    Failed,
}

/// What a peer did wrong.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It began with plaintext, which looks like HTTP.
    PlainHttp,
    /// It broke a rule of TLS, or its certificate is not trusted, or we and it have nothing in common. The alert is in
    /// the output.
    Tls(Error),
}

impl Session {
    pub(crate) fn server(config: Arc<ServerConfig>) -> Result<Self, Error> {
        let connection = UnbufferedServerConnection::new(config)?;
        Ok(Self::new(Side::Server(Box::new(connection)), Stage::Fresh))
    }

    /// The output has the beginning of the handshake.
    pub(crate) fn client(
        config: Arc<ClientConfig>,
        server: ServerName<'static>,
    ) -> Result<Self, Error> {
        let connection = UnbufferedClientConnection::new(config, server)?;
        let mut session = Self::new(Side::Client(Box::new(connection)), Stage::Shaking);
        session.process(&mut [], &mut Vec::new()).1?;
        Ok(session)
    }

    const fn new(side: Side, stage: Stage) -> Self {
        Self {
            side,
            stage,
            partial: Vec::new(),
            output: Vec::new(),
            is_ended_by_peer: false,
            has_ended: false,
        }
    }

    /// Takes what arrived, and appends the plaintext of all whole records to `plaintext`. The bytes are overwritten.
    ///
    /// After a fault all input is ignored.
    pub(crate) fn receive(
        &mut self,
        mut input: &mut [u8],
        plaintext: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        if self.stage == Stage::Fresh && input.first().is_some_and(u8::is_ascii_alphabetic) {
            self.stage = Stage::Failed;
            return Err(Fault::PlainHttp);
        }
        // Records are longer than what they say. Exactly, because whoever is given the memory may keep it.
        plaintext.reserve_exact(self.partial.len() + input.len());
        while !input.is_empty() && !self.is_deaf() {
            if self.partial.is_empty() {
                let (used, result) = self.process(input, plaintext);
                result.map_err(Fault::Tls)?;
                return self.keep(&input[used..]);
            }
            let (first, rest) = input.split_at_mut(self.missing().clamp(1, input.len()));
            self.keep(first)?;
            let mut partial = std::mem::take(&mut self.partial);
            let (used, result) = self.process(&mut partial, plaintext);
            result.map_err(Fault::Tls)?;
            if used < partial.len() {
                partial.drain(..used);
                self.partial = partial;
            }
            input = rest;
        }
        Ok(())
    }

    /// Whether what arrives means nothing any more.
    fn is_deaf(&self) -> bool {
        self.stage == Stage::Failed || self.is_ended_by_peer
    }

    /// How much of the record under way is missing; in a handshake everything that arrives may belong together.
    fn missing(&self) -> usize {
        match (self.stage, &*self.partial) {
            (Stage::Ready, [_, _, _, high, low, ..]) => {
                let size = usize::from(u16::from_be_bytes([*high, *low]));
                (RECORD_HEADER_SIZE + size).saturating_sub(self.partial.len())
            }
            (Stage::Ready, _) => RECORD_HEADER_SIZE - self.partial.len(),
            _ => usize::MAX,
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if self.partial.len() + bytes.len() > TLS_PARTIAL_SIZE_MAX {
            self.fail();
            return Err(Fault::Tls(Error::General("a message that is too large".to_owned())));
        }
        if !self.is_deaf() {
            self.partial.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn fail(&mut self) {
        self.stage = Stage::Failed;
        self.partial = Vec::new();
    }

    /// Processes all whole records, and says how many bytes that was.
    fn process(&mut self, input: &mut [u8], plaintext: &mut Vec<u8>) -> (usize, Result<(), Error>) {
        let mut found = Found { plaintext, output: &mut self.output, is_ended: false };
        let mut input = Unprocessed { bytes: input, used: 0 };
        let result = match &mut self.side {
            Side::Server(connection) => process(&mut **connection, &mut input, &mut found),
            Side::Client(connection) => process(&mut **connection, &mut input, &mut found),
        };
        let used = input.used;
        self.is_ended_by_peer |= found.is_ended;
        match result {
            Ok(true) => self.stage = Stage::Ready,
            Ok(false) if self.stage == Stage::Fresh => self.stage = Stage::Shaking,
            Ok(false) => {}
            Err(error) => {
                self.fail();
                return (used, Err(error));
            }
        }
        (used, Ok(()))
    }

    /// Whether plaintext can be encrypted now.
    pub(crate) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready && !self.has_ended
    }

    /// Whether plaintext can never be encrypted any more.
    pub(crate) fn is_mute(&self) -> bool {
        self.stage == Stage::Failed || self.has_ended
    }

    /// Whether the peer has said that it sends no more.
    pub(crate) const fn is_ended_by_peer(&self) -> bool {
        self.is_ended_by_peer
    }

    /// Whether a record has arrived in part.
    pub(crate) const fn is_receiving(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Encrypts the first bytes of a queue, a batch at most, behind what `records` has. `scratch` is memory for those that
    /// lie in pieces.
    pub(crate) fn encrypt(
        &mut self,
        queue: &mut SendQueue,
        scratch: &mut Vec<u8>,
        records: &mut SendQueue,
    ) -> Result<(), EncryptError> {
        let size = queue.bytes().min(TLS_BATCH_SIZE);
        let front = queue.front();
        let batch = if front.len() >= size { &front[..size] } else { gather(queue, size, scratch) };
        let size = batch.len();
        records.append(|output| self.write(Written::Batch(batch), output))?;
        queue.advance(size);
        Ok(())
    }

    /// Says that nothing more will be sent, if that can be said. It is in the output then.
    pub(crate) fn end(&mut self) {
        if self.is_ready() {
            let mut output = std::mem::take(&mut self.output);
            // Who could not say it ends without it.
            let _unsaid = self.write(Written::End, &mut output);
            self.output = output;
            self.has_ended = true;
        }
    }

    fn write(&mut self, written: Written<'_>, output: &mut Vec<u8>) -> Result<(), EncryptError> {
        let mut partial = Unprocessed { bytes: &mut self.partial, used: 0 };
        let result = match &mut self.side {
            Side::Server(connection) => write(&mut **connection, &mut partial, written, output),
            Side::Client(connection) => write(&mut **connection, &mut partial, written, output),
        };
        let used = partial.used;
        self.partial.drain(..used);
        result
    }

    /// Whether TLS itself has something to say.
    pub(crate) const fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Gives what TLS itself has to say, which must leave before what is encrypted later.
    pub(crate) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Bytes that are kept: none while the connection is idle.
    pub(crate) const fn kept_bytes(&self) -> usize {
        self.partial.capacity() + self.output.capacity()
    }

    /// The certificates that the peer has shown, its own first, where it had to.
    pub(crate) fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        match &self.side {
            Side::Server(connection) => connection.peer_certificates(),
            Side::Client(connection) => connection.peer_certificates(),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("stage", &self.stage)
            .field("partial", &self.partial.len())
            .field("output", &self.output.len())
            .finish_non_exhaustive()
    }
}

/// The first `size` bytes of a queue that lies in pieces, copied together; fewer where the pieces are many.
#[inline(never)]
fn gather<'s>(queue: &SendQueue, size: usize, scratch: &'s mut Vec<u8>) -> &'s [u8] {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let count = queue.slices(&mut slices);
    scratch.clear();
    for slice in &slices[..count] {
        let room = size - scratch.len();
        scratch.extend_from_slice(&slice[..slice.len().min(room)]);
    }
    scratch
}

/// Pieces of a queue that are looked at for one batch.
const SLICES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Batch;
    use std::rc::Rc;

    #[test]
    fn a_batch_of_pieces_ends_where_it_is_full() {
        let batch = Rc::new(Batch::default());
        let mut queue = SendQueue::default();
        queue.append(|out| out.extend_from_slice(b"own "));
        queue.push_shared(&batch, 0..6);
        queue.append(|out| out.extend_from_slice(b" own again"));
        batch.seal(b"shared".to_vec());
        let mut scratch = b"what was there before".to_vec();
        assert_eq!(gather(&queue, 7, &mut scratch), b"own sha");
        assert_eq!(gather(&queue, queue.bytes(), &mut scratch), b"own shared own again");
    }
}
