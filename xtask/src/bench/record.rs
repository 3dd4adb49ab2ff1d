//! What was measured, as a page of Markdown.

use std::fmt::Write;

use super::idle::Idle;
use super::machine::Surroundings;
use super::measure::{Entry, Measured, Pace};
use super::plan::{Figure, Program, Scenario};
use super::statistics::{quantile, spread};
use super::targets::{self, Verdict};

/// All that one run found.
pub(super) struct Findings {
    pub(super) measured: Vec<Measured>,
    pub(super) idle: Vec<Idle>,
    /// What the plan has and this run does not, and why.
    pub(super) left_out: Vec<String>,
    pub(super) pace: Pace,
    /// The load of the machine before and after.
    pub(super) load: (String, String),
}

/// The whole page.
pub(super) fn page(findings: &Findings, surroundings: &Surroundings, command: &str) -> String {
    let mut page = head(findings, surroundings, command);
    page.push_str(&verdicts(&targets::judge(&findings.measured, &findings.idle)));
    page.push_str(&tables(findings));
    let failures: Vec<_> =
        findings.measured.iter().flat_map(|measured| &measured.failures).collect();
    if !failures.is_empty() {
        page.push_str("\n## Turns that failed\n\n");
        for failure in failures {
            let _ = writeln!(page, "- {}", failure.lines().next().unwrap_or_default());
        }
    }
    page
}

/// The tables alone.
pub(super) fn tables(findings: &Findings) -> String {
    let mut text = String::new();
    for measured in &findings.measured {
        let _ = writeln!(text, "\n## {}", measured.table.title);
        for figure in measured.table.figures {
            text.push_str(&values(measured, *figure));
        }
        for figure in measured.table.figures.iter().filter(|one| **one != Figure::Bytes) {
            text.push_str(&ratios(measured, *figure));
        }
        text.push_str(&noise(measured));
    }
    text.push_str(&idle(findings));
    text
}

fn head(findings: &Findings, surroundings: &Surroundings, command: &str) -> String {
    let Surroundings { date, machine, commit, versions } = surroundings;
    let (before, after) = &findings.load;
    let mut text = format!(
        "# {date}, {machine}, loopback\n\nCommit {commit}, `cargo build --release`: the binary that a user runs. To repeat it:\n\n```sh\n{command}\n```\n\n\
        The load of the machine was {before} before and {after} afterwards.\n\n{HOW}\n\n{} rounds. Taking part: {versions}.\n",
        findings.pace.rounds
    );
    if !findings.left_out.is_empty() {
        text.push_str("\nLeft out:\n\n");
        for what in &findings.left_out {
            let _ = writeln!(text, "- {what}");
        }
    }
    text
}

const HOW: &str = "\
All servers of a table are up at once, with one thread each and on processor 0 unless a row says otherwise, and the load generator, `sockeye bench`, is on processor 1.
They take turns of half a second, in the opposite order every other round; one round before is not counted.
A figure is the 25th percentile of a server's turns; processor time includes the kernel's work, as `/proc` has it, and what `ksoftirqd` of that processor did meanwhile.
A ratio is the median of those of two turns of the same round, ours divided by theirs, with its 95 % confidence interval (bootstrap) in parentheses: compare by these, and only within a table.
The peers are the small servers of `crates/rivals/bench-peers`, compiled for this very processor, each library as it is usually used; ours is compiled for any.
In fan-out our publisher is itself a subscriber that is left out, and with the peers it is not one.";

fn verdicts(verdicts: &[Verdict]) -> String {
    if verdicts.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Targets\n\nNot decided: the median is above, and the interval reaches the target. Bare: what a server has that does nothing else.\n\n| wanted | found | bare | |\n|---|---|---|---|\n",
    );
    for Verdict { wanted, found, bare, word } in verdicts {
        let bare = bare.as_deref().unwrap_or_default();
        let _ = writeln!(text, "| {wanted} | {found} | {bare} | {word} |");
    }
    text
}

