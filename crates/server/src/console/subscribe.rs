//! `sockeye sub`.

use super::channels::Channels;
use super::connection::{Connection, Said};
use super::ending::Ending;
use super::pauses::Pauses;
use super::{ConsoleError, Server};
use clap::Args;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

/// Subscribe to channels, and print what is published there: one line of JSON each.
///
/// Comes back by itself when the connection is lost, asks again for what is missing, and says on standard error when it has
/// subscribed, and what was recovered or lost. It ends with 0 after Ctrl-C, or when nobody reads its output any more; with 1 when the server refuses.
#[derive(Args, Debug)]
pub(crate) struct Subscribe {
    #[command(flatten)]
    server: Server,

    /// To which channels or patterns.
    #[arg(value_name = "CHANNEL", required = true)]
    channels: Vec<String>,

    /// Begin after this position of the first channel.
    #[arg(long, value_name = "EPOCH:SEQUENCE", value_parser = parse_position)]
    from: Option<(String, u64)>,

    /// End after so many publications.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Print who comes and goes, too.
    #[arg(long)]
    presence: bool,
}

impl Subscribe {
    /// Prints until it has what it wants.
    ///
    /// # Errors
    ///
    /// There is no server, or it has refused.
    pub(crate) fn run(&self) -> Result<(), ConsoleError> {
        let mut following = Following {
            channels: Channels::new(&self.channels, self.from.as_ref()),
            pauses: Pauses::new(),
            left: self.count.unwrap_or(u64::MAX),
            ending: Ending::on_signals(),
        };
        loop {
            let ended = self.follow(&mut following);
            following.ending.set_connected(false);
            let text = match ended {
                _ if following.ending.is_asked() => return Ok(()),
                Err(ConsoleError::Lost(text)) if following.channels.has_session() => text,
                ended => return ended,
            };
            let pause = following.pauses.next(chance());
            note(&format!("{text}: trying again in {:.1} s", pause.as_secs_f64()));
            thread::sleep(pause);
        }
    }

    /// One connection, from its beginning to its end.
    fn follow(&self, following: &mut Following) -> Result<(), ConsoleError> {
        let mut connection = Connection::open(&self.server, following.channels.resume())?;
        following.ending.set_connected(true);
        while following.left > 0 && !following.ending.is_asked() {
            let Some(said) = connection.next()? else {
                continue;
            };
            if !self.hear(&said, &mut connection, following)? {
                break;
            }
        }
        connection.close();
        Ok(())
    }

    /// Whether to go on.
    fn hear(
        &self,
        said: &Said,
        connection: &mut Connection,
        following: &mut Following,
    ) -> Result<bool, ConsoleError> {
        match &*said.kind {
            "connected" => following.pauses.reset(),
            "reconnect" => {
                let after = said.body["after_ms"].as_u64().unwrap_or(0);
                following.pauses.want(Duration::from_millis(after));
            }
            _ => {}
        }
        let turn = following.channels.hear(&said.kind, &said.body);
        if let Some(text) = turn.note {
            note(&text);
        }
        if following.channels.is_empty() {
            return Err(ConsoleError::Refused("there is nothing left to follow".to_owned()));
        }
        if !turn.commands.is_empty() {
            connection.send(&turn.commands)?;
        }
        following.left -= u64::from(turn.is_new);
        let is_wanted = turn.is_new || self.presence && SHOWS_PRESENCE.contains(&&*said.kind);
        Ok(!is_wanted || print(&said.line))
    }
}

/// What outlives a connection.
#[derive(Debug)]
struct Following {
    channels: Channels,
    pauses: Pauses,
    /// Publications that are still wanted.
    left: u64,
    ending: Ending,
}

/// What tells who is there: changes, and all of them after a gap in those.
const SHOWS_PRESENCE: [&str; 2] = ["presence_diff", "presence"];

/// Whether somebody reads it.
fn print(line: &str) -> bool {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).is_ok()
}

fn note(text: &str) {
    let _closed = writeln!(io::stderr(), "{text}");
}

fn chance() -> u32 {
    // Without it all pauses are as long as they can be.
    getrandom::u32().unwrap_or(u32::MAX)
}

fn parse_position(text: &str) -> Result<(String, u64), String> {
    let expected = "expected a position as EPOCH:SEQUENCE, such as 5e1f0a9c33d2b471:8";
    let (epoch, sequence) = text.split_once(':').ok_or(expected)?;
    let is_epoch = sockeye_hub::Epoch::parse(epoch).is_some();
    let sequence = sequence.parse().ok().filter(|_| is_epoch).ok_or(expected)?;
    Ok((epoch.to_owned(), sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_an_epoch_and_a_number() {
        assert_eq!(parse_position("1c:8"), Ok(("1c".to_owned(), 8)));
        for wrong in ["", "8", "1c:", "x:8", "1c:-1"] {
            assert!(parse_position(wrong).is_err_and(|error| error.contains("such as")), "{wrong}");
        }
    }
}
