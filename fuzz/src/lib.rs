//! What the fuzz targets check, as plain functions: a fuzzer feeds them, and so does the test that replays the seeds
//! (`tests/engine/fuzz_seeds.rs`, which includes this file). Modules therefore name each other with `super`.

#[cfg(feature = "handshake")]
#[cfg(feature = "handshake")]
pub mod client_handshake;
#[cfg(feature = "handshake")]
pub mod client_request;
pub mod connection;
pub mod connection_client;
pub mod connection_server;
#[cfg(feature = "deflate")]
pub mod deflate_negotiation;
#[cfg(feature = "deflate")]
pub mod deflate_round_trip;
pub mod differential;
#[cfg(feature = "handshake")]
pub mod extensions;
pub mod frame_header;
#[cfg(feature = "deflate")]
pub mod inflate;
pub mod mask;
pub mod pieces;
#[cfg(feature = "handshake")]
pub mod request_body;
#[cfg(feature = "handshake")]
pub mod request_framing;
#[cfg(feature = "handshake")]
pub mod request_head;
#[cfg(feature = "handshake")]
pub mod response;
pub mod round_trip;
#[cfg(feature = "net")]
pub mod send_queue;
#[cfg(feature = "net")]
pub mod timer_wheel;
pub mod utf8;
#[cfg(feature = "net")]
pub mod worker;

/// Panics where the engine does not do with this input what it should.
pub type Check = fn(input: &[u8]);

/// Every target: its name, which is also the name of its folder of seeds, and what checks one input.
pub const TARGETS: &[(&str, Check)] = &[
    #[cfg(feature = "handshake")]
    ("client_handshake", client_handshake::check),
    #[cfg(feature = "handshake")]
    ("client_request", client_request::check),
    ("connection_client", connection_client::check),
    ("connection_server", connection_server::check),
    #[cfg(feature = "deflate")]
    ("deflate_negotiation", deflate_negotiation::check),
    #[cfg(feature = "deflate")]
    ("deflate_round_trip", deflate_round_trip::check),
    ("differential", differential::check),
    #[cfg(feature = "handshake")]
    ("extensions", extensions::check),
    ("frame_header", frame_header::check),
    #[cfg(feature = "deflate")]
    ("inflate", inflate::check),
    ("mask", mask::check),
    #[cfg(feature = "handshake")]
    ("request_body", request_body::check),
    #[cfg(feature = "handshake")]
    ("request_framing", request_framing::check),
    #[cfg(feature = "handshake")]
    ("request_head", request_head::check),
    #[cfg(feature = "handshake")]
    ("response", response::check),
    ("round_trip", round_trip::check),
    #[cfg(feature = "net")]
    ("send_queue", send_queue::check),
    #[cfg(feature = "net")]
    ("timer_wheel", timer_wheel::check),
    ("utf8", utf8::check),
    #[cfg(feature = "net")]
    ("worker", worker::check),
];
