//! The product as clients and backends meet it: the binary on real sockets, spoken to by clients that share no code with it.
//!
//! Every wait has a deadline, and nothing is asserted about how long something takes.

mod access;
mod api;
mod backend;
mod connecting;
mod console;
mod documents;
mod encodings;
mod faults;
mod metrics;
mod resuming;
mod sockeye;
mod subscribing;
mod talk;
mod websocket;
mod wire;
