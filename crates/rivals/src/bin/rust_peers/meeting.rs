//! A meeting in a topic.

use std::time::Duration;

use crate::connection::{Connection, Incoming, Opened, Outcome, binary, text};

/// Meets `peer` in `topic` under the name `own`: README.md tells how.
pub(crate) async fn meet<C: Connection>(
    server: &str,
    topic: &str,
    own: &str,
    peer: &str,
) -> Outcome {
    let mut opened = Opened::<C>::at(server, &format!("/topic/{topic}")).await?;
    let mut heard = "alone";
    // A step is a silence of that pace or a message, so the end is near also if the peer never stops speaking.
    for _ in 0..MEETING_STEPS {
        let incoming = opened.connection.receive(PACE).await;
        match incoming.map_err(|error| format!("{error}, before {peer} was heard"))? {
            Incoming::Silence if heard == "leaving" => {}
            Incoming::Silence => opened.send(text(&format!("{own} {heard}"))).await?,
            Incoming::Binary(data) if data == format!("{peer} leaves").as_bytes() => {
                return opened.end(Some((1000, ""))).await;
            }
            Incoming::Text(said) if said == format!("{peer} heard") && heard != "leaving" => {
                heard = "leaving";
                opened.send(text(&format!("{own} heard"))).await?;
                opened.send(binary(format!("{own} leaves").as_bytes())).await?;
            }
            Incoming::Text(said) if said == format!("{peer} alone") && heard != "leaving" => {
                heard = "heard";
                // At once: a peer that speaks often enough leaves no silence to speak in.
                opened.send(text(&format!("{own} heard"))).await?;
            }
            Incoming::Text(said) if said.starts_with(&format!("{peer} ")) => {}
            incoming => {
                return Err(format!("heard {}, which {peer} did not say", incoming.brief()));
            }
        }
    }
    Err(format!("waited in vain for {peer}"))
}

const PACE: Duration = Duration::from_millis(50);
const MEETING_STEPS: u32 = 400;
