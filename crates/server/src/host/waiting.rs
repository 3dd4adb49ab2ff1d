//! What a client sends while its session is looked for.

use sockeye::protocol::Message;

/// Messages that wait until their connection has its session. Meanwhile nothing more is read from it, so that there is what
/// had arrived already.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    messages: Vec<(bool, Box<[u8]>)>,
    bytes: usize,
}

impl Waiting {
    /// Keeps a message. `false`: there are too many.
    pub(super) fn push(&mut self, message: Message<'_>) -> bool {
        let payload = message.as_bytes();
        self.bytes += payload.len() + size_of::<(bool, Box<[u8]>)>();
        if self.bytes > WAITING_SIZE_MAX {
            return false;
        }
        self.messages.push((matches!(message, Message::Text(_)), payload.into()));
        true
    }

    /// The messages, in their order.
    pub(super) fn take(&mut self) -> Vec<(bool, Box<[u8]>)> {
        self.bytes = 0;
        std::mem::take(&mut self.messages)
    }
}

/// As one of the messages that were kept.
pub(super) fn message((is_text, payload): &(bool, Box<[u8]>)) -> Message<'_> {
    match str::from_utf8(payload) {
        Ok(text) if *is_text => Message::Text(text),
        _ => Message::Binary(payload),
    }
}

/// Bytes that may wait: more than two reads.
const WAITING_SIZE_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_as_they_went_in_and_not_more_than_fit() {
        let mut waiting = Waiting::default();
        assert!(waiting.push(Message::Text("ä")) && waiting.push(Message::Binary(b"\xFF")));
        let messages = waiting.take();
        let messages: Vec<_> = messages.iter().map(message).collect();
        assert_eq!(messages, [Message::Text("ä"), Message::Binary(b"\xFF")]);
        let half = vec![0; WAITING_SIZE_MAX / 2 - 100];
        assert!(waiting.push(Message::Binary(&half)) && waiting.push(Message::Binary(&half)));
        assert!(!waiting.push(Message::Binary(&half)));
        let nothing = (0..WAITING_SIZE_MAX).take_while(|_| waiting.push(Message::Text("")));
        assert!(nothing.count() < 100, "empty ones count too");
    }
}
