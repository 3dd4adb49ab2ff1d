//! What was set out to reach, and whether it was.

use super::idle::Idle;
use super::measure::{Entry, Measured};
use super::plan::{Driver, Figure, Scenario};
use super::statistics::{Ratio, quantile};

/// Ours divided by theirs is to be this at most.
struct Target {
    table: &'static str,
    scenario: &'static str,
    figure: Figure,
    /// One of ours, with whichever driver is better.
    ours: &'static str,
    /// The best of these.
    theirs: &'static [&'static str],
    at_most: f64,
    /// Ours is to be this much more at most, instead of so many times as much.
    more_at_most: Option<f64>,
}

/// A line of the list: what was wanted, what was found, and what that means.
pub(super) struct Verdict {
    pub(super) wanted: String,
    pub(super) found: String,
    /// What a server that does nothing else has in place of ours, where it was measured beside others'.
    pub(super) bare: Option<String>,
    pub(super) word: &'static str,
}

/// Judges all that was measured; what was not is no target.
pub(super) fn judge(measured: &[Measured], idle: &[Idle]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for target in TARGETS {
        let table = measured.iter().find(|measured| measured.table.name == target.table);
        let Some((measured, scenario)) = table.and_then(|table| {
            let mut scenarios = table.scenarios.iter();
            Some((table, scenarios.find(|scenario| scenario.name == target.scenario)?))
        }) else {
            continue;
        };
        verdicts.extend(Judging { target, measured, scenario }.verdicts());
    }
    for table in measured {
        verdicts.extend(drivers(table));
    }
    for (name, at_most) in IDLE {
        let ours = |idle: &&Idle| idle.entry.name() == *name;
        verdicts.extend(idle.iter().find(ours).map(|idle| judge_idle(idle, *at_most)));
    }
    verdicts
}

/// A target, and where it was measured.
struct Judging<'m> {
    target: &'m Target,
    measured: &'m Measured,
    scenario: &'m Scenario,
}

/// Ours, theirs, and how ours compares.
type Compared = (Entry, Entry, Ratio);

impl Judging<'_> {
    /// Ours with whichever driver compares better with the best of theirs; where theirs is ours too, driver by driver.
    fn verdicts(&self) -> Vec<Verdict> {
        let (ours, theirs) = (self.named(&[self.target.ours]), self.named(self.target.theirs));
        if theirs.iter().any(|theirs| theirs.driver.is_some()) {
            let alike = |ours: &Entry| theirs.iter().find(|theirs| theirs.driver == ours.driver);
            let pairs = ours.iter().filter_map(|ours| self.compare(ours, alike(ours)?));
            return pairs.map(|compared| self.verdict(&compared)).collect();
        }
        let low = |entry: &Entry| {
            let values = self.measured.values(self.scenario, entry, self.target.figure);
            quantile(&values, 0.25).unwrap_or(f64::MAX)
        };
        let Some(best) = theirs.iter().min_by(|one, other| low(one).total_cmp(&low(other))) else {
            return Vec::new();
        };
        let compared = ours.iter().filter_map(|ours| self.compare(ours, best));
        let better = compared.min_by(|(.., one), (.., other)| one.median.total_cmp(&other.median));
        better.iter().map(|compared| self.verdict(compared)).collect()
    }

    fn named(&self, names: &[&str]) -> Vec<Entry> {
        let is_named = |entry: &&Entry| names.contains(&entry.contender.name);
        self.measured.entries.iter().filter(is_named).copied().collect()
    }

    fn compare(&self, ours: &Entry, theirs: &Entry) -> Option<Compared> {
        let Self { target, measured, scenario } = self;
        let compared = match target.more_at_most {
            Some(_) => measured.difference(scenario, ours, theirs, target.figure),
            None => measured.ratio(scenario, ours, theirs, target.figure),
        };
        Some((*ours, *theirs, compared?))
    }

    fn verdict(&self, (ours, theirs, compared): &Compared) -> Verdict {
        let Self { target, measured, scenario } = self;
        let Some(at_most) = target.more_at_most else {
            let bare = measured.entries.iter().find(|entry| entry.contender.name == BARE);
            let bare = bare.and_then(|bare| measured.ratio(scenario, bare, theirs, target.figure));
            return Verdict {
                wanted: wanted(measured, scenario, ours, theirs, target.figure, target.at_most),
                found: shown(compared),
                bare: bare.as_ref().map(shown),
                word: word(compared, target.at_most),
            };
        };
        let (table, scenario) = (measured.table.title, scenario.title);
        let (ours, theirs) = (ours.label(), theirs.label());
        Verdict {
            wanted: format!("{table}, {scenario}: {ours} ≤ {theirs} + {at_most} ns"),
            found: format!("{:.0} ({:.0} to {:.0})", compared.median, compared.low, compared.high),
            bare: None,
            word: word(compared, at_most),
        }
    }
}

