//! RFC 6455 without I/O: bytes in, events out. No sockets, no clock, no threads, no locks; nothing here panics on
//! anything that a peer can send.

mod close;
mod error;
mod frame;
mod opcode;

pub use close::{CLOSE_REASON_SIZE_MAX, CloseCode, CloseFrame};
pub use error::{ProtocolError, SendError};
pub use frame::FrameHeader;
pub use opcode::Opcode;
