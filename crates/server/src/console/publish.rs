//! `sockeye pub`.

use super::connection::Connection;
use super::{ConsoleError, Server};
use clap::Args;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::io::{self, Read};

/// Publish to a channel, and print the receipt.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    #[command(flatten)]
    server: Server,

    /// To which channel.
    #[arg(value_name = "CHANNEL")]
    channel: String,

    /// What: JSON, or else a text; - reads it from standard input.
    #[arg(value_name = "DATA")]
    data: String,

    /// Which value of the channel's state it is.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// DATA has to be JSON.
    #[arg(long)]
    json: bool,

    /// DATA is a text, also where it could be JSON.
    #[arg(long, conflicts_with = "json")]
    text: bool,
}

#[derive(Serialize)]
struct Body<'b> {
    channel: &'b str,
    data: &'b RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'b str>,
}

impl Publish {
    /// The receipt, as a line.
    ///
    /// # Errors
    ///
    /// There is no server, or it has refused.
    pub(crate) fn run(&self) -> Result<String, ConsoleError> {
        let data = match self.data.as_str() {
            "-" => read_input()?,
            data => data.to_owned(),
        };
        let data = self.payload(data)?;
        let publish = Body { channel: &self.channel, data: &data, key: self.key.as_deref() };
        let mut connection = Connection::open(&self.server, None)?;
        connection.send(&[("publish", publish)])?;
        loop {
            if let Some(said) = connection.next()?.filter(|said| said.kind == "published") {
                connection.close();
                return Ok(format!("{}\n", said.line));
            }
        }
    }

    /// JSON as it is, anything else as a text, unless it has to be one of them.
    fn payload(&self, data: String) -> Result<Box<RawValue>, ConsoleError> {
        let text = |data: &str| to_raw_value(data).expect("a text is JSON");
        if self.text {
            return Ok(text(&data));
        }
        match serde_json::from_str::<&RawValue>(&data) {
            Ok(json) => Ok(json.to_owned()),
            Err(error) if self.json => {
                Err(ConsoleError::Refused(format!("expected DATA to be JSON: {error}")))
            }
            Err(_) => Ok(text(&data)),
        }
    }
}

fn read_input() -> Result<String, ConsoleError> {
    let mut text = String::new();
    let read = io::stdin().take(INPUT_SIZE_MAX).read_to_string(&mut text);
    read.map_err(|error| ConsoleError::Refused(format!("standard input: {error}")))?;
    Ok(text)
}

/// Bytes of standard input: more is no message.
const INPUT_SIZE_MAX: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        publish: Publish,
    }

    fn payload(data: &str, flags: &[&str]) -> Result<String, ConsoleError> {
        let words = ["pub", "ws://127.0.0.1/connect", "news", data];
        let line = Line::parse_from(words.iter().chain(flags));
        line.publish.payload(data.to_owned()).map(|raw| raw.get().to_owned())
    }

    #[test]
    fn json_is_json_as_it_is_and_the_rest_is_text() {
        for json in [r#"{"a" : 1}"#, "7", "1e999", r#""\ud800""#] {
            assert_eq!(payload(json, &[]).expect("a payload"), json);
        }
        assert_eq!(payload("hello, world", &[]).expect("a payload"), r#""hello, world""#);
        assert_eq!(payload("7", &["--text"]).expect("a payload"), r#""7""#);
        let refused = payload("{bad", &["--json"]).expect_err("it is none").to_string();
        assert!(refused.starts_with("expected DATA to be JSON: "), "{refused}");
    }
}
