//! The opening handshakes: with the proxy, if there is one, then with the server.

use super::clock::Deadline;
#[cfg(feature = "tls")]
use super::secure::Secure;
use super::wire::{Wire, deadline_error, is_timeout};
use super::{ClientConfig, ConnectError};
use crate::limits::RECEIVE_SIZE;
use crate::protocol::{Connection, Role};
use crate::random::mask_key;
use std::io::{self, ErrorKind, Read, Write};

/// A stream on its way to being a WebSocket.
pub(super) struct Opening<S> {
    pub(super) wire: Wire<S>,
    deadline: Deadline,
    /// The buffer of the connection to be.
    pub(super) input: Box<[u8]>,
    /// Bytes of it that have arrived and belong to the handshake under way, or follow it.
    pub(super) received: usize,
}

impl<S: Read + Write> Opening<S> {
    pub(super) fn new(wire: Wire<S>, config: &ClientConfig) -> Self {
        let deadline = Deadline::after(config.handshake_timeout);
        let input = vec![0; RECEIVE_SIZE].into_boxed_slice();
        Self { wire, deadline, input, received: 0 }
    }

    /// Asks the proxy for a tunnel, where there is a proxy.
    pub(super) fn pass_proxy(&mut self, config: &ClientConfig) -> Result<(), ConnectError> {
        let Some(proxy) = &config.proxy else {
            return Ok(());
        };
        let mut tunnel = proxy.tunnel(&config.uri)?;
        let mut request = Vec::new();
        tunnel.encode_request(&mut request);
        self.exchange(&request, |input| Ok(tunnel.handle_response(input)?))
    }

    /// Does the handshake of TLS; from then on everything is encrypted.
    #[cfg(feature = "tls")]
    pub(super) fn begin_tls(&mut self, secure: Secure) -> Result<(), ConnectError> {
        if self.received > 0 {
            // It must not be taken for what will be said over TLS.
            let text = "something arrived before TLS had begun";
            return Err(ConnectError::Io(io::Error::new(ErrorKind::InvalidData, text)));
        }
        self.wire.begin_tls(secure, self.deadline)
    }

    /// Opens the WebSocket, and says which subprotocol the server chose, and what is spoken from now on.
    pub(super) fn upgrade(
        &mut self,
        config: &ClientConfig,
    ) -> Result<(Option<String>, Connection), ConnectError> {
        let mut handshake = config.client_handshake()?;
        let mut request = Vec::new();
        handshake.encode_request(&mut request);
        let mut subprotocol = None;
        let new = || Connection::new(Role::Client { mask_key }, config.message_bytes_max);
        #[cfg_attr(not(feature = "deflate"), expect(unused_mut, reason = "nothing is agreed on"))]
        let mut connection = None;
        self.exchange(&request, |input| {
            let Some(accepted) = handshake.handle_response(input)? else {
                return Ok(None);
            };
            subprotocol = accepted.subprotocol().map(str::to_owned);
            #[cfg(feature = "deflate")]
            if let Some(agreement) = config.deflate.check_answer(accepted.extensions())? {
                connection = Some(new().with_deflate(&agreement, &config.deflate));
            }
            Ok(Some(accepted.size()))
        })?;
        Ok((subprotocol, connection.unwrap_or_else(new)))
    }

    /// Sends a request and reads up to the end of its answer, of which `judge` knows the size. What came behind it is
    /// kept, as the beginning of what follows.
    fn exchange(
        &mut self,
        request: &[u8],
        mut judge: impl FnMut(&[u8]) -> Result<Option<usize>, ConnectError>,
    ) -> Result<(), ConnectError> {
        self.wire.write_before(self.deadline, request)?;
        loop {
            if let Some(size) = judge(&self.input[..self.received])? {
                self.input.copy_within(size..self.received, 0);
                self.received -= size;
                return Ok(());
            }
            let room = &mut self.input[self.received..];
            assert!(
                !room.is_empty(),
                "a head over its limit is an error, and the buffer holds more"
            );
            match self.wire.read_before(self.deadline, room) {
                Ok(0) => return Err(ConnectError::Io(end_of_stream(self.received))),
                Ok(size) => self.received += size,
                Err(error) if is_timeout(&error) => return Err(ConnectError::Io(deadline_error())),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn end_of_stream(received: usize) -> io::Error {
    io::Error::new(
        ErrorKind::UnexpectedEof,
        match received {
            0 => "the server ended the connection without an answer to the opening handshake",
            _ => {
                "the server ended the connection in the middle of its answer to the opening handshake"
            }
        },
    )
}
