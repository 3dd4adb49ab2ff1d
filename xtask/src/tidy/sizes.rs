//! Files and functions that a reader can hold in the head.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{for_each_level, group, is_ident, is_punct, line};
use super::{Finding, TrackedFile};

pub(super) fn check_file(file: &TrackedFile, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        findings
            .push(file.finding(lines, format!("{lines} lines, and {FILE_LINES_MAX} are allowed")));
    }
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
                let what =
                    format!("`{name}` has {lines} lines, and {FUNCTION_LINES_MAX} are allowed");
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

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{NOTHING, lines_found};

    #[test]
    fn a_file_may_have_800_lines_and_not_one_more() {
        let check = |text: &str| {
            lines_found("src/a.rs", text, |file, _, findings| check_file(file, findings))
        };
        assert_eq!(check(&"\n".repeat(800)), NOTHING);
        assert_eq!(check(&"\n".repeat(801)), [801]);
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
