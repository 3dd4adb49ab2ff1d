//! The attacks. Each is bounded in connections, bytes and time.

mod endings;
mod frames;
mod handshakes;
mod slow;
mod storms;

use crate::server::Server;
use std::collections::BTreeMap;

/// One way to attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Who attacks, and how.
    pub(crate) offenders: &'static str,
    /// Of these, at most so many connections are there at once.
    connections: usize,
    /// Bytes that each of them may cost the server: never more than the formula says.
    each: usize,
    /// Descriptors that the server may have, if they are few.
    pub(crate) descriptors: Option<usize>,
    /// What the server is started with besides.
    pub(crate) options: &'static [&'static str],
    /// It mostly waits.
    pub(crate) is_patient: bool,
    /// Attacks, checks what the offenders get, and says what that was.
    pub(crate) run: fn(&Server) -> String,
}

impl Attack {
    /// What the server may need for the offenders.
    pub(crate) const fn memory_max(&self) -> usize {
        assert!(self.each <= FORMULA);
        self.connections * self.each
    }

    /// What the server may keep when they have gone, and need on top while they are there: the buffers that two workers keep
    /// for what is large, where anything is, and what the allocator has of its own.
    pub(crate) const fn kept(&self) -> usize {
        if self.each > HEAD { KEPT } else { KEPT_BY_ALLOCATOR }
    }

    const fn new(
        name: &'static str,
        offenders: &'static str,
        (connections, each): (usize, usize),
        run: fn(&Server) -> String,
    ) -> Self {
        let (descriptors, options, is_patient) = (None, [].as_slice(), false);
        Self { name, offenders, connections, each, descriptors, options, is_patient, run }
    }
}

pub(crate) static ATTACKS: &[Attack] = &[
    Attack {
        is_patient: true,
        ..Attack::new(
            "slow handshake",
            "500 connections, a byte of the request each half second",
            (500, HEAD),
            handshakes::slow,
        )
    },
    Attack {
        is_patient: true,
        ..Attack::new(
            "slow reader of its echo",
            "20 connections that send up to 16 MiB each and read nothing",
            (20, FORMULA),
            slow::echo,
        )
    },
    Attack {
        is_patient: true,
        ..Attack::new(
            "silent peers",
            "500 connections that answer no ping",
            (500, LITTLE),
            slow::silent,
        )
    },
    Attack::new(
        "slow reader of a topic",
        "50 subscribers that read nothing of 32 MiB",
        (50, LAG),
        slow::topic,
    ),
    Attack::new(
        "ping flood with a closed window",
        "20 connections that send up to 4 MiB of pings each and read nothing",
        (20, READ_PAUSE),
        slow::pings,
    ),
    Attack::new(
        "one byte at a time",
        "20 connections that write each byte by itself",
        (20, LITTLE),
        frames::one_byte,
    ),
    Attack::new(
        "tiny fragments",
        "10 connections, 10,000,000 fragments of one byte",
        (11, FORMULA),
        frames::tiny_fragments,
    ),
    Attack::new(
        "empty fragments",
        "5 connections, 5,000,000 fragments of nothing",
        (5, LITTLE),
        frames::empty_fragments,
    ),
    Attack::new(
        "64-bit lengths",
        "300 frames that claim 1 MiB and more, up to 2^64 - 1 bytes",
        (300, CLAIMED),
        frames::lengths,
    ),
    Attack {
        options: &["--deflate", "shared"],
        ..Attack::new(
            "compression bomb",
            "200 connections at once, each with 30 MiB in 30 KiB",
            (200, CLAIMED),
            frames::bomb,
        )
    },
    Attack {
        options: &["--deflate", "shared"],
        ..Attack::new(
            "little input, much to inflate",
            "10 connections, 240 messages each of 1 MiB in 1 KiB, sixty at once",
            (10, FORMULA),
            frames::inflating,
        )
    },
    Attack::new(
        "header flood",
        "150 requests with too many headers, too long ones, or no end of their first line",
        (150, HEAD),
        handshakes::flood,
    ),
    Attack::new(
        "connect and reset",
        "20,000 connections, reset at once, in the request, or as a WebSocket",
        (64, LITTLE),
        storms::connect_reset,
    ),
    Attack {
        descriptors: Some(64),
        ..Attack::new(
            "descriptors used up",
            "200 connections to a server that may have 64 descriptors",
            (64, LITTLE),
            storms::descriptors,
        )
    },
    Attack::new(
        "half-close with replies pending",
        "100 connections that end their stream behind what they asked",
        (100, FORMULA),
        endings::half_close,
    ),
    Attack::new(
        "reset in mid-frame",
        "500 connections that send half of 1 MiB and reset, 50 at a time",
        (50, FORMULA),
        endings::reset_in_frame,
    ),
];

/// Says how often there was what: "40 × 1009, 10 × reset".
fn tally<T: Ord + std::fmt::Display>(answers: impl IntoIterator<Item = T>) -> String {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer).or_insert(0) += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(answer, count)| format!("{count} × {answer}")).collect();
    counts.join(", ")
}

/// `Config::held_bytes_max(1)` with the binary's defaults.
const FORMULA: usize = (1 << 20) + (4 << 20) + (192 << 10);

/// Two workers' pools of 24 MiB.
const KEPT: usize = 48 << 20;

const KEPT_BY_ALLOCATOR: usize = 8 << 20;

/// A request head that has not ended.
const HEAD: usize = 32 << 10;

/// What the binary lets wait for a subscriber, and what one tick publishes.
const LAG: usize = 2 << 20;

/// A backlog at which reading stops, and what was read until then.
const READ_PAUSE: usize = (256 + 128) << 10;

/// What is set aside for a message of which little has arrived.
const CLAIMED: usize = 96 << 10;

/// Next to nothing.
const LITTLE: usize = 8 << 10;
