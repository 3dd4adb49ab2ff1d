//! Compressing frames that were encoded before, for all who take them compressed.

use super::compressor::{Compressor, Shape};
use crate::protocol::frame::FrameHeader;
use crate::protocol::message::encode_compressed_frame;

/// Appends `frames`, unmasked ones as servers send them, with every message compressed that lies in a single frame, has at
/// least `threshold_bytes` and becomes smaller. Says whether there was any; the other frames, and what is none, stay as they
/// are.
pub(crate) fn compress_frames(
    frames: &[u8],
    shape: Shape,
    threshold_bytes: usize,
    compressor: &mut Compressor,
    output: &mut Vec<u8>,
) -> bool {
    let mut rest = frames;
    let mut is_any = false;
    while let Ok(Some((header, header_size))) = FrameHeader::decode(rest) {
        let Some(frame) = usize::try_from(header.payload_size)
            .ok()
            .and_then(|size| rest.get(..header_size.checked_add(size)?))
        else {
            break;
        };
        rest = &rest[frame.len()..];
        let payload = &frame[header_size..];
        if is_plain_message(&header) && payload.len() >= threshold_bytes {
            let compressed = compressor.compress(shape, &[], payload);
            if compressed.len() < payload.len() {
                encode_compressed_frame(header.opcode, compressed, output);
                is_any = true;
                continue;
            }
        }
        output.extend_from_slice(frame);
    }
    output.extend_from_slice(rest);
    is_any
}

fn is_plain_message(header: &FrameHeader) -> bool {
    use crate::protocol::Opcode;
    header.is_final
        && !header.is_compressed
        && header.mask.is_none()
        && matches!(header.opcode, Opcode::Text | Opcode::Binary)
}