/// io_uring is to cost no more than epoll anywhere, but for what is noise.
fn drivers(measured: &Measured) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for scenario in &measured.scenarios {
        for uring in measured.entries.iter().filter(|one| one.driver == Some(Driver::Uring)) {
            let epoll = measured.entries.iter().find(|one| {
                one.contender.name == uring.contender.name && one.driver == Some(Driver::Epoll)
            });
            let ratio = epoll.and_then(|epoll| {
                Some((epoll, measured.ratio(scenario, uring, epoll, Figure::Cpu)?))
            });
            verdicts.extend(ratio.map(|(epoll, ratio)| Verdict {
                wanted: wanted(measured, scenario, uring, epoll, Figure::Cpu, URING_AT_MOST),
                found: shown(&ratio),
                bare: None,
                word: word(&ratio, URING_AT_MOST),
            }));
        }
    }
    verdicts
}

fn judge_idle(idle: &Idle, at_most: f64) -> Verdict {
    let Idle { entry, untouched, after_echo } = idle;
    Verdict {
        wanted: format!(
            "an idle connection: {}, at most {at_most} bytes, after an echo too",
            entry.label()
        ),
        found: format!("{untouched:.0}, {after_echo:.0}"),
        bare: None,
        word: if untouched.max(*after_echo) <= at_most { "met" } else { "missed" },
    }
}

fn wanted(
    measured: &Measured,
    scenario: &Scenario,
    ours: &Entry,
    theirs: &Entry,
    figure: Figure,
    at_most: f64,
) -> String {
    let what = match figure {
        Figure::Cpu => "",
        Figure::P50 => ", p50",
        Figure::P99 => ", p99",
        Figure::Bytes => ", bytes",
    };
    let (table, scenario) = (measured.table.title, scenario.title);
    format!("{table}, {scenario}{what}: {} ≤ {at_most:.2} × {}", ours.label(), theirs.label())
}

/// With its interval, and from how many pairs.
pub(super) fn shown(ratio: &Ratio) -> String {
    format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.low, ratio.high)
}

fn word(ratio: &Ratio, at_most: f64) -> &'static str {
    if ratio.pairs < PAIRS_MIN {
        "too few turns"
    } else if ratio.median <= at_most {
        "met"
    } else if ratio.low <= at_most {
        "not decided"
    } else {
        "missed"
    }
}

const fn cpu(
    table: &'static str,
    scenario: &'static str,
    ours: &'static str,
    theirs: &'static [&'static str],
    at_most: f64,
) -> Target {
    Target { table, scenario, figure: Figure::Cpu, ours, theirs, at_most, more_at_most: None }
}

/// Does what is asked for, and guards nothing.
const BARE: &str = "bare";
const FLOOR: &[&str] = &["floor"];
const UWEBSOCKETS: &[&str] = &["uwebsockets"];
const RUST: &[&str] =
    &["fastwebsockets", "yawc", "sockudo-ws", "tokio-websockets", "tokio-tungstenite"];

