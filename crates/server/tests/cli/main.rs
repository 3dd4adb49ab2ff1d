//! The binary as a person or a script meets it, in one test binary.

mod bench;
mod client;
mod commands;
mod signals;
mod sockeye;
mod tls;
