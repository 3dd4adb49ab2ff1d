//! Comparisons with other people's WebSocket libraries.
//!
//! The tests of this crate need more than Rust (Node.js, Python and their package registries), which is why it is not
//! a default member of the workspace. The library is what every comparison needs:
//!
//! - [`server`]: our server binary, found or built, started, watched and ended;
//! - [`install`]: the packages that the programs in `peers/` import, installed below `target/`;
//! - [`peer`]: one library, and the program that is made with it;
//! - [`driver`]: such a program as a client, asked to make checks;
//! - [`matrix`]: what came out, as a Markdown table, and what is wrong with it;
//! - [`sockets`]: what the kernel holds of a server's connections;
//! - [`parallel`]: work on several peers at once;
//! - [`process`]: running a program without waiting for it forever.
//!
//! [`browser`] is all that for Chromium and the programs in `browser/`, which drive it.
//!
//! A failure is a `String` throughout: it has one reader, the person whose test failed.

pub mod browser;
pub mod driver;
pub mod install;
pub mod matrix;
pub mod parallel;
pub mod peer;
pub mod process;
pub mod server;
pub mod sockets;
