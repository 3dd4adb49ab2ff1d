//! What others rely on is written down: each Rust file says what it is, each decision is numbered and listed.

use super::{Finding, TrackedFile};

/// A Rust file begins with its documentation; attributes may come before.
pub(super) fn check_head(file: &TrackedFile, findings: &mut Vec<Finding>) {
    // The macro that a fuzz target consists of takes no documentation; what the target does is in fuzz/src/.
    if file.path.starts_with("fuzz/fuzz_targets/") {
        return;
    }
    let mut lines = (1..).zip(file.text.lines());
    let first = lines.find(|(_, line)| !line.is_empty() && !line.starts_with("#!["));
    let (number, line) = first.unwrap_or((1, ""));
    let has_words = line.strip_prefix("//!").is_some_and(|words| !words.trim().is_empty());
    if !has_words {
        findings.push(file.finding(
            number,
            "a Rust file begins with `//!` and a sentence: write what this one is",
        ));
    }
}

/// The decisions are numbered from 0001 without gaps, and their list names each.
pub(super) fn check_decisions(files: &[TrackedFile], findings: &mut Vec<Finding>) {
    let mut decisions: Vec<_> = files
        .iter()
        .filter(|file| file.path.starts_with(DECISIONS) && file.path.ends_with(".md"))
        .collect();
    decisions.sort_by(|one, other| one.path.cmp(&other.path));
    let list = decisions.iter().position(|file| file.path.ends_with("/README.md"));
    let list = list.map(|place| decisions.remove(place));
    for (number, file) in (1..).zip(&decisions) {
        let name = &file.path[DECISIONS.len()..];
        let number = format!("{number:04}");
        if !name.strip_prefix(&number).is_some_and(|rest| rest.starts_with('-')) {
            let what = format!("decisions count up from 0001: this one is {number}-….md");
            findings.push(file.finding(1, what));
        }
        let title = format!("# {}: ", name.split('-').next().unwrap_or_default());
        if !file.text.starts_with(&title) {
            findings.push(file.finding(1, format!("a decision begins with its title: `{title}…`")));
        }
        if !list.is_some_and(|list| list.text.contains(&format!("]({name})"))) {
            let what = format!("no link to it in {DECISIONS}README.md: add a line there");
            findings.push(file.finding(1, what));
        }
    }
}

const DECISIONS: &str = "docs/decisions/";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::NOTHING;

    #[test]
    fn a_rust_file_without_documentation_is_found() {
        assert_eq!(head("src/a.rs", "\n#![no_std]\n//! What it is.\nuse b;"), NOTHING);
        assert_eq!(head("src/a.rs", "\nuse b;\n//! Late."), [2]);
        assert_eq!(head("src/a.rs", "//!\nuse b;"), [1]);
        assert_eq!(head("src/a.rs", "// What it is.\nuse b;"), [1]);
        assert_eq!(head("src/a.rs", ""), [1]);
        assert_eq!(head("fuzz/fuzz_targets/a.rs", "#![no_main]\nb!();"), NOTHING);
    }

    #[test]
    fn decisions_that_are_numbered_and_listed_pass() {
        let one = ("0001-one.md", "# 0001: one\n");
        let two = ("0002-two.md", "# 0002: two\n");
        assert!(
            decisions(&[two, one, ("README.md", "[a](0001-one.md) [b](0002-two.md)")]).is_empty()
        );
        assert!(decisions(&[]).is_empty());
    }

    #[test]
    fn a_gap_and_a_number_that_is_there_twice_are_found() {
        let list = ("README.md", "[a](0001-one.md) [b](0003-two.md) [c](0001-three.md)");
        let one = ("0001-one.md", "# 0001: one\n");
        assert_eq!(decisions(&[list, one, ("0003-two.md", "# 0003: two\n")]), ["0003-two.md"]);
        assert_eq!(decisions(&[list, one, ("0001-three.md", "# 0001: three")]), ["0001-three.md"]);
    }

    #[test]
    fn a_decision_that_is_not_listed_or_has_another_title_is_found() {
        let one = ("0001-one.md", "# 0001: one\n");
        assert_eq!(decisions(&[one]), ["0001-one.md"]);
        assert_eq!(decisions(&[one, ("README.md", "0001-one.md")]), ["0001-one.md"]);
        let list = ("README.md", "[a](0001-one.md)");
        assert_eq!(decisions(&[list, ("0001-one.md", "# 0002: one\n")]), ["0001-one.md"]);
    }

    fn head(path: &str, text: &str) -> Vec<usize> {
        let mut findings = Vec::new();
        check_head(&TrackedFile::new(path, text), &mut findings);
        findings.iter().map(|finding| finding.line).collect()
    }

    /// The names of the decisions that the rule finds fault with.
    fn decisions(files: &[(&str, &str)]) -> Vec<String> {
        let file =
            |(name, text): &(&str, &str)| TrackedFile::new(&format!("{DECISIONS}{name}"), *text);
        let files: Vec<_> = files.iter().map(file).collect();
        let mut findings = Vec::new();
        check_decisions(&files, &mut findings);
        findings.iter().map(|finding| finding.path[DECISIONS.len()..].to_owned()).collect()
    }
}
