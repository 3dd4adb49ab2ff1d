//! Files and functions that a reader can hold in the head.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{for_each_level, group, is_ident, is_punct, line};
use super::{Finding, TrackedFile};

/// The files of the ratchet that are gone are found here, the others as they are checked.
pub(super) fn check_ratchet(tracked: &[&str], findings: &mut Vec<Finding>) {
    for (path, _) in LARGER.iter().filter(|(path, _)| !tracked.contains(path)) {
        findings.push(TrackedFile::new(path, "").finding(1, format!("gone: take it off {LIST}")));
    }
}

pub(super) fn check_file(file: &TrackedFile, findings: &mut Vec<Finding>) {
    if !PROGRAMS.iter().any(|end| file.path.ends_with(end)) {
        return;
    }
    let lines = file.text.lines().count();
    if let Some(what) = judge_file(lines, listed(LARGER, &file.path)) {
        findings.push(file.finding(lines, what));
    }
}

/// `listed` is how many lines the ratchet allows to a file that is too long already.
fn judge_file(lines: usize, listed: Option<usize>) -> Option<String> {
    match listed {
        _ if lines > listed.unwrap_or(FILE_LINES_MAX) => Some(format!(
            "{lines} lines, and {} are allowed: give what it does a file each",
            listed.unwrap_or(FILE_LINES_MAX)
        )),
        Some(_) if lines <= FILE_LINES_MAX => {
            Some(format!("{lines} lines, which is well: take it off {LIST}"))
        }
        Some(listed) if lines + SLACK < listed => {
            Some(format!("{lines} lines instead of {listed}: lower its number in {LIST}"))
        }
        _ => None,
    }
}

fn listed(list: &[(&str, usize)], path: &str) -> Option<usize> {
    list.iter().find(|(listed, _)| *listed == path).map(|(_, lines)| *lines)
}

pub(super) fn check_functions(
    file: &TrackedFile,
    tokens: &TokenStream,
    findings: &mut Vec<Finding>,
) {
    for_each_level(tokens, &mut |tokens| {
        for (index, pair) in tokens.windows(2).enumerate() {
            let [keyword, TokenTree::Ident(name)] = pair else {
                continue;
            };
            if !is_ident(Some(keyword), "fn") {
                continue;
            }
            let (first, last) = (line(keyword), last_line(&tokens[index..]));
            let lines = last.map_or(1, |last| last + 1 - first);
            if lines > FUNCTION_LINES_MAX {
                let what = format!(
                    "`{name}` has {lines} lines, and {FUNCTION_LINES_MAX} are allowed: name its parts"
                );
                findings.push(file.finding(first, what));
            }
        }
    });
}

/// Where the body of the function at the start of `tokens` ends; `None` if it has none.
fn last_line(tokens: &[TokenTree]) -> Option<usize> {
    let is_body = |token: &TokenTree| group(Some(token), Delimiter::Brace).is_some();
    let end = tokens.iter().find(|token| is_body(token) || is_punct(Some(token), ';'))?;
    Some(end.span().end().line)
}

/// The languages of files that people write and read from top to bottom.
const PROGRAMS: &[&str] = &[".css", ".html", ".js", ".mjs", ".py", ".rs", ".sh", ".ts"];
const FILE_LINES_MAX: usize = 400;
/// No function is longer, so there is no list of exceptions.
const FUNCTION_LINES_MAX: usize = 70;
/// The ratchet: files that are longer already, and what each may have at most. Numbers go down and entries go away.
const LARGER: &[(&str, usize)] = &[("src/driver/epoll.rs", 500)];
/// How far below its number a file may be before the number has to follow.
const SLACK: usize = 50;
const LIST: &str = "the list LARGER in xtask/src/tidy/sizes.rs";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{NOTHING, lines_found};

    #[test]
    fn a_file_may_have_400_lines_and_not_one_more() {
        let check = |path: &str, lines: usize| {
            let mut findings = Vec::new();
            check_file(&TrackedFile::new(path, "\n".repeat(lines)), &mut findings);
            findings.iter().map(|finding| finding.line).collect::<Vec<_>>()
        };
        for path in ["src/a.rs", "autobahn/a.py", "crates/a/b.html"] {
            assert_eq!(check(path, 400), NOTHING);
            assert_eq!(check(path, 401), [401]);
        }
        // Data is no program.
        assert_eq!(check("autobahn/expected.json", 401), NOTHING);
    }

    #[test]
    fn the_ratchet_turns_one_way() {
        assert_eq!(judge_file(700, Some(700)), None);
        assert!(judge_file(701, Some(700)).is_some_and(|what| what.contains("700 are allowed")));
        assert_eq!(judge_file(650, Some(700)), None);
        assert!(judge_file(649, Some(700)).is_some_and(|what| what.contains("lower its number")));
        assert!(judge_file(400, Some(420)).is_some_and(|what| what.contains("take it off")));
        assert_eq!(listed(&[("a.rs", 1), ("b.rs", 2)], "b.rs"), Some(2));
        assert_eq!(listed(&[("a.rs", 1)], "b.rs"), None);
    }

    #[test]
    fn a_file_of_the_ratchet_that_is_gone_is_found() {
        let tracked: Vec<&str> = LARGER.iter().map(|(path, _)| *path).collect();
        let mut findings = Vec::new();
        check_ratchet(&tracked, &mut findings);
        assert!(findings.is_empty());
        check_ratchet(&tracked[1..], &mut findings);
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn a_function_may_have_70_lines_and_not_one_more() {
        assert_eq!(functions(&function(70)), NOTHING);
        assert_eq!(functions(&function(71)), [1]);
    }

    #[test]
    fn functions_are_found_inside_of_others_and_of_macros() {
        assert_eq!(functions(&format!("mod a {{\nimpl B {{\n{}}}\n}}", function(71))), [3]);
        assert_eq!(functions(&format!("make! {{\n{}}}", function(71))), [2]);
    }

    #[test]
    fn a_function_without_a_body_and_a_pointer_to_one_have_no_length() {
        let text = format!(
            "trait A {{ fn b() -> [u8; 3]; }}\ntype C = fn(u8);\nstruct D {{{}}}",
            "\n".repeat(80)
        );
        assert_eq!(functions(&text), NOTHING);
    }

    /// A function of so many lines.
    fn function(lines: usize) -> String {
        format!("fn long() {{{}}}\n", "\n".repeat(lines - 1))
    }

    fn functions(text: &str) -> Vec<usize> {
        lines_found("src/a.rs", text, check_functions)
    }
}
