//! A meeting in a topic.

use std::time::Duration;

use tungstenite::{Error, Message};

use super::connection::{DEADLINE, Outcome, end, open_at, send, set_read_deadline};

/// Meets `peer` in `topic` under the name `own`: README.md tells how.
pub(crate) fn meet(url: &str, topic: &str, own: &str, peer: &str) -> Outcome {
    let (mut connection, _) = open_at(url, &format!("/topic/{topic}"), &[])?;
    set_read_deadline(connection.get_ref(), PACE)?;
    let mut heard = "alone";
    // A step is a silence of that pace or a message, so the end is near also if the peer never stops speaking.
    for _ in 0..MEETING_STEPS {
        match connection.read() {
            Err(Error::Io(_)) if heard == "leaving" => {}
            Err(Error::Io(_)) => send(&mut connection, Message::text(format!("{own} {heard}")))?,
            Err(error) => return Err(format!("{error}, before {peer} was heard")),
            Ok(Message::Binary(data)) if data == format!("{peer} leaves") => {
                set_read_deadline(connection.get_ref(), DEADLINE)?;
                return end(connection, Some((1000, "")));
            }
            Ok(Message::Text(text)) if text == format!("{peer} heard") && heard != "leaving" => {
                heard = "leaving";
                send(&mut connection, Message::text(format!("{own} heard")))?;
                send(&mut connection, Message::binary(format!("{own} leaves")))?;
            }
            Ok(Message::Text(text)) if text == format!("{peer} alone") && heard != "leaving" => {
                heard = "heard";
                // At once: a peer that speaks often enough leaves no silence to speak in.
                send(&mut connection, Message::text(format!("{own} heard")))?;
            }
            Ok(Message::Text(text)) if text.starts_with(&format!("{peer} ")) => {}
            Ok(message) => return Err(format!("heard {message:?}, which {peer} did not say")),
        }
    }
    Err(format!("waited in vain for {peer}"))
}

const PACE: Duration = Duration::from_millis(50);
const MEETING_STEPS: u32 = 400;
