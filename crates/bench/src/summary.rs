//! What a run came to, for people and for programs.

use crate::errors::Errors;
use crate::plan::{Plan, Speech};
use crate::statistics::Statistics;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::fmt;

/// What was measured.
#[derive(Debug)]
pub struct Summary {
    pub(crate) title: String,
    pub(crate) options: Vec<(&'static str, Value)>,
    pub(crate) statistics: Statistics,
    pub(crate) latency: Histogram<u64>,
    errors: Errors,
    messages: u64,
    nanoseconds: u64,
    size: usize,
    is_open_loop: bool,
    is_fan_out: bool,
    unsent: u64,
    /// What was asked for, in nanoseconds.
    duration: u64,
    /// Why it was less, if it was.
    ended_by: Option<String>,
    received_per_message: f64,
    client_per_message: f64,
    server_per_message: Option<f64>,
}

impl Summary {
    pub(crate) fn new(plan: &Plan, mut statistics: Statistics, errors: Errors) -> Self {
        Self {
            title: title(plan),
            options: options(plan),
            latency: statistics.total(),
            statistics,
            errors,
            messages: 0,
            nanoseconds: 0,
            size: plan.size,
            is_open_loop: plan.rate.is_some(),
            is_fan_out: plan.is_fan_out(),
            unsent: 0,
            duration: plan.duration,
            ended_by: None,
            received_per_message: 0.0,
            client_per_message: 0.0,
            server_per_message: None,
        }
    }

    pub(crate) const fn with_messages(mut self, messages: u64, nanoseconds: u64) -> Self {
        self.messages = messages;
        self.nanoseconds = nanoseconds;
        self
    }

    pub(crate) const fn with_costs(
        mut self,
        received: f64,
        client: f64,
        server: Option<f64>,
    ) -> Self {
        self.received_per_message = received;
        self.client_per_message = client;
        self.server_per_message = server;
        self
    }

    pub(crate) const fn with_unsent(mut self, unsent: u64) -> Self {
        self.unsent = unsent;
        self
    }

    /// Says why the run ended before its time.
    pub(crate) fn with_end(mut self, reason: String) -> Self {
        self.ended_by = Some(reason);
        self
    }

    /// Messages that arrived in the measured time and were right; in fan-out, at all subscribers together.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// What was wrong with the answers, the warm-up included.
    #[must_use]
    pub const fn errors(&self) -> &Errors {
        &self.errors
    }

    /// The measured time, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.nanoseconds as f64 / 1e9
    }

    /// Of the measured time.
    #[must_use]
    pub fn messages_per_second(&self) -> f64 {
        self.messages as f64 / self.seconds().max(1e-9)
    }

    /// Nanoseconds under which so many of all messages, from 0 to 1, stayed.
    #[must_use]
    pub fn latency(&self, quantile: f64) -> u64 {
        self.latency.value_at_quantile(quantile)
    }

    /// One object with everything in it, and the options.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let errors: serde_json::Map<_, _> = self
            .errors
            .named()
            .iter()
            .map(|(name, count)| ((*name).to_owned(), json!(count)))
            .collect();
        let mut all = json!({
            "messages": self.messages,
            "seconds": self.seconds(),
            "duration": self.duration as f64 / 1e9,
            "ended_by": self.ended_by,
            "messages_per_second": self.messages_per_second(),
            "bytes": self.messages * self.size as u64,
            "received_bytes_per_message": self.received_per_message,
            "latency_ns": {
                "min": self.latency.min(),
                "p50": self.latency(0.5),
                "p90": self.latency(0.9),
                "p99": self.latency(0.99),
                "p999": self.latency(0.999),
                "max": self.latency.max(),
                "mean": self.latency.mean(),
            },
            "server_cpu_ns_per_message": self.server_per_message,
            "client_cpu_ns_per_message": self.client_per_message,
            "unsent": self.unsent,
            "errors": errors,
        });
        for (name, value) in &self.options {
            all[name] = value.clone();
        }
        all
    }

    /// The lines of the summary: what, how much, and what it means.
    pub(crate) fn lines(&self) -> Vec<(String, String)> {
        let mut lines = vec![
            (
                "messages".to_owned(),
                format!("{} in {:.2} s", thousands(self.messages), self.seconds()),
            ),
            ("per second".to_owned(), thousands(self.messages_per_second() as u64)),
            (
                "payload".to_owned(),
                format!("{}/s", bytes(self.messages_per_second() * self.size as f64)),
            ),
            (
                "received".to_owned(),
                format!("{:.1} bytes per message on the wire", self.received_per_message),
            ),
        ];
        if let Some(server) = self.server_per_message {
            lines.push((
                "server".to_owned(),
                format!("{} ns of processor per message", thousands(server as u64)),
            ));
        }
        let client = thousands(self.client_per_message as u64);
        let client = format!("{client} ns of processor per message");
        lines.push(("generator".to_owned(), client));
        if self.messages == 0 {
            // There is nothing to divide by.
            lines.truncate(1);
        }
        lines
    }

    /// Which quantiles are worth a look, and what they are.
    pub(crate) fn percentiles(&self) -> Vec<(String, String)> {
        if self.latency.is_empty() {
            return vec![("none".to_owned(), "no message had an answer".to_owned())];
        }
        let mut all = vec![("min".to_owned(), time(self.latency.min()))];
        for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
            all.push((name.to_owned(), time(self.latency(quantile))));
        }
        all.push(("max".to_owned(), time(self.latency.max())));
        all.push(("mean".to_owned(), time(self.latency.mean() as u64)));
        all
    }

    /// What went wrong, and what it may mean, a sentence each.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(reason) = &self.ended_by {
            remarks.push(format!(
                "The run ended after {:.2} s of {:.2} s: {reason}",
                self.seconds(),
                self.duration as f64 / 1e9
            ));
        }
        if self.unsent > 0 {
            remarks.push(format!(
                "{} messages were due and could not be sent: the server, or this generator, does not keep up. The latencies count how long they had waited.",
                thousands(self.unsent)
            ));
        }
        let means = [
            ("corrupted", "not as they were sent, or sent by another connection"),
            ("missing", "did not arrive while later ones did"),
            ("repeated", "arrived twice, or after later ones"),
            (
                "unexpected",
                "arrived at publishers; if that is meant so, add --publisher-subscribes",
            ),
            ("unanswered", self.unanswered_means()),
            ("lost connections", "ended before the run did"),
        ];
        for ((_, count), (name, meaning)) in self.errors.named().iter().zip(means) {
            if *count > 0 {
                let name = if *count == 1 { name.trim_end_matches('s') } else { name };
                remarks.push(format!("{} {name}: {meaning}", thousands(*count)));
            }
        }
        remarks
    }

    const fn unanswered_means(&self) -> &'static str {
        match self.is_fan_out {
            true => "deliveries that had not come when the run ended, or two seconds later",
            false => {
                "no answer within two seconds of the end, or ten of the connection's last one, or their connection was lost. The latencies count how long they had waited"
            }
        }
    }

    pub(crate) const fn latency_means(&self) -> &'static str {
        if self.is_open_loop {
            "from when a message was due to its arrival"
        } else {
            "from sending a message to its arrival"
        }
    }
}

