//! The engine on real sockets: servers on the loopback interface, and clients that are plain TCP streams.
//!
//! Every wait has a deadline, [`PATIENCE`], and nothing is asserted about how long something takes.

mod client;
#[cfg(feature = "deflate")]
mod compression;
mod deadlines;
mod descriptors;
mod echo;
mod endings;
mod handshakes;
mod lag;
mod remote;
mod slowness;
mod stage;

use client::{BINARY, Client, FINAL, TEXT, frame};
use stage::{Noted, Served, serve};

/// How long a test waits for something before it fails: far longer than anything here takes.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
