//! What an embedder may choose. Every field has a default, from `limits.rs`.

use crate::limits;
#[cfg(feature = "deflate")]
use crate::protocol::deflate::{DeflateConfig, DeflateMode};
#[cfg(feature = "tls")]
use crate::tls::TlsServer;
use std::fmt;
use std::time::Duration;

/// Limits and times of a [`crate::Server`].
///
/// ```
/// let mut config = sockeye::Config::default();
/// config.workers = 2;
/// config.message_bytes_max = 64 * 1024;
/// assert_eq!(config.check(), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Threads that serve connections. Default: one per processor that this process may use.
    pub workers: usize,
    /// What moves bytes, where [`crate::Server::start`] or [`crate::Server::run`] serves. Default: [`DriverKind::Auto`].
    pub driver: DriverKind,
    /// Connections per worker; more wait in the kernel's backlog. Default: 1,000,000.
    pub connections_per_worker_max: usize,
    /// Bytes of the largest message taken; a larger one, and any of 4 GiB, closes its connection with 1009. Default: 1 MiB.
    pub message_bytes_max: usize,
    /// Bytes of the largest body of a request taken; a larger one is answered with 413. Default: 1 MiB.
    pub body_bytes_max: usize,
    /// Bytes that may wait to be sent on one connection, at least twice `message_bytes_max`. What a handler queues in one
    /// call counts, also for a peer that reads fast: nothing leaves before the call has returned. Default: 4 MiB.
    pub send_queue_bytes_max: usize,
    /// Whether messages are compressed, and with which memory. Default: off.
    #[cfg(feature = "deflate")]
    pub deflate: DeflateConfig,
    /// What happens when a send would exceed that. Default: [`WhenFull::Close`].
    pub when_full: WhenFull,
    /// Bytes queued on a connection by the messages of one read after which it is flushed before the next of them is
    /// handled; never more than `send_queue_bytes_max`. Default: 256 KiB.
    pub cork_bytes: usize,
    /// Bytes that could not leave past which a subscriber is behind and gets no more publications. Default: 64 KiB.
    pub lag_bytes: usize,
    /// Bytes that could not leave past which no more is read from a connection; never more than `send_queue_bytes_max`.
    /// Default: 256 KiB.
    pub read_pause_bytes: usize,
    /// For a request head to arrive, from when the connection was accepted; then 408. With TLS its handshake is part of that
    /// time, and who does not end it gets no answer. Default: 10 s.
    pub handshake_timeout: Duration,
    /// For the next request to begin on a connection whose last one was answered; then it ends. Default: 60 s.
    pub keep_alive_timeout: Duration,
    /// Silence after which a ping asks whether the peer is there. Default: 25 s.
    pub idle_timeout: Duration,
    /// For anything to arrive after that ping; then the connection is lost. Default: 10 s.
    pub pong_timeout: Duration,
    /// For one message to arrive from its first byte to its last, in however many fragments; then 1008. And for the body of
    /// a request; then 408. Default: 60 s.
    pub message_timeout: Duration,
    /// For the peer's close frame; then a reset. And, when everything has left, for the end of its stream; then the
    /// connection is given up, which is a reset only for who still sends. Default: 5 s.
    pub close_timeout: Duration,
    /// For the kernel to take any of the bytes that wait; then the connection is lost. Default: 30 s.
    pub write_stall_timeout: Duration,
    /// How long a worker that had something to do looks for more without sleeping, at most 1 s; zero is never. A small message's
    /// latency is for the most part the kernel's time to wake a sleeping thread, and this saves it, for the price of a
    /// processor that is busy meanwhile: give each worker one of its own. A worker stops doing so when nothing comes of it
    /// 16 times in a row, until messages follow each other that fast again. Default: zero.
    pub busy_poll: Duration,
    #[cfg(feature = "tls")]
    /// Speaks TLS with all connections that are accepted; whoever begins with HTTP gets 400. Default: none.
    pub tls: Option<TlsServer>,
}

/// What moves bytes between sockets and workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriverKind {
    /// Epoll, as the one that is proven for longer. io_uring is ahead in fan-out on one processor and level on another, and behind
    /// where messages are large on that (`docs/decisions/0006-io-uring.md`): measure before you choose.
    Auto,
    /// epoll.
    Epoll,
    /// io_uring, from Linux 6.8 on. Its connections need no descriptors of the process. Where the system has none or does not
    /// allow it, as many containers do, epoll serves in its place, and [`crate::Running::fallback`] says why.
    #[cfg(feature = "uring")]
    Uring,
}

