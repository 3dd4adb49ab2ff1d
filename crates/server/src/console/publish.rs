//! `sockeye pub`.

use super::connection::Connection;
use super::{ConsoleError, Server};
use clap::Args;
use serde_json::{Value, json};
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
        let mut publish = json!({ "channel": self.channel, "data": payload(&data) });
        if let Some(key) = &self.key {
            publish["key"] = json!(key);
        }
        let mut connection = Connection::open(&self.server, None)?;
        connection.send(&[("publish", publish)])?;
        loop {
            if let Some(said) = connection.next()?.filter(|said| said.kind == "published") {
                connection.close();
                return Ok(format!("{}\n", said.body));
            }
        }
    }
}

fn read_input() -> Result<String, ConsoleError> {
    let mut text = String::new();
    let read = io::stdin().take(INPUT_SIZE_MAX).read_to_string(&mut text);
    read.map_err(|error| ConsoleError::Refused(format!("standard input: {error}")))?;
    Ok(text)
}

/// JSON as it is, anything else as a text.
fn payload(data: &str) -> Value {
    serde_json::from_str(data).unwrap_or_else(|_| Value::from(data))
}

/// Bytes of standard input: more is no message.
const INPUT_SIZE_MAX: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_json_and_the_rest_is_text() {
        assert_eq!(payload(r#"{"a":1}"#), json!({ "a": 1 }));
        assert_eq!(payload("7"), json!(7));
        assert_eq!(payload("hello, world"), json!("hello, world"));
    }
}
