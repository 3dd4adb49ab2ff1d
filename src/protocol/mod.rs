//! RFC 6455 without I/O: bytes in, events out. No sockets, no clock, no threads, no locks; nothing here panics on
//! anything that a peer can send.

#[cfg(feature = "deflate")]
pub mod deflate;
#[cfg(feature = "handshake")]
pub mod handshake;
#[cfg(feature = "handshake")]
pub mod http;

mod close;
mod connection;
mod error;
mod frame;
mod mask;
mod message;
mod opcode;
mod prepared;
mod utf8;

pub use close::{CLOSE_REASON_SIZE_MAX, CloseCode, CloseFrame};
pub use connection::{Connection, Event, Input, Role};
pub use error::{ProtocolError, SendError};
pub use frame::FrameHeader;
pub use mask::apply_mask;
#[doc(hidden)]
pub use mask::apply_mask_portable;
#[cfg(feature = "net")]
pub(crate) use message::small_header;
pub use message::{Message, Payload, Received, encode_frame, encode_header};
pub use opcode::Opcode;
pub use prepared::Prepared;
pub use utf8::Utf8Validator;
