//! The Sockeye server.

fn main() {}
