//! The binary as a person or a script meets it, in one test binary.

mod bench;
mod client;
mod commands;
mod configuration;
mod signals;
mod sockeye;
mod tls;
