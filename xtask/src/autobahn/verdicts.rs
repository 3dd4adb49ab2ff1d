//! What the suite said about each case, and how that differs from what was expected.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};
use serde::Deserialize;

pub(super) type Verdicts = BTreeMap<CaseId, Verdict>;
pub(super) type Outcomes = BTreeMap<CaseId, Outcome>;

/// The number of a case, such as 7.13.1. Ordered as numbers: 7.9.1 comes before 7.13.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct CaseId(Vec<u32>);

impl CaseId {
    /// Whether the case is meant by `pattern`: its number, or a beginning of it and a star.
    pub(super) fn matches(&self, pattern: &str) -> bool {
        let number = self.to_string();
        match pattern.strip_suffix('*') {
            Some(beginning) => number.starts_with(beginning),
            None => number == pattern,
        }
    }

    /// About how long the case takes, in hundredths of a second, as measured.
    pub(super) fn cost(&self) -> u32 {
        match *self.0 {
            // Messages by their size, up to 128 KiB; from 11 on in frames.
            [12 | 13, _, size] => {
                let sizes = [
                    25, 25, 25, 30, 40, 50, 65, 125, 250, 450, 100, 200, 300, 650, 950, 600, 450,
                    400,
                ];
                sizes.get(size as usize - 1).copied().unwrap_or(500)
            }
            // These wait.
            [6, 4, _] => 200,
            [5, 19 | 20] => 100,
            [9, _, _] => 15,
            _ => 1,
        }
    }

    /// Whether the case is about permessage-deflate.
    pub(super) fn is_compressed(&self) -> bool {
        matches!(self.section(), 12 | 13)
    }

    /// Whether it is of the few with compression that stand for all: messages of 16 bytes, and in frames.
    pub(super) fn is_one_of_few(&self) -> bool {
        matches!(*self.0, [12 | 13, _, 1 | 11])
    }

    /// The part of the suite that the case belongs to.
    pub(super) fn section(&self) -> u32 {
        self.0[0]
    }
}

impl FromStr for CaseId {
    type Err = Error;

    fn from_str(number: &str) -> Result<Self> {
        let parts = number.split('.').map(str::parse).collect::<Result<_, _>>();
        Ok(Self(parts.with_context(|| format!("not the number of a case: {number:?}"))?))
    }
}

impl TryFrom<String> for CaseId {
    type Error = Error;

    fn try_from(number: String) -> Result<Self> {
        number.parse()
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(u32::to_string).collect();
        formatter.write_str(&parts.join("."))
    }
}

/// The suite's words about one case: about what was sent back, and about how the connection closed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    pub(super) behavior: String,
    pub(super) behavior_close: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} / {}", self.behavior, self.behavior_close)
    }
}

/// A verdict of a report, and the page that shows what went over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    /// Relative to the folder of the whole report.
    pub(super) page: String,
}

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) case: CaseId,
    /// `None`: nobody expected this case.
    pub(super) expected: Option<Verdict>,
    /// `None`: the report does not have this case.
    pub(super) actual: Option<Outcome>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.expected, &self.actual) {
            (Some(expected), Some(actual)) => {
                write!(
                    formatter,
                    "{}: {} instead of {expected} ({})",
                    self.case, actual.verdict, actual.page
                )
            }
            (Some(expected), None) => {
                write!(formatter, "{}: missing, expected {expected}", self.case)
            }
            (None, Some(actual)) => {
                write!(formatter, "{}: {}, but not expected at all", self.case, actual.verdict)
            }
            (None, None) => unreachable!("a difference is made from one side at least"),
        }
    }
}

/// Every case on which the two do not agree, in the order of the suite.
pub(super) fn compare(expected: &Verdicts, actual: &Outcomes) -> Vec<Difference> {
    let differs =
        |case: &&CaseId| expected.get(case) != actual.get(case).map(|outcome| &outcome.verdict);
    let unexpected = actual.keys().filter(|case| !expected.contains_key(case));
    let mut cases: Vec<_> = expected.keys().chain(unexpected).filter(differs).collect();
    cases.sort();
    cases
        .into_iter()
        .map(|case| Difference {
            case: case.clone(),
            expected: expected.get(case).cloned(),
            actual: actual.get(case).cloned(),
        })
        .collect()
}

/// Reads `expected.json`: side to case to verdict.
pub(super) fn parse_expected(json: &str) -> Result<Expected> {
    Ok(serde_json::from_str(json)?)
}

/// What each side of ours has to get.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    pub(super) server: Verdicts,
    pub(super) client: Verdicts,
}

/// What several reports say together.
pub(super) fn merge(reports: impl Iterator<Item = Result<Outcomes>>) -> Result<Outcomes> {
    let mut merged = Outcomes::new();
    for report in reports {
        for (case, outcome) in report? {
            let is_new = merged.insert(case.clone(), outcome).is_none();
            ensure!(is_new, "case {case} is in two reports");
        }
    }
    Ok(merged)
}