/// The 25th percentiles, the lowest of the first column first, the floor and ours above all.
fn values(measured: &Measured, figure: Figure) -> String {
    let scenarios = &measured.scenarios;
    let low = |entry: &Entry, scenario: &Scenario| {
        quantile(&measured.values(scenario, entry, figure), 0.25)
    };
    let mut entries = measured.entries.clone();
    let first = |entry: &Entry| low(entry, scenarios[0]).unwrap_or(f64::MAX);
    entries.sort_by(|one, other| {
        place(one).cmp(&place(other)).then(first(one).total_cmp(&first(other)))
    });
    let cell = |entry: &Entry, scenario: &Scenario| {
        let shown = low(entry, scenario).map_or_else(|| "-".to_owned(), number);
        if place(entry) == OURS { format!("**{shown}**") } else { shown }
    };
    table(&titled(measured, figure), scenarios, &entries, cell)
}

/// A table of how ours compare with the others, for each of ours.
fn ratios(measured: &Measured, figure: Figure) -> String {
    let (ours, theirs): (Vec<Entry>, Vec<Entry>) =
        measured.entries.iter().partition(|entry| place(entry) == OURS);
    let mut text = String::new();
    for one in ours {
        let cell = |entry: &Entry, scenario: &Scenario| {
            let ratio = measured.ratio(scenario, &one, entry, figure);
            ratio.map_or_else(|| "-".to_owned(), |ratio| targets::shown(&ratio))
        };
        let title = format!("{}, divided by theirs: {}", one.label(), titled(measured, figure));
        if !theirs.is_empty() {
            text.push_str(&table(&title, &measured.scenarios, &theirs, cell));
        }
    }
    text
}

/// How many turns there were, and how they differ.
fn noise(measured: &Measured) -> String {
    let figure = measured.table.figures[0];
    let cell = |entry: &Entry, scenario: &Scenario| {
        let values = measured.values(scenario, entry, figure);
        let spread = spread(&values).map_or_else(|| "-".to_owned(), percent);
        format!("{}, {spread}", values.len())
    };
    let title = "Noise: turns, and the spread of their middle half";
    table(title, &measured.scenarios, &measured.entries, cell)
}

fn idle(findings: &Findings) -> String {
    if findings.idle.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n## Idle connections: user-space bytes each, of {}\n\n| | idle | after one echo of 1 KiB |\n|---|---|---|\n",
        findings.pace.idle_connections
    );
    for Idle { entry, untouched, after_echo } in &findings.idle {
        let mark = if place(entry) == OURS { "**" } else { "" };
        let (untouched, after_echo) = (number(*untouched), number(*after_echo));
        let label = entry.label();
        let _ = writeln!(
            text,
            "| {mark}{label}{mark} | {mark}{untouched}{mark} | {mark}{after_echo}{mark} |"
        );
    }
    text
}

fn titled(measured: &Measured, figure: Figure) -> String {
    figure.title(measured.scenarios[0].traffic).to_owned()
}

fn table(
    title: &str,
    scenarios: &[&'static Scenario],
    entries: &[Entry],
    cell: impl Fn(&Entry, &Scenario) -> String,
) -> String {
    let columns: String = scenarios.iter().map(|one| format!(" {} |", one.title)).collect();
    let mut text = format!("\n{title}\n\n| |{columns}\n|---|{}\n", "---|".repeat(scenarios.len()));
    for entry in entries {
        let label = match place(entry) {
            FLOOR => format!("*{}*", entry.label()),
            OURS => format!("**{}**", entry.label()),
            _ => entry.label(),
        };
        let cells: String =
            scenarios.iter().map(|one| format!(" {} |", cell(entry, one))).collect();
        let _ = writeln!(text, "| {label} |{cells}");
    }
    text
}

fn place(entry: &Entry) -> u8 {
    match entry.contender.program {
        Program::Peers(["bare" | "floor", ..]) => FLOOR,
        Program::Sockeye(_) => OURS,
        _ => OURS + 1,
    }
}

const FLOOR: u8 = 0;
const OURS: u8 = 1;

/// With commas, and with a decimal where it is small.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_easily() {
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(412.6), "413");
        assert_eq!(number(416_123.0), "416,123");
        assert_eq!(number(1_416_123.0), "1,416,123");
        assert_eq!(percent(0.126), "13 %");
    }
}
