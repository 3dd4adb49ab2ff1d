//! A stream with deadlines, as far as it has controls for them.

#[cfg(feature = "tls")]
use super::ConnectError;
use super::clock::Deadline;
#[cfg(feature = "tls")]
use super::secure::Secure;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// What can be done with a stream besides reading and writing; `None` for the time lifts a limit.
///
/// For a stream of TLS over TCP these functions reach through to the socket inside. Without controls a deadline is
/// looked at whenever the stream returns from a read, so a stream that never returns is waited for.
#[expect(clippy::exhaustive_structs, reason = "a user writes one for a stream of his own")]
pub struct Controls<S> {
    /// Limits how long a read waits; then it fails with [`ErrorKind::WouldBlock`] or [`ErrorKind::TimedOut`].
    pub set_read_timeout: fn(&S, Option<Duration>) -> io::Result<()>,
    /// Limits how long a write waits.
    pub set_write_timeout: fn(&S, Option<Duration>) -> io::Result<()>,
    /// Tells the server that nothing more will be written, while reading goes on.
    pub shutdown_write: fn(&S) -> io::Result<()>,
}

impl Controls<TcpStream> {
    /// Those of a TCP stream.
    #[must_use]
    pub const fn tcp() -> Self {
        Self {
            set_read_timeout: TcpStream::set_read_timeout,
            set_write_timeout: TcpStream::set_write_timeout,
            shutdown_write: |stream| stream.shutdown(Shutdown::Write),
        }
    }
}

impl<S> Clone for Controls<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Controls<S> {}

impl<S> fmt::Debug for Controls<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls").finish_non_exhaustive()
    }
}

pub(super) struct Wire<S> {
    pub(super) stream: S,
    controls: Option<Controls<S>>,
    #[cfg(feature = "tls")]
    secure: Option<Box<Secure>>,
}

impl<S: Read + Write> Wire<S> {
    pub(super) const fn new(stream: S, controls: Option<Controls<S>>) -> Self {
        Self {
            stream,
            controls,
            #[cfg(feature = "tls")]
            secure: None,
        }
    }

