//! Every bound is in one file, and each of them is one that something keeps.

use super::{Finding, TrackedFile};

pub(super) fn check(files: &[TrackedFile], findings: &mut Vec<Finding>) {
    for file in files.iter().filter(|file| file.path == LIMITS) {
        for (number, line) in (1..).zip(file.text.lines()) {
            let constant = line.strip_prefix("pub const ").and_then(|rest| rest.split(':').next());
            if let Some(name) = constant
                && !files.iter().any(|user| keeps(user, name))
            {
                let what = format!(
                    "nothing in src/ keeps `{name}`: name it where it is kept, or remove it"
                );
                findings.push(file.finding(number, what));
            }
        }
    }
    for file in files.iter().filter(|file| file.path == CONFIG) {
        check_defaults(file, findings);
    }
}

/// Whether the file is one of the engine's that names the limit outside of comments.
fn keeps(file: &TrackedFile, name: &str) -> bool {
    let is_word_end = |text: Option<char>| {
        !text.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    let names = |line: &str| {
        line.match_indices(name).any(|(start, _)| {
            is_word_end(line[..start].chars().next_back())
                && is_word_end(line[start + name.len()..].chars().next())
        })
    };
    file.path.starts_with("src/")
        && file.path.ends_with(".rs")
        && file.path != LIMITS
        && file.text.lines().any(|line| !line.trim_start().starts_with("//") && names(line))
}

/// What users may choose says what it is if they do not.
fn check_defaults(file: &TrackedFile, findings: &mut Vec<Finding>) {
    let mut documentation = String::new();
    let lines = (1..).zip(file.text.lines());
    let choices = lines.skip_while(|(_, line)| *line != "pub struct Config {");
    for (number, line) in choices.take_while(|(_, line)| *line != "}") {
        if let Some(words) = line.trim_start().strip_prefix("///") {
            documentation.push_str(words);
            continue;
        }
        if line.trim_start().starts_with("#[") {
            continue;
        }
        let field = line.strip_prefix("    pub ").and_then(|rest| rest.split_once(": "));
        if let Some((name, _)) = field
            && !documentation.contains("Default: ")
        {
            findings.push(file.finding(
                number,
                format!("`{name}` does not say what it is by default: write `Default: …` above"),
            ));
        }
        documentation.clear();
    }
}

const LIMITS: &str = "src/limits.rs";
const CONFIG: &str = "src/config.rs";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::NOTHING;

    #[test]
    fn a_limit_that_nothing_keeps_is_found() {
        let limits = "/// A.\npub const A_MAX: usize = 1;\npub const B: u8 = 2;\nconst _: () = assert!(B > 1);";
        assert_eq!(found(&[(LIMITS, limits), ("src/a.rs", "f(A_MAX, limits::B)")]), NOTHING);
        assert_eq!(found(&[(LIMITS, limits), ("src/a.rs", "f(A_MAX)")]), [3]);
        assert_eq!(found(&[(LIMITS, limits), ("src/a.rs", "f(A_MAX, B_MAX, AB)\n// B")]), [3]);
        assert_eq!(found(&[(LIMITS, limits), ("tests/a.rs", "f(A_MAX, B)")]), [2, 3]);
    }

    #[test]
    fn a_choice_without_a_default_is_found() {
        let text = "pub struct Config {\n    /// A. Default:\n    /// 1.\n    pub a: u8,\n    /// B.\n    pub b: u8,\n}";
        assert_eq!(found(&[(CONFIG, text)]), [6]);
        let other = "pub struct Other {\n    /// A.\n    pub a: u8,\n}";
        assert_eq!(found(&[(CONFIG, other)]), NOTHING);
    }

    fn found(files: &[(&str, &str)]) -> Vec<usize> {
        let files: Vec<_> =
            files.iter().map(|(path, text)| TrackedFile::new(path, *text)).collect();
        let mut findings = Vec::new();
        check(&files, &mut findings);
        findings.iter().map(|finding| finding.line).collect()
    }
}
