//! The opening handshake, RFC 6455 section 4: how an HTTP/1.1 connection becomes a WebSocket.
//!
//! ```text
//!   client                                            server
//!   ClientHandshake::encode_request ── request ──►  RequestParser::parse, then check_upgrade
//!   ClientHandshake::handle_response ◄── 101 ─────  encode_switching_protocols
//! ```
//!
//! A client finds its server by a [`Uri`], and may have to ask a proxy for a [`Tunnel`] to it first.
//!
//! Both sides leave the bytes after a head to their caller: frames may follow it in the same packet.

mod accept;
mod client;
mod client_error;
mod extensions;
mod handshake_error;
mod server;
mod status_line;
mod tunnel;
mod uri;

pub use accept::accept_key;
pub use client::{Accepted, ClientHandshake};
pub use client_error::{ClientHandshakeError, ClientRequestError};
pub use extensions::{Extension, ExtensionParameter, ExtensionSyntaxError, parse_extensions};
pub use handshake_error::HandshakeError;
pub use server::{SwitchError, Upgrade, check_upgrade, encode_switching_protocols};
pub use tunnel::{Tunnel, TunnelError};
pub use uri::{Uri, UriError};
