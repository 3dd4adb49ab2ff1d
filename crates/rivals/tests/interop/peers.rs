//! The libraries of both tables.

use sockeye_rivals::peer::{Peer, Program, Version};

pub(crate) const NODE: Peer =
    Peer { name: "Node.js", version: Version::OfNode, program: Program::Node("builtin.mjs") };

/// One of the registry of npm.
pub(crate) const fn npm(name: &'static str, before: &'static str, program: Program) -> Peer {
    let version = Version::Pinned(include_str!("../../peers/package.json"), before);
    Peer { name, version, program }
}

/// One of the Python Package Index.
pub(crate) const fn python(
    name: &'static str,
    before: &'static str,
    program: &'static str,
) -> Peer {
    let version = Version::Pinned(include_str!("../../peers/python/requirements.in"), before);
    Peer { name, version, program: Program::Python(program) }
}

/// One of crates.io.
pub(crate) const fn rust(name: &'static str, before: &'static str) -> Peer {
    let version = Version::Pinned(include_str!("../../Cargo.toml"), before);
    Peer { name, version, program: Program::Rust(env!("CARGO_BIN_EXE_rust_peers"), name) }
}
