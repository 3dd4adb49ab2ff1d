//! A client's end of a connection on the simulated network: plain, or with TLS by rustls' own buffered client.

use sockeye::driver::{Network, Peer, Stream};
#[cfg(feature = "tls")]
use sockeye::tls::rustls::{ClientConfig, ClientConnection};
use std::fmt;
#[cfg(feature = "tls")]
use std::io::{Read, Write};
#[cfg(feature = "tls")]
use std::sync::Arc;

pub(crate) struct Line {
    peer: Peer,
    #[cfg(feature = "tls")]
    tls: Option<Box<Tls>>,
}

#[cfg(feature = "tls")]
struct Tls {
    connection: ClientConnection,
    /// Records that the network has not taken.
    records: Vec<u8>,
    has_ended: bool,
    is_end_said: bool,
    /// It has heard something, so the server has ended the handshake too.
    has_heard: bool,
    /// The server has said that nothing follows.
    is_server_done: bool,
}

#[cfg_attr(
    not(feature = "tls"),
    expect(clippy::needless_pass_by_ref_mut, reason = "what changes is the state of TLS")
)]
impl Line {
    pub(crate) fn plain(network: &Network) -> Self {
        Self {
            peer: network.connect(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn secure(network: &Network, config: &Arc<ClientConfig>) -> Self {
        let name = "sim".try_into().expect("a name");
        let connection = ClientConnection::new(Arc::clone(config), name).expect("a configuration");
        let tls = Tls {
            connection,
            records: Vec::new(),
            has_ended: false,
            is_end_said: false,
            has_heard: false,
            is_server_done: false,
        };
        Self { peer: network.connect(), tls: Some(Box::new(tls)) }
    }

    /// Moves what TLS itself has to say, and what it hears in the handshake; `false` if that is nothing.
    pub(crate) fn pump(&mut self) -> bool {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.pump(&self.peer);
        }
        false
    }

    /// Writes what goes, and says how much that was.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return tls.write(&self.peer, bytes);
        }
        self.peer.write(bytes)
    }

    /// Reads at most so many bytes off the network, and appends what they say; `false`: there are none.
    pub(crate) fn read(&mut self, size_max: usize, incoming: &mut Vec<u8>) -> bool {
        let bytes = self.peer.read(size_max);
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            tls.receive(&bytes, incoming);
            return !bytes.is_empty();
        }
        incoming.extend_from_slice(&bytes);
        !bytes.is_empty()
    }

    /// Ends the stream, behind everything that was written.
    pub(crate) fn end(&mut self) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            tls.has_ended = true;
            tls.pump(&self.peer);
            return;
        }
        self.peer.end();
    }

    pub(crate) fn reset(&self) {
        self.peer.reset();
    }

    /// The server's stream, behind everything that was read.
    pub(crate) fn incoming(&self) -> Stream {
        let incoming = self.peer.incoming();
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls
            && incoming == Stream::Ended
        {
            // RFC 8446 6.1: without it nobody could tell the end from a cut.
            assert!(
                tls.is_server_done || !tls.has_heard,
                "a stream of TLS that ends without its alert"
            );
        }
        incoming
    }

    /// Bytes that the worker has not received.
    pub(crate) fn unreceived(&self) -> usize {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return self.peer.unreceived() + tls.records.len();
        }
        self.peer.unreceived()
    }
}

#[cfg(feature = "tls")]
impl Tls {
    fn pump(&mut self, peer: &Peer) -> bool {
        let mut has_moved = false;
        if self.connection.is_handshaking() {
            // Also for who does not read: without the handshake he would not even have asked.
            let (bytes, mut plaintext) = (peer.read(usize::MAX), Vec::new());
            self.receive(&bytes, &mut plaintext);
            assert!(plaintext.is_empty(), "it can say nothing before it was asked");
            has_moved = !bytes.is_empty();
        }
        let may_end = self.has_ended && !self.connection.is_handshaking();
        if may_end && !std::mem::replace(&mut self.is_end_said, true) {
            self.connection.send_close_notify();
        }
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.records).expect("a vector takes all");
        }
        let written = peer.write(&self.records);
        self.records.drain(..written);
        if may_end && self.records.is_empty() {
            peer.end();
        }
        has_moved || written > 0
    }

    fn write(&mut self, peer: &Peer, bytes: &[u8]) -> usize {
        self.pump(peer);
        if self.connection.is_handshaking() || !self.records.is_empty() || self.has_ended {
            return 0;
        }
        let size = bytes.len().min(RECORD_SIZE_MAX);
        let written = self.connection.writer().write(&bytes[..size]).expect("it takes some");
        self.pump(peer);
        written
    }

    fn receive(&mut self, mut rest: &[u8], plaintext: &mut Vec<u8>) {
        while !rest.is_empty() {
            if self.connection.read_tls(&mut rest).expect("a slice can be read") == 0 {
                assert!(self.is_server_done && rest.is_empty(), "more after the end");
            }
            let state = self.connection.process_new_packets().expect("the worker keeps the rules");
            self.is_server_done |= state.peer_has_closed();
            let start = plaintext.len();
            self.has_heard |= state.plaintext_bytes_to_read() > 0;
            plaintext.resize(start + state.plaintext_bytes_to_read(), 0);
            let _end = self.connection.reader().read_exact(&mut plaintext[start..]);
        }
    }
}

/// Above, what a worker receives at once would be more than the weather lets it.
#[cfg(feature = "tls")]
const RECORD_SIZE_MAX: usize = 2_000;

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            let stage = (tls.connection.is_handshaking(), tls.records.len(), tls.has_ended);
            return write!(f, "{:?} with TLS {stage:?}", self.peer);
        }
        self.peer.fmt(f)
    }
}
