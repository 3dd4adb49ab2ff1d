//! `sockeye sub`.

use super::{Connection, ConsoleError, Server};
use clap::Args;
use serde_json::{Map, Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

/// Subscribe to channels, and print what is published there: one line of JSON each.
///
/// Comes back by itself when the connection is lost, and says on standard error what was recovered or lost. Ctrl-C ends it.
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
        end_on_signals();
        let mut places = Places::default();
        if let Some((epoch, sequence)) = &self.from {
            let first = self.channels.first().cloned().unwrap_or_default();
            places.last.insert(first, (epoch.clone(), *sequence));
        }
        let mut left = self.count.unwrap_or(u64::MAX);
        let mut pause = PAUSE_MIN;
        loop {
            let was_connected = places.resume.is_some();
            match self.follow(&mut places, &mut left) {
                Ok(()) => return Ok(()),
                Err(ConsoleError::Lost(text)) if was_connected || places.resume.is_some() => {
                    note(&format!("{text}: trying again"));
                }
                Err(error) => return Err(error),
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn follow(&self, places: &mut Places, left: &mut u64) -> Result<(), ConsoleError> {
        let mut connection = Connection::open(&self.server, places.resume())?;
        while *left > 0 {
            let said = connection.next()?;
            if let Some(connected) = said.get("connected") {
                places.resume = connected["resume"].as_str().map(str::to_owned);
                if connected["resumed"] != true {
                    self.subscribe(&mut connection, places)?;
                }
            }
            if let Some(text) = places.note(&said) {
                note(&text);
            }
            if let Some(publication) = said.get("publication").filter(|one| places.is_new(one)) {
                print(publication);
                *left -= 1;
            }
            if self.presence
                && let Some(diff) = said.get("presence_diff")
            {
                print(diff);
            }
        }
        Ok(())
    }

    fn subscribe(&self, connection: &mut Connection, places: &Places) -> Result<(), ConsoleError> {
        for (channel, id) in self.channels.iter().zip(2u64..) {
            let mut subscribe = json!({ "channel": channel });
            if let Some((epoch, sequence)) = places.last.get(channel) {
                subscribe["position"] = json!({ "epoch": epoch, "sequence": sequence });
            }
            connection.send(&json!({ "id": id, "subscribe": subscribe }))?;
        }
        Ok(())
    }
}

/// What is kept to lose nothing.
#[derive(Debug, Default)]
struct Places {
    resume: Option<String>,
    /// Epoch and last number of each channel.
    last: HashMap<String, (String, u64)>,
}

impl Places {
    fn resume(&self) -> Option<Value> {
        let positions = self.last.iter().map(|(channel, (_, last))| (channel.clone(), json!(last)));
        let positions: Map<_, _> = positions.collect();
        Some(json!({ "token": self.resume.as_ref()?, "positions": positions }))
    }

    /// Takes over where a channel is, and gives what people should hear of.
    fn note(&mut self, said: &Value) -> Option<String> {
        let (what, body) = said.as_object()?.iter().find(|(name, _)| *name != "id")?;
        let channel = body["channel"].as_str()?;
        if let (Some(epoch), Some(sequence)) =
            (body["position"]["epoch"].as_str(), body["position"]["sequence"].as_u64())
            && matches!(what.as_str(), "subscribed" | "caught_up")
        {
            self.last.insert(channel.to_owned(), (epoch.to_owned(), sequence));
        }
        let (from, to) = (&body["from"], &body["to"]);
        match (what.as_str(), body["recovery"].as_str()) {
            ("subscribed", Some("recovered")) => Some(format!("{channel}: recovered up to {to}")),
            ("subscribed", Some("lost")) | ("lost", _) => {
                Some(format!("{channel}: lost what was after {from} up to {to}"))
            }
            ("revoked", _) => Some(format!("{channel}: revoked: {}", body["reason"])),
            _ => None,
        }
    }

    /// Whether a publication was not here before. Then it is the channel's last one.
    fn is_new(&mut self, publication: &Value) -> bool {
        let place = publication["channel"].as_str().and_then(|name| self.last.get_mut(name));
        let (Some((_, last)), Some(sequence)) = (place, publication["sequence"].as_u64()) else {
            return true;
        };
        let is_new = sequence > *last;
        *last = sequence.max(*last);
        is_new
    }
}

fn end_on_signals() {
    // Without them the signals do what they do to any program.
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                std::process::exit(0);
            }
        });
    }
}

fn print(line: &Value) {
    let mut output = io::stdout().lock();
    if writeln!(output, "{line}").and_then(|()| output.flush()).is_err() {
        // Nobody reads any more.
        std::process::exit(0);
    }
}

fn note(text: &str) {
    let _closed = writeln!(io::stderr(), "{text}");
}

fn parse_position(text: &str) -> Result<(String, u64), String> {
    let expected = "expected a position as EPOCH:SEQUENCE, such as 5e1f0a9c33d2b471:8";
    let (epoch, sequence) = text.split_once(':').ok_or(expected)?;
    let is_epoch = sockeye_hub::Epoch::parse(epoch).is_some();
    let sequence = sequence.parse().ok().filter(|_| is_epoch).ok_or(expected)?;
    Ok((epoch.to_owned(), sequence))
}

const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(30);

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

    #[test]
    fn what_was_here_is_not_new_and_what_is_lost_is_said() {
        let mut places = Places::default();
        let position = json!({ "epoch": "1c", "sequence": 3 });
        let subscribed = json!({ "id": 2, "subscribed":
            { "channel": "a", "position": position, "recovery": "lost", "from": 1, "to": 3 } });
        let said = places.note(&subscribed).expect("people should hear of it");
        assert_eq!(said, "a: lost what was after 1 up to 3");
        assert!(!places.is_new(&json!({ "channel": "a", "sequence": 3 })));
        assert!(places.is_new(&json!({ "channel": "a", "sequence": 4 })));
        assert!(places.is_new(&json!({ "channel": "a" })), "it is volatile");
        places.resume = Some("secret".to_owned());
        let resume = json!({ "token": "secret", "positions": { "a": 4 } });
        assert_eq!(places.resume(), Some(resume));
    }
}