/// What happens to a connection whose send queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these two choices")]
pub enum WhenFull {
    /// It is closed with 1013: its peer may come back when it can keep up.
    Close,
    /// The send is refused and the handler decides.
    Refuse,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism()
                .map_or(1, |processors| processors.get().min(limits::WORKERS_MAX)),
            driver: DriverKind::Auto,
            connections_per_worker_max: limits::CONNECTIONS_PER_WORKER_MAX,
            message_bytes_max: limits::MESSAGE_BYTES_MAX,
            body_bytes_max: limits::BODY_BYTES_MAX,
            send_queue_bytes_max: limits::SEND_QUEUE_BYTES_MAX,
            #[cfg(feature = "deflate")]
            deflate: DeflateConfig::default(),
            when_full: WhenFull::Close,
            cork_bytes: limits::CORK_BYTES,
            lag_bytes: limits::LAG_BYTES,
            read_pause_bytes: limits::READ_PAUSE_BYTES,
            handshake_timeout: limits::HANDSHAKE_TIMEOUT,
            keep_alive_timeout: limits::KEEP_ALIVE_TIMEOUT,
            idle_timeout: limits::IDLE_TIMEOUT,
            pong_timeout: limits::PONG_TIMEOUT,
            message_timeout: limits::MESSAGE_TIMEOUT,
            close_timeout: limits::CLOSE_TIMEOUT,
            write_stall_timeout: limits::WRITE_STALL_TIMEOUT,
            busy_poll: Duration::ZERO,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Config {
    /// Bytes that the peers of so many connections can make a server hold at most: of each, a message or a body under way, a
    /// full send queue, and input that waits for its turn. [`crate::worker::Holdings::bytes`] is what one worker holds at a
    /// moment.
    ///
    /// On top comes what the application itself does: what it publishes in one tick, which is shared, so that it is there
    /// once for all who are not behind; and a single message or response that is larger than the send queue.
    #[must_use]
    pub const fn held_bytes_max(&self, connections: usize) -> usize {
        let each = self
            .message_bytes_max
            .saturating_add(self.send_queue_bytes_max)
            .saturating_add(limits::HELD_INPUT_BYTES_MAX);
        #[cfg(feature = "deflate")]
        let each = each.saturating_add(self.compression_bytes_max());
        // What has arrived of a record or a handshake, and a batch of records.
        #[cfg(feature = "tls")]
        let each = match self.tls {
            Some(_) => {
                each.saturating_add(limits::TLS_PARTIAL_SIZE_MAX + 2 * limits::TLS_BATCH_SIZE)
            }
            None => each,
        };
        connections.saturating_mul(each)
    }

    /// What a compressed message may have beyond one that is not, and the contexts.
    #[cfg(feature = "deflate")]
    const fn compression_bytes_max(&self) -> usize {
        let longer = self.message_bytes_max / limits::COMPRESSED_GROWTH_PART
            + limits::COMPRESSED_GROWTH_BYTES;
        match self.deflate.mode {
            DeflateMode::Off => 0,
            DeflateMode::Shared => longer,
            DeflateMode::Dedicated { bytes } => longer + bytes,
        }
    }

    /// Checks how the fields relate.
    ///
    /// # Errors
    ///
    /// The first field that cannot be, and what it must be.
    pub fn check(&self) -> Result<(), ConfigError> {
        let times = [
            ("handshake_timeout", self.handshake_timeout),
            ("keep_alive_timeout", self.keep_alive_timeout),
            ("idle_timeout", self.idle_timeout),
            ("pong_timeout", self.pong_timeout),
            ("message_timeout", self.message_timeout),
            ("close_timeout", self.close_timeout),
            ("write_stall_timeout", self.write_stall_timeout),
        ];
        let fault = |field, expected| Err(ConfigError { field, expected });
        if !(1..=limits::WORKERS_MAX).contains(&self.workers) {
            return fault("workers", "must be 1 to 1024");
        }
        if !(1..=u32::MAX as usize / 2).contains(&self.connections_per_worker_max) {
            return fault("connections_per_worker_max", "must be 1 to 2,147,483,647");
        }
        if self.message_bytes_max == 0 {
            return fault("message_bytes_max", "must be at least 1");
        }
        if self.send_queue_bytes_max / 2 < self.message_bytes_max {
            return fault("send_queue_bytes_max", "must be at least twice message_bytes_max");
        }
        if self.lag_bytes > self.send_queue_bytes_max {
            return fault("lag_bytes", "must be at most send_queue_bytes_max");
        }
        if self.busy_poll > limits::BUSY_POLL_MAX {
            return fault("busy_poll", "must be at most 1 s");
        }
        #[cfg(feature = "deflate")]
        self.check_deflate()?;
        match times.iter().find(|(_, time)| time.is_zero() || *time > limits::TIMEOUT_MAX) {
            Some((field, _)) => fault(field, "must be over zero and at most 30 days"),
            None => Ok(()),
        }
    }

    #[cfg(feature = "deflate")]
    fn check_deflate(&self) -> Result<(), ConfigError> {
        let fault = |field, expected| Err(ConfigError { field, expected });
        if let Err(error) = self.deflate.check() {
            return fault(error.field, error.expected);
        }
        match self.deflate.inflated_bytes_max {
            Some(bytes) if bytes > self.send_queue_bytes_max / 2 => {
                fault("deflate.inflated_bytes_max", "must be at most half of send_queue_bytes_max")
            }
            _ => Ok(()),
        }
    }
}

/// A field of [`Config`] that cannot be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// Its name.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.expected)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn a_fault_names_its_field_and_what_it_must_be() {
        let config = Config { message_bytes_max: 16 << 20, ..Config::default() };
        let error = config.check().expect_err("the send queue holds no two such messages");
        assert_eq!(
            error.to_string(),
            "send_queue_bytes_max must be at least twice message_bytes_max"
        );
        let config = Config { workers: 0, ..Config::default() };
        assert_eq!(config.check().map_err(|error| error.field), Err("workers"));
        let config = Config { pong_timeout: Duration::ZERO, ..Config::default() };
        assert_eq!(config.check().map_err(|error| error.field), Err("pong_timeout"));
    }
}
