//! Other people's WebSockets against our server.

mod clients;
mod peers;
mod setup;