/// The table for people.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.title)?;
        for (name, value) in self.lines() {
            writeln!(f, "  {name:<12}{value}")?;
        }
        writeln!(f, "\n  latency, {}", self.latency_means())?;
        for (name, value) in self.percentiles() {
            writeln!(f, "  {name:<12}{value}")?;
        }
        writeln!(f)?;
        for remark in self.remarks() {
            writeln!(f, "  {remark}")?;
        }
        match self.errors.is_empty() {
            true => writeln!(f, "  every answer was checked: no errors"),
            false => Ok(()),
        }
    }
}

fn title(plan: &Plan) -> String {
    let what = match (plan.is_raw, plan.target.speech) {
        (true, _) => "TCP",
        (_, Speech::SocketIo) => "text in events of Socket.IO",
        (_, Speech::Native) => "text published in our own protocol",
        _ => plan.kind.name(),
    };
    let connections = counted(plan.connections, "connection");
    let load = match (plan.rate, plan.is_fan_out()) {
        (Some(rate), true) => format!("{rate} publications per second"),
        (Some(rate), false) => format!("{rate} messages per second"),
        (None, _) => format!("{} at a time", plan.pipeline),
    };
    let deflate = if plan.deflate { ", compressed" } else { "" };
    let fan_out = if plan.is_fan_out() {
        format!(" from {}", counted(plan.publishers, "publisher"))
    } else {
        String::new()
    };
    format!(
        "{}: {connections}{fan_out}, {} bytes of {what}{deflate}, {load}",
        plan.target.url, plan.size
    )
}

fn options(plan: &Plan) -> Vec<(&'static str, Value)> {
    vec![
        ("url", json!(plan.target.url)),
        ("connections", json!(plan.connections)),
        ("size", json!(plan.size)),
        ("pipeline", json!(plan.pipeline)),
        ("rate", json!(plan.rate)),
        ("payload", json!(plan.kind.name())),
        ("deflate", json!(plan.deflate)),
        ("publish", json!(plan.publish.as_ref().map(|target| &target.url))),
        ("publishers", json!(plan.publishers)),
        ("socket_io", json!(plan.target.speech == Speech::SocketIo)),
        ("native", json!(plan.target.speech == Speech::Native)),
        ("raw_tcp", json!(plan.is_raw)),
        ("spin", json!(plan.spin)),
        ("workers", json!(plan.workers)),
        ("warm_up", json!(plan.warm_up as f64 / 1e9)),
        ("ramp", json!(plan.ramp as f64 / 1e9)),
    ]
}

fn counted(count: usize, name: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {name}{plural}", thousands(count as u64))
}

/// A number whose digits can be counted.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Nanoseconds in the unit that suits them.
pub(crate) fn time(nanoseconds: u64) -> String {
    let time = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", time / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", time / 1e6),
        _ => format!("{:.2} s", time / 1e9),
    }
}

pub(crate) fn bytes(bytes: f64) -> String {
    match bytes {
        0.0..1e3 => format!("{bytes:.0} B"),
        1e3..1e6 => format!("{:.1} kB", bytes / 1e3),
        1e6..1e9 => format!("{:.1} MB", bytes / 1e6),
        _ => format!("{:.2} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!((time(999), time(22_449)), ("999 ns".to_owned(), "22.4 µs".to_owned()));
        assert_eq!(
            (time(1_500_000), time(2_000_000_000)),
            ("1.50 ms".to_owned(), "2.00 s".to_owned())
        );
        assert_eq!((bytes(12.0), bytes(2_500_000.0)), ("12 B".to_owned(), "2.5 MB".to_owned()));
    }
}
