//! A load generator for any WebSocket server: what `sockeye bench` runs.
//!
//! [`main`] is the command; [`run`] is the same for programs. A message's way:
//!
//! ```text
//!   args ─► plan ─► run (leads) ─► worker ─► line ─► outgoing ─► stream ─► the server
//!                     │              │         └──── verify ◄── protocol ◄──┘
//!                     └── summary ◄── statistics, errors
//!                            └── report
//! ```

mod args;
mod command;
mod desk;
mod error;
mod errors;
mod line;
mod native;
mod outgoing;
mod pace;
mod payload;
mod plan;
mod processor;
mod report;
mod run;
mod shared;
mod socket_io;
mod stamp;
mod statistics;
mod stream;
mod summary;
mod tls;
mod verify;
mod worker;

pub use args::Bench;
pub use command::main;
pub use error::{BenchError, LostError, OpenError};
pub use errors::Errors;
pub use native::NativeError;
pub use run::{Outcome, Progress, run};
pub use socket_io::SocketIoError;
pub use summary::Summary;
pub use tls::{Trust, about_certificates, what_to_do};
