//! Sockeye and other people's WebSockets: theirs against our server, and our client against their servers.

mod clients;
mod peers;
mod servers;
mod setup;
