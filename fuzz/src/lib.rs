//! What the fuzz targets check, as plain functions: a fuzzer feeds them, and so does the test that replays the seeds
//! (`tests/engine/fuzz_seeds.rs`, which includes this file). Modules therefore name each other with `super`.

pub mod connection;
pub mod connection_client;
pub mod connection_server;
pub mod frame_header;
pub mod mask;
pub mod pieces;
#[cfg(feature = "handshake")]
pub mod request_body;
#[cfg(feature = "handshake")]
pub mod request_head;
pub mod utf8;

/// Panics where the engine does not do with this input what it should.
pub type Check = fn(input: &[u8]);

/// Every target: its name, which is also the name of its folder of seeds, and what checks one input.
pub const TARGETS: &[(&str, Check)] = &[
    ("connection_client", connection_client::check),
    ("connection_server", connection_server::check),
    ("frame_header", frame_header::check),
    ("mask", mask::check),
    #[cfg(feature = "handshake")]
    ("request_body", request_body::check),
    #[cfg(feature = "handshake")]
    ("request_head", request_head::check),
    ("utf8", utf8::check),
];
