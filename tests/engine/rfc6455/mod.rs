//! RFC 6455, a file per section. `requirements.toml` says which test shows which of its rules.

mod fill;
mod fill_memory;
mod properties;
mod requirements;
mod section_10_4_limits;
#[cfg(feature = "handshake")]
mod section_3_uris;
#[cfg(feature = "handshake")]
mod section_4_1_client_handshake;
#[cfg(feature = "handshake")]
mod section_4_2_server_handshake;
mod section_5_1_masking;
mod section_5_2_connection;
mod section_5_2_framing;
mod section_5_4_fragmentation;
mod section_5_5_control_frames;
mod section_5_6_data;
#[cfg(feature = "handshake")]
mod section_7_1_client;
mod section_7_1_closing;
mod section_7_4_status_codes;
mod section_8_1_utf8;
#[cfg(feature = "handshake")]
mod section_9_1_extensions;
mod section_9_extensions;
