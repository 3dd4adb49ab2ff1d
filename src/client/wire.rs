//! A stream with deadlines, as far as it has controls for them.

use super::clock::Deadline;
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
}

impl<S: Read + Write> Wire<S> {
    pub(super) const fn new(stream: S, controls: Option<Controls<S>>) -> Self {
        Self { stream, controls }
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
            match self.stream.read(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Appends this many bytes, or fewer when the stream ends or fails; those that came before are appended then.
    pub(super) fn read_many(&mut self, bytes: &mut Vec<u8>, size: usize) -> io::Result<()> {
        // Where the stream can, this reads into memory that nobody had to clear.
        (&mut self.stream).take(size as u64).read_to_end(bytes).map(|_| ())
    }

    /// Reads once, before the deadline.
    pub(super) fn read_before(
        &mut self,
        deadline: Deadline,
        bytes: &mut [u8],
    ) -> io::Result<usize> {
        let left = deadline.left().ok_or_else(deadline_error)?;
        if let Some(controls) = &self.controls {
            (controls.set_read_timeout)(&self.stream, Some(left))?;
        }
        self.read(bytes)
    }

    /// Writes all of it, or fails: then some of it may have been written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let result = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
        result.map_err(name_timeout)
    }

    /// Writes all of it before the deadline. A server that takes a byte now and then does not move it.
    pub(super) fn write_before(&mut self, deadline: Deadline, bytes: &[u8]) -> io::Result<()> {
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
    pub(super) fn shutdown_write(&self) {
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
