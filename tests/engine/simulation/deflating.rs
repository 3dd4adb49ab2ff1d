//! permessage-deflate as another implementation has it: a client's side of it, on a compressor that is not the engine's.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

/// What a client offers: every kind of window, and to be told of it.
pub(crate) const OFFER: &str =
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

/// The client's side of a connection that has agreed to it.
pub(crate) struct Deflating {
    /// What the server sends is one stream, or a stream for each message.
    inflater: Box<InflateState>,
    server_begins_anew: bool,
}

impl Deflating {
    /// As the server's head says; `None` if that declines.
    pub(crate) fn agreed(head: &str) -> Option<Self> {
        let mut extensions = head.lines().filter(|line| line.contains("permessage-deflate"));
        let agreed = extensions.next()?;
        Some(Self {
            inflater: InflateState::new_boxed(DataFormat::Raw),
            server_begins_anew: agreed.contains("server_no_context_takeover"),
        })
    }

    /// What a message is compressed to: alone, so that it keeps to whatever was agreed on.
    pub(crate) fn compress(text: &str) -> Vec<u8> {
        let mut payload = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
        // RFC 7692 7.2.3.4: behind a block that says it is the last.
        payload.push(0);
        payload
    }

    /// The message that a payload of the server's was compressed from.
    pub(crate) fn inflate(&mut self, payload: &[u8]) -> Vec<u8> {
        if self.server_begins_anew {
            self.inflater = InflateState::new_boxed(DataFormat::Raw);
        }
        let payload = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let mut message = vec![0; MESSAGE_MAX];
        let result = inflate(&mut self.inflater, &payload, &mut message, MZFlush::Sync);
        assert_eq!(result.status, Ok(MZStatus::Ok), "what the server sends can be inflated");
        assert_eq!(result.bytes_consumed, payload.len());
        message.truncate(result.bytes_written);
        message
    }
}

const MESSAGE_MAX: usize = 200_000;
