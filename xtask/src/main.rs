//! The project's tooling: `cargo xtask <task>`.

fn main() {}
