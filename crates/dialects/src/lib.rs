//! What clients speak: bytes to commands of the hub, and what the hub tells to bytes. Without I/O, and without a clock.
//!
//! A [`Dialect`] is a language over a transport. It knows no frames of RFC 6455, no sockets and no subscribers: whoever has
//! those gives it messages and takes what it has [`Encoded`].
//!
//! ```text
//!   opened  ─► handle_open    ─► Encoded: what a client awaits before it says anything
//!   message ─► handle_message ─► Commands: connect, command, refuse, ..   (a sink: called in order, everything borrowed)
//!   Own  ────► encode_own    ─► Encoded: some frames, which leave together
//!   Push ────► encode_shared ─► Encoded, once for all who speak alike; what differs goes into its hole
//! ```

#![expect(
    clippy::exhaustive_enums,
    reason = "who carries out what a dialect says has to carry out all of it: the compiler has to say so"
)]

mod dialect;
mod encoded;
pub mod limits;
mod native;
#[cfg(test)]
mod recorder;
mod socket_io;
mod stomp;

pub use dialect::{Commands, Connect, Dialect, DialectError, Incoming, ResumeFrom, SharedOptions};
pub use encoded::{Encoded, Fill, Frame, FrameKind, Hole};
pub use native::{Native, is_shallow, shallow_expected};
pub use socket_io::{SocketIo, SocketIoState};
pub use stomp::{Stomp, StompState};
