//! The values of settings: what is expected, and how it is read.

use crate::cli;
use bytesize::ByteSize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use sockeye::DriverKind;
use sockeye::protocol::deflate::DeflateMode;
use sockeye_hub::{Access, Pattern, Rate, SlowPolicy, State};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// A function for `deserialize_with` for each kind of value. What is optional in a table is `Some` of it.
macro_rules! readers {
    ($($name:ident: $type:ty = $visitor:expr;)*) => {
        $(
            pub(super) fn $name<'de, D: Deserializer<'de>, T: From<$type>>(
                from: D,
            ) -> Result<T, D::Error> {
                from.deserialize_any($visitor).map(T::from)
            }
        )*
    };
}

readers! {
    access: Access = Choice(ACCESS);
    slow: SlowPolicy = Choice(SLOW);
    state: State = Choice(STATE);
    pattern: Pattern = Text(parse_pattern);
    rate: Rate = Text(parse_rate);
    history_size: usize = Number(0, 100_000);
    state_keys_max: usize = Number(1, 1_000_000);
    history_ttl: Duration = Time("1s", "30days");
    heartbeat: Duration = Time("1s", "1h");
    session_grace: Duration = Time("0s", "4m");
    payload_max: usize = Text(parse_payload_max);
    persistence: () = Text(parse_persistence);
    bind: SocketAddr = Text(cli::parse_bind);
    driver: DriverKind = Text(cli::parse_driver);
    message_max: ByteSize = Text(cli::parse_message_max);
    deflate: DeflateMode = Text(cli::parse_deflate);
    busy_poll: Duration = Text(cli::parse_busy_poll);
    backend: String = Text(cli::parse_backend);
    workers: u16 = Number(1, 1024);
    deflate_level: u8 = Number(1, 9);
    shutdown_time: Duration = Time("0s", "1h");
}

/// A text that a function reads. It reads no empty one, and says then what it expects.
struct Text<T>(fn(&str) -> Result<T, String>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = (self.0)("").err().unwrap_or_default();
        f.write_str(expected.strip_prefix("expected ").unwrap_or(&expected))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

/// One of some words.
struct Choice<T: 'static>(&'static [(&'static str, T)]);

impl<T: Copy> Visitor<'_> for Choice<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (word, _)) in self.0.iter().enumerate() {
            let before = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}\"{word}\"")?;
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let chosen = self.0.iter().find(|(word, _)| *word == text);
        chosen
            .map(|(_, value)| *value)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A whole number, from and to.
struct Number<T>(T, T);

impl<T: TryFrom<i64> + PartialOrd + fmt::Display> Visitor<'_> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number from {} to {}", self.0, self.1)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let read = T::try_from(number).ok();
        read.filter(|read| (&self.0..=&self.1).contains(&read))
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

/// A time with its unit, from and to.
struct Time(&'static str, &'static str);

impl Visitor<'_> for Time {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a time from \"{}\" to \"{}\"", self.0, self.1)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        let bound = |text| humantime::parse_duration(text).expect("a time of this file");
        let range = bound(self.0)..=bound(self.1);
        let read = humantime::parse_duration(text).ok();
        read.filter(|read| range.contains(read))
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn parse_pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.to_string())
}

/// Reads `10/s`, `600/m`, `5/10s`.
pub(super) fn parse_rate(text: &str) -> Result<Rate, String> {
    let read = || {
        let (count, period) = text.split_once('/')?;
        let count = count.parse().ok().filter(|count| (1..=1_000_000).contains(count))?;
        let has_number = period.starts_with(|first: char| first.is_ascii_digit());
        let period = if has_number { period.to_owned() } else { format!("1{period}") };
        let period = humantime::parse_duration(&period).ok()?;
        let range = Duration::from_millis(1)..=Duration::from_secs(3600);
        range.contains(&period).then_some(Rate { count, period })
    };
    read().ok_or_else(|| {
        "expected so many in so much time, from 1 to 1000000 in 1ms to 1h, such as \"10/s\" or \"5/10s\"".to_owned()
    })
}

fn parse_payload_max(text: &str) -> Result<usize, String> {
    let size = text.parse::<ByteSize>().ok().map(|size| size.as_u64());
    size.filter(|size| (1..=PAYLOAD_MAX).contains(size))
        .map(|size| size as usize)
        .ok_or_else(|| "expected a size from 1B to 64MiB, such as \"64KiB\"".to_owned())
}

fn parse_persistence(text: &str) -> Result<(), String> {
    match text {
        "memory" => Ok(()),
        _ => Err(
            "expected \"memory\": nothing else exists yet, and what is in memory ends with the server"
                .to_owned(),
        ),
    }
}

/// Of a payload: it has to fit into an answer that is caught up with.
const PAYLOAD_MAX: u64 = 64 * 1024 * 1024;

/// Words for [`Access`].
pub(super) const ACCESS: &[(&str, Access)] = &[
    ("everybody", Access::Everybody),
    ("users", Access::Users),
    ("granted", Access::Granted),
    ("nobody", Access::Nobody),
];

/// Words for [`SlowPolicy`].
pub(super) const SLOW: &[(&str, SlowPolicy)] = &[
    ("replay", SlowPolicy::Replay),
    ("drop-oldest", SlowPolicy::DropOldest),
    ("conflate", SlowPolicy::Conflate),
    ("disconnect", SlowPolicy::Disconnect),
];

/// Words for [`State`].
pub(super) const STATE: &[(&str, State)] =
    &[("none", State::None), ("last", State::Last), ("keyed", State::Keyed)];

/// The word for a value.
pub(super) fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, one)| one == value).map_or("?", |(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_a_number_and_a_time() {
        let rate = |count, millis| Ok(Rate { count, period: Duration::from_millis(millis) });
        assert_eq!(parse_rate("10/s"), rate(10, 1000));
        assert_eq!(parse_rate("600/m"), rate(600, 60_000));
        assert_eq!(parse_rate("5/10s"), rate(5, 10_000));
        for wrong in ["", "10", "/s", "0/s", "10/", "10/fortnight", "10/0s", "-1/s"] {
            assert!(parse_rate(wrong).is_err_and(|error| error.contains("10/s")), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(parse_payload_max("64KiB"), Ok(65536));
        for wrong in ["", "0", "65MiB", "much"] {
            assert!(parse_payload_max(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_memory_persists_nothing() {
        assert_eq!(parse_persistence("memory"), Ok(()));
        assert!(
            parse_persistence("disk").is_err_and(|error| error.contains("nothing else exists"))
        );
    }
}
