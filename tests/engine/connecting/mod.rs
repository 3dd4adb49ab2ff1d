//! Connections that a worker makes, over real sockets.

mod failures;
mod opening;
#[cfg(feature = "tls")]
mod secure;
mod server;
mod stage;
mod talking;

use server::{Scripted, accept_answer};
use stage::{Noted, Order, Staged};
use std::time::Duration;

/// How long to wait for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);