const TARGETS: &[Target] = &[
    cpu("echo", "50x32", "sockeye", FLOOR, 1.05),
    cpu("echo", "500x32", "sockeye", FLOOR, 1.05),
    cpu("echo", "5000x32", "sockeye", FLOOR, 1.05),
    cpu("echo", "50x32", "sockeye", UWEBSOCKETS, 1.0),
    cpu("echo", "500x32", "sockeye", UWEBSOCKETS, 1.0),
    cpu("echo", "5000x32", "sockeye", UWEBSOCKETS, 1.0),
    cpu("echo", "50x32x16", "sockeye", UWEBSOCKETS, 0.98),
    cpu("echo", "50x32x16", "sockeye", RUST, 0.08),
    cpu("echo", "50x16k", "sockeye", UWEBSOCKETS, 0.98),
    cpu("echo", "10x1m", "sockeye", UWEBSOCKETS, 0.75),
    cpu("fan-out", "1to1000", "sockeye", UWEBSOCKETS, 0.97),
    cpu("fan-out", "16to1000", "sockeye", UWEBSOCKETS, 0.90),
    cpu("fan-out", "1to10000", "sockeye", UWEBSOCKETS, 0.91),
    Target {
        figure: Figure::P50,
        ..cpu("latency", "1x32", "sockeye-busy-poll", &["spinning-floor"], 1.15)
    },
    Target {
        figure: Figure::P99,
        ..cpu("latency", "1x32", "sockeye-busy-poll", &["spinning-floor"], 1.15)
    },
    cpu("deflate", "50x1k", "sockeye-shared", UWEBSOCKETS, 0.45),
    Target { figure: Figure::Bytes, ..cpu("deflate", "50x1k", "sockeye-shared", UWEBSOCKETS, 1.0) },
    cpu("deflate", "50x1k", "sockeye-takeover", &["sockudo-ws"], 0.25),
    cpu("deflate", "50x1k", "sockeye-takeover", &["bun-takeover"], 0.25),
    Target {
        figure: Figure::Bytes,
        ..cpu("deflate", "50x1k", "sockeye-takeover", &["sockudo-ws"], 1.0)
    },
    Target {
        figure: Figure::Bytes,
        ..cpu("deflate", "50x1k", "sockeye-takeover", &["bun-takeover"], 1.0)
    },
    cpu("deflate-fan-out", "1to1000", "sockeye-shared", &["sockeye"], 1.3),
    cpu("tls", "50x32", "sockeye", &["bun"], 0.90),
    cpu("tls", "50x16k", "sockeye", &["bun"], 0.90),
    cpu("product", "1to1000", "product", &["engine"], 1.15),
    Target {
        more_at_most: Some(50.0),
        ..cpu("product", "16to1000", "product", &["engine"], f64::MAX)
    },
];
const URING_AT_MOST: f64 = 1.05;
/// From fewer pairs an interval says nothing.
const PAIRS_MIN: usize = 7;
/// Bytes by entry.
const IDLE: &[(&str, f64)] = &[
    ("sockeye-epoll", 160.0),
    ("sockeye-uring", 320.0),
    ("sockeye-tls-epoll", 12_288.0),
    ("sockeye-tls-uring", 12_288.0),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::plan::TABLES;

    #[test]
    fn every_target_names_what_the_plan_has() {
        for target in TARGETS {
            let table = TABLES.iter().find(|table| table.name == target.table).expect("a table");
            assert!(table.figures.contains(&target.figure), "{}", target.table);
            assert!(table.scenarios.iter().any(|scenario| scenario.name == target.scenario));
            for name in target.theirs.iter().chain([&target.ours]) {
                assert!(table.contenders.iter().any(|one| one.name == *name), "{name}");
            }
        }
    }

    #[test]
    fn a_ratio_whose_interval_reaches_the_target_is_not_decided() {
        let ratio = |median, low| Ratio { median, low, high: 2.0, pairs: 30 };
        assert_eq!(word(&ratio(0.97, 0.9), 0.98), "met");
        assert_eq!(word(&ratio(0.99, 0.97), 0.98), "not decided");
        assert_eq!(word(&ratio(1.2, 1.1), 0.98), "missed");
        assert_eq!(word(&Ratio { pairs: 3, ..ratio(0.5, 0.4) }, 0.98), "too few turns");
    }
}