    /// Does the handshake of TLS.
    #[cfg(feature = "tls")]
    pub(super) fn begin_tls(
        &mut self,
        secure: Secure,
        deadline: Deadline,
    ) -> Result<(), ConnectError> {
        let secure = self.secure.insert(Box::new(secure));
        while secure.is_handshaking() || secure.wants_write() {
            let left = deadline.left().ok_or_else(deadline_error)?;
            if let Some(controls) = &self.controls {
                (controls.set_read_timeout)(&self.stream, Some(left))?;
                (controls.set_write_timeout)(&self.stream, Some(left))?;
            }
            let result = match secure.wants_write() {
                true => secure.write(&mut self.stream),
                false => secure.receive(&mut self.stream),
            };
            match result {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(deadline_error().into()),
                Err(error) => return Err(error.into()),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    pub(super) const fn has_controls(&self) -> bool {
        self.controls.is_some()
    }

    /// Limits what [`Wire::read`] and [`Wire::write`] wait for.
    pub(super) fn set_timeouts(
        &self,
        read: Option<Duration>,
        write: Option<Duration>,
    ) -> io::Result<()> {
        let Some(controls) = &self.controls else {
            return Ok(());
        };
        (controls.set_read_timeout)(&self.stream, read)?;
        (controls.set_write_timeout)(&self.stream, write)
    }

    /// Reads once. Nothing read is the end of the stream.
    pub(super) fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.read_some(bytes) {
                Ok(Some(size)) => return Ok(size),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
    }

    /// Reads once from the stream. `None`: what was read says nothing yet.
    fn read_some(&mut self, bytes: &mut [u8]) -> io::Result<Option<usize>> {
        #[cfg(feature = "tls")]
        if let Some(secure) = &mut self.secure {
            return secure.read(&mut self.stream, bytes);
        }
        self.stream.read(bytes).map(Some)
    }

    /// Appends this many bytes, or fewer when the stream ends or fails; those that came before are appended then.
    pub(super) fn read_many(&mut self, bytes: &mut Vec<u8>, size: usize) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if self.secure.is_some() {
            return self.read_many_over_tls(bytes, size);
        }
        // Where the stream can, this reads into memory that nobody had to clear.
        (&mut self.stream).take(size as u64).read_to_end(bytes).map(|_| ())
    }

    #[cfg(feature = "tls")]
    fn read_many_over_tls(&mut self, bytes: &mut Vec<u8>, size: usize) -> io::Result<()> {
        let mut start = bytes.len();
        let end = start + size;
        bytes.resize(end, 0);
        let mut result = Ok(1);
        while start < end && matches!(result, Ok(1..)) {
            result = self.read(&mut bytes[start..]);
            start += result.as_ref().unwrap_or(&0);
        }
        bytes.truncate(start);
        result.map(|_| ())
    }

    /// Reads once, before the deadline.
    pub(super) fn read_before(
        &mut self,
        deadline: Deadline,
        bytes: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            let left = deadline.left().ok_or_else(deadline_error)?;
            if let Some(controls) = &self.controls {
                (controls.set_read_timeout)(&self.stream, Some(left))?;
            }
            match self.read_some(bytes) {
                Ok(Some(size)) => return Ok(size),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
    }

    /// Writes all of it, or fails: then some of it may have been written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if self.secure.is_some() {
            return self.write_over_tls(None, bytes).map_err(name_timeout);
        }
        let result = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
        result.map_err(name_timeout)
    }

    /// Encrypts all of it and writes it, before the deadline if there is one.
    #[cfg(feature = "tls")]
    fn write_over_tls(&mut self, deadline: Option<Deadline>, mut rest: &[u8]) -> io::Result<()> {
        let Some(secure) = &mut self.secure else {
            return Ok(());
        };
        loop {
            if secure.wants_write() {
                if let (Some(deadline), Some(controls)) = (deadline, &self.controls) {
                    let left = deadline.left().ok_or_else(deadline_error)?;
                    (controls.set_write_timeout)(&self.stream, Some(left))?;
                }
                match secure.write(&mut self.stream) {
                    Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                    _ => {}
                }
            } else if rest.is_empty() {
                return self.stream.flush();
            } else {
                rest = &rest[secure.encrypt(rest)?..];
            }
        }
    }

    /// Writes all of it before the deadline. A server that takes a byte now and then does not move it.
    pub(super) fn write_before(&mut self, deadline: Deadline, bytes: &[u8]) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if self.secure.is_some() {
            return self.write_over_tls(Some(deadline), bytes).map_err(name_timeout);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let left = deadline.left().ok_or_else(deadline_error)?;
            if let Some(controls) = &self.controls {
                (controls.set_write_timeout)(&self.stream, Some(left))?;
            }
            match self.stream.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(size) => rest = &rest[size..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(name_timeout(error)),
            }
        }
        self.stream.flush().map_err(name_timeout)
    }

    /// Ends our direction of the stream, where it has controls.
    #[cfg_attr(
        not(feature = "tls"),
        expect(clippy::needless_pass_by_ref_mut, reason = "TLS has something to write")
    )]
    pub(super) fn shutdown_write(&mut self) {
        #[cfg(feature = "tls")]
        if let Some(secure) = &mut self.secure {
            // What is said as the last is nothing to wait for.
            secure.end();
            while secure.wants_write() && secure.write(&mut self.stream).is_ok() {}
        }
        if let Some(controls) = &self.controls {
            // The stream may have failed, and then has ended anyway.
            let _ended_already = (controls.shutdown_write)(&self.stream);
        }
    }
}

/// What a socket says when its time is up would read as if it never waited.
fn name_timeout(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => {
            io::Error::new(ErrorKind::TimedOut, "the server does not take what is sent")
        }
        _ => error,
    }
}

pub(super) fn deadline_error() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the server did not answer in time")
}

/// Whether a read has only taken too long.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