/// Reads the `index.json` of a report in the folder `directory`: agent to case to verdict, with one agent.
pub(super) fn parse_report(json: &str, directory: &str) -> Result<Outcomes> {
    let agents: HashMap<String, HashMap<CaseId, Reported>> = serde_json::from_str(json)?;
    ensure!(agents.len() <= 1, "the report is about more than one agent");
    let page = |file: &str| format!("{directory}/{}", file.replace(".json", ".html"));
    Ok(agents
        .into_values()
        .flatten()
        .map(|(case, reported)| {
            (case, Outcome { page: page(&reported.reportfile), verdict: reported.verdict })
        })
        .collect())
}

#[derive(Deserialize)]
struct Reported {
    #[serde(flatten)]
    verdict: Verdict,
    reportfile: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: &str = r#"{
        "server": {
            "7.9.1": {"behavior": "OK", "behaviorClose": "OK"},
            "7.13.1": {"behavior": "INFORMATIONAL", "behaviorClose": "INFORMATIONAL"}
        },
        "client": {}
    }"#;

    #[test]
    fn the_same_verdicts_are_no_difference() {
        assert_eq!(
            differences(&[("7.9.1", "OK", "OK"), ("7.13.1", "INFORMATIONAL", "INFORMATIONAL")]),
            [""; 0]
        );
    }

    #[test]
    fn a_worse_behavior_is_a_difference() {
        assert_eq!(
            differences(&[
                ("7.9.1", "NON-STRICT", "OK"),
                ("7.13.1", "INFORMATIONAL", "INFORMATIONAL")
            ]),
            ["7.9.1: NON-STRICT / OK instead of OK / OK (shard-1/server_case_7_9_1.html)"]
        );
    }

    #[test]
    fn a_better_close_than_expected_is_a_difference_too() {
        assert_eq!(
            differences(&[("7.9.1", "OK", "OK"), ("7.13.1", "INFORMATIONAL", "OK")]),
            [
                "7.13.1: INFORMATIONAL / OK instead of INFORMATIONAL / INFORMATIONAL (shard-1/server_case_7_13_1.html)"
            ]
        );
    }

    #[test]
    fn a_missing_and_an_unexpected_case_are_differences_in_the_order_of_the_suite() {
        assert_eq!(
            differences(&[("7.10.1", "OK", "OK"), ("7.9.1", "OK", "OK")]),
            [
                "7.10.1: OK / OK, but not expected at all",
                "7.13.1: missing, expected INFORMATIONAL / INFORMATIONAL"
            ]
        );
    }

    #[test]
    fn a_report_without_a_server_has_no_cases() {
        assert_eq!(parse_report("{}", "shard-1").expect("valid"), Outcomes::new());
    }

    #[test]
    fn a_report_about_two_servers_is_refused() {
        assert!(parse_report(r#"{"one": {}, "two": {}}"#, "shard-1").is_err());
    }

    #[test]
    fn a_case_number_that_is_none_is_refused() {
        let json =
            r#"{"client": {}, "server": {"7.x": {"behavior": "OK", "behaviorClose": "OK"}}}"#;
        assert!(parse_expected(json).is_err());
        assert!(parse_expected(&json.replace("7.x", "7.1")).is_ok());
    }

    #[test]
    fn expectations_without_one_of_the_sides_are_refused() {
        assert!(parse_expected(r#"{"server": {}}"#).is_err());
        assert!(parse_expected(r#"{"client": {}}"#).is_err());
    }

    #[test]
    fn a_case_in_two_reports_is_refused() {
        let json = r#"{"client": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK",
            "duration": 1, "reportfile": "client_case_1_1_1.json"}}}"#;
        let once = || parse_report(json, "shard-1");
        assert_eq!(merge([once(), Ok(Outcomes::new())].into_iter()).expect("one").len(), 1);
        assert!(merge([once(), once()].into_iter()).is_err());
    }

    #[test]
    fn a_pattern_means_one_case_or_all_that_begin_so() {
        let case: CaseId = "12.1.3".parse().expect("a number");
        assert!(["12.1.3", "12.1.*", "12.*", "*"].iter().all(|pattern| case.matches(pattern)));
        assert!(["12.1", "1.*", "12.1.3.*"].iter().all(|pattern| !case.matches(pattern)));
    }

    /// Every difference of a report with these cases, as it is printed.
    fn differences(report: &[(&str, &str, &str)]) -> Vec<String> {
        let cases: Vec<_> = report
            .iter()
            .map(|(case, behavior, close)| {
                let file = format!("server_case_{}.json", case.replace('.', "_"));
                format!(
                    r#""{case}": {{"behavior": "{behavior}", "behaviorClose": "{close}", "duration": 3, "reportfile": "{file}"}}"#
                )
            })
            .collect();
        let report = parse_report(&format!(r#"{{"server": {{{}}}}}"#, cases.join(",")), "shard-1");
        let expected = parse_expected(EXPECTED).expect("valid").server;
        compare(&expected, &report.expect("valid")).iter().map(ToString::to_string).collect()
    }
}
