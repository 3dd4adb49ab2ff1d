//! The result on one page of Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::verdicts::{Difference, Outcome, Outcomes, Verdict, Verdicts};

/// What became of one side.
pub(super) struct SideResult {
    subject: String,
    transport: &'static str,
    /// Cases by both verdicts.
    counts: BTreeMap<String, usize>,
    pub(super) differences: usize,
}

impl SideResult {
    pub(super) fn new(
        subject: &str,
        transport: &'static str,
        actual: &Outcomes,
        differences: usize,
    ) -> Self {
        let mut counts = BTreeMap::new();
        for outcome in actual.values() {
            *counts.entry(outcome.verdict.to_string()).or_default() += 1;
        }
        Self { subject: subject.to_owned(), transport, counts, differences }
    }
}

/// Everything that was tested, on one page that begins with what it is `about`.
pub(super) fn overview(about: &str, results: &[SideResult]) -> String {
    let mut page = format!(
        "# Autobahn|Testsuite 25.10.1\n\n{about}\n\n`behavior / behaviorClose`, and how many cases have them. 301 of the \
         517 cases are not about compression.\n\n",
    );
    page += "| tested | over | cases | verdicts | not as in `autobahn/expected.json` |\n";
    page += "|---|---|---|---|---|\n";
    for SideResult { subject, transport, counts, differences } in results {
        let cases: usize = counts.values().sum();
        let by_number = counts.iter().map(|(verdict, count)| format!("{count} {verdict}"));
        let verdicts = by_number.collect::<Vec<_>>().join(", ");
        let _ =
            writeln!(page, "| {subject} | {transport} | {cases} | {verdicts} | {differences} |");
    }
    page
}

/// Counts by section, then every difference with the page that shows it.
pub(super) fn markdown(
    subject: &str,
    expected: &Verdicts,
    actual: &Outcomes,
    differences: &[Difference],
) -> String {
    let mut page = format!("# Autobahn|Testsuite 25.10.1\n\nTested: {subject}\n\n");
    let result = match differences.len() {
        0 => format!("All {} verdicts are as expected.", expected.len()),
        count => format!("{count} differences from the {} expected verdicts.", expected.len()),
    };
    page += &result;
    page += "\n\n## Cases by section\n\n";
    page += &sections(actual);
    if !differences.is_empty() {
        page += "\n## Differences\n\n`behavior / behaviorClose` of each case.\n\n";
        page += "| case | expected | reported |\n|---|---|---|\n";
        for difference in differences {
            let Difference { case, expected, actual } = difference;
            let expected =
                expected.as_ref().map_or_else(|| "not expected".to_owned(), Verdict::to_string);
            let actual = actual.as_ref().map_or_else(|| "missing".to_owned(), link);
            page += &format!("| {case} | {expected} | {actual} |\n");
        }
    }
    page += "\n## Reports\n\n";
    page += &reports(actual);
    page
}

fn link(outcome: &Outcome) -> String {
    format!("[{}]({})", outcome.verdict, outcome.page)
}

fn sections(actual: &Outcomes) -> String {
    let mut counts: BTreeMap<u32, BTreeMap<&str, usize>> = BTreeMap::new();
    for (case, outcome) in actual {
        *counts.entry(case.section()).or_default().entry(&outcome.verdict.behavior).or_default() +=
            1;
    }
    let behaviors: BTreeSet<_> = counts.values().flat_map(BTreeMap::keys).copied().collect();

    let mut table = String::from("| section |");
    for behavior in &behaviors {
        let _ = write!(table, " {behavior} |");
    }
    table += &format!("\n|---|{}\n", "---|".repeat(behaviors.len()));
    for (section, counts) in &counts {
        let _ = write!(table, "| {section} |");
        for behavior in &behaviors {
            let _ = write!(table, " {} |", counts.get(behavior).unwrap_or(&0));
        }
        table.push('\n');
    }
    table
}

fn reports(actual: &Outcomes) -> String {
    let folders: BTreeSet<_> =
        actual.values().filter_map(|outcome| outcome.page.split('/').next()).collect();
    folders.iter().map(|folder| format!("- [{folder}]({folder}/index.html)\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autobahn::verdicts::{compare, parse_expected, parse_report};

    #[test]
    fn the_overview_has_a_line_for_each_side() {
        let json = r#"{"s": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK", "reportfile": "a.json"},
            "1.1.2": {"behavior": "OK", "behaviorClose": "OK", "reportfile": "b.json"},
            "7.1.6": {"behavior": "INFORMATIONAL", "behaviorClose": "OK", "reportfile": "c.json"}}}"#;
        let actual = parse_report(json, "shard-1").expect("valid");
        let page = overview(
            "2026-11-28",
            &[
                SideResult::new("our server", "ws", &actual, 1),
                SideResult::new("our server", "wss", &actual, 0),
            ],
        );
        assert!(page.contains("\n\n2026-11-28\n\n"), "{page}");
        assert!(
            page.ends_with(
                "| our server | ws | 3 | 1 INFORMATIONAL / OK, 2 OK / OK | 1 |\n| our server | wss | 3 | 1 INFORMATIONAL / OK, 2 OK / OK | 0 |\n"
            ),
            "{page}"
        );
    }

    #[test]
    fn the_page_counts_by_section_and_lists_what_differs() {
        let expected = r#"{"client": {}, "server": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK"},
            "2.1": {"behavior": "OK", "behaviorClose": "OK"}}}"#;
        let report = r#"{"server": {
            "1.1.1": {"behavior": "OK", "behaviorClose": "OK", "reportfile": "server_case_1_1_1.json"},
            "2.1": {"behavior": "FAILED", "behaviorClose": "OK", "reportfile": "server_case_2_1.json"}}}"#;
        let expected = parse_expected(expected).expect("valid").server;
        let actual = parse_report(report, "shard-1").expect("valid");
        let page = markdown("ws://example/", &expected, &actual, &compare(&expected, &actual));

        assert!(page.contains("1 differences from the 2 expected verdicts."));
        assert!(
            page.contains(
                "| section | FAILED | OK |\n|---|---|---|\n| 1 | 0 | 1 |\n| 2 | 1 | 0 |\n"
            )
        );
        assert!(page.contains("| 2.1 | OK / OK | [FAILED / OK](shard-1/server_case_2_1.html) |\n"));
        assert!(page.contains("- [shard-1](shard-1/index.html)\n"));
    }
}
