//! TLS between a blocking client and its stream.

use super::{ClientConfig, ConnectError};
use crate::tls::rustls::ClientConnection;
use crate::tls::server_name;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

/// The TLS of one stream, which every call is given.
pub(super) struct Secure(ClientConnection);

impl Secure {
    /// That of a connection to be, where its address asks for it.
    pub(super) fn wanted(config: &ClientConfig) -> Result<Option<Self>, ConnectError> {
        if !config.uri.is_secure() {
            return Ok(None);
        }
        let tls = config.tls.as_ref().ok_or(ConnectError::TlsMissing)?;
        let server = server_name(config.uri.host()).map_err(ConnectError::TlsConfig)?;
        let connection = ClientConnection::new(Arc::clone(tls.config()), server);
        Ok(Some(Self(connection.map_err(ConnectError::Tls)?)))
    }

    /// Whether the handshake is under way.
    pub(super) fn is_handshaking(&self) -> bool {
        self.0.is_handshaking()
    }

    /// Whether records wait to be written.
    pub(super) fn wants_write(&self) -> bool {
        self.0.wants_write()
    }

    /// Takes bytes to be encrypted, perhaps not all; says how many.
    pub(super) fn encrypt(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.writer().write(bytes)
    }

    /// Writes records, once.
    pub(super) fn write(&mut self, mut stream: impl Write) -> io::Result<()> {
        match self.0.write_tls(&mut stream) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            result => result.map(|_| ()),
        }
    }

    /// Gives what was decrypted, or else reads from the stream, once. `None`: that was not enough; call again.
    pub(super) fn read(
        &mut self,
        mut stream: impl Read + Write,
        bytes: &mut [u8],
    ) -> io::Result<Option<usize>> {
        match self.0.reader().read(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result.map(Some),
        }
        self.receive(&mut stream)?;
        if !self.is_handshaking() {
            // Keys that the server has changed are answered, if the stream takes it now.
            while self.wants_write() && self.write(&mut stream).is_ok() {}
        }
        Ok(None)
    }

    /// Reads from the stream, once, and decrypts what is whole.
    pub(super) fn receive(&mut self, mut stream: impl Read + Write) -> io::Result<()> {
        let size = self.0.read_tls(&mut stream)?;
        if let Err(error) = self.0.process_new_packets() {
            // The server is told why.
            while self.wants_write() && self.write(&mut stream).is_ok() {}
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        if size == 0 && self.is_handshaking() {
            let text = "the server ended the connection in the middle of the TLS handshake";
            return Err(io::Error::new(ErrorKind::UnexpectedEof, text));
        }
        Ok(())
    }

    /// Says that nothing follows.
    pub(super) fn end(&mut self) {
        self.0.send_close_notify();
    }
}
