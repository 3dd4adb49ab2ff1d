//! Each example, run as a user runs it: as a program of its own, over real connections.

mod chat;
mod client;
mod echo;
mod embed;
mod prepared_broadcast;
mod program;
mod sans_io;
mod serve;

use std::time::Duration;

/// What takes longer than this does not happen.
const PATIENCE: Duration = Duration::from_secs(20);
