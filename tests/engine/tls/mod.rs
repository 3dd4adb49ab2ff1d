//! TLS, with rustls' own client on the other side.

mod handshakes;
mod refusals;
mod reload;
mod stage;
mod talking;
