//! A WebSocket engine (RFC 6455), written from scratch.

pub mod limits;
pub mod protocol;

#[cfg(feature = "net")]
pub mod buffer;
#[cfg(feature = "net")]
mod config;
#[cfg(feature = "net")]
pub mod driver;
#[cfg(feature = "net")]
pub mod handler;
#[cfg(feature = "net")]
mod server;
#[cfg(feature = "net")]
pub mod worker;

#[cfg(feature = "net")]
pub use config::{Config, ConfigError, WhenFull};
#[cfg(feature = "net")]
pub use handler::{Context, Handler, Reply, WorkerContext};
#[cfg(feature = "net")]
pub use server::{Running, Server};
#[cfg(feature = "net")]
pub use worker::{ConnectionId, Remote, RemoteError, WorkerId};
