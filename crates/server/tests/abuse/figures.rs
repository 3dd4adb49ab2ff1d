//! What was measured, and the table of it.

use crate::attacks::Attack;
use std::fmt::Write;
use std::time::Duration;

/// What one attack cost. Memory is in bytes, on top of what the server had before.
pub(crate) struct Figures {
    /// What the offenders got.
    pub(crate) answers: String,
    pub(crate) peak: usize,
    pub(crate) after: usize,
    /// What the formula allows, or less.
    pub(crate) allowed: usize,
    pub(crate) heard: Heard,
}

/// What innocent clients heard during an attack.
pub(crate) struct Heard {
    pub(crate) replies: usize,
    pub(crate) p99: Duration,
    pub(crate) longest: Duration,
}

impl Heard {
    pub(crate) fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let p99 = latencies[latencies.len() * 99 / 100];
        Self { replies: latencies.len(), p99, longest: latencies[latencies.len() - 1] }
    }
}

/// A table in Markdown, with a row for each attack.
pub(crate) fn table(results: &[(&Attack, Option<Figures>)]) -> String {
    let mut table = String::from(
        "| attack | offenders | they get | peak memory | of | after | innocent replies | p99 | longest |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (Attack { name, offenders, .. }, figures) in results {
        let row = figures.as_ref().map_or_else(
            || "**not survived** | | | | | |".to_owned(),
            |Figures { answers, peak, after, allowed, heard }| {
                format!(
                    "{answers} | {} | {} | {} | {} | {} | {} |",
                    mebibytes(*peak),
                    mebibytes(*allowed),
                    mebibytes(*after),
                    heard.replies,
                    milliseconds(heard.p99),
                    milliseconds(heard.longest)
                )
            },
        );
        writeln!(table, "| {name} | {offenders} | {row}").expect("a string takes all");
    }
    table
}

fn mebibytes(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
