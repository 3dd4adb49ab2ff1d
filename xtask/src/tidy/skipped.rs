//! Tests that do not run: nothing is skipped silently.

use proc_macro2::{Delimiter, Group, TokenStream};

use super::tokens::{for_each_level, group, is_ident, is_punct};
use super::{Finding, TrackedFile};

pub(super) fn check(file: &TrackedFile, tokens: &TokenStream, findings: &mut Vec<Finding>) {
    for_each_level(tokens, &mut |tokens| {
        for (index, token) in tokens.iter().enumerate() {
            let is_attribute = index > 0 && is_punct(tokens.get(index - 1), '#');
            if let Some(attribute) = group(Some(token), Delimiter::Bracket)
                && is_attribute
                && ignores(attribute)
            {
                findings.push(file.finding(
                    attribute.span_open().start().line,
                    "a test is ignored: let it run, or remove it",
                ));
            }
        }
    });
    for (index, line) in file.text.lines().enumerate() {
        let documentation =
            line.trim_start().strip_prefix("///").or_else(|| line.trim_start().strip_prefix("//!"));
        let fence = documentation.and_then(|text| text.trim_start().strip_prefix("```"));
        if fence.is_some_and(|words| words.split(',').any(|word| word.trim() == "ignore")) {
            findings.push(file.finding(
                index + 1,
                "an example in the documentation is ignored: let it run, or mark it `text`",
            ));
        }
    }
}

/// Whether the attribute is `ignore`, or `cfg_attr` with `ignore` in it.
fn ignores(attribute: &Group) -> bool {
    let first = attribute.stream().into_iter().next();
    is_ident(first.as_ref(), "ignore")
        || is_ident(first.as_ref(), "cfg_attr") && names_ignore(&attribute.stream())
}

fn names_ignore(stream: &TokenStream) -> bool {
    let mut found = false;
    for_each_level(stream, &mut |tokens| {
        found |= tokens.iter().any(|token| is_ident(Some(token), "ignore"));
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{NOTHING, lines_found};

    #[test]
    fn an_ignored_test_is_found() {
        assert_eq!(found("#[test]\n#[ignore]\nfn a() {}"), [2]);
        assert_eq!(found("mod b {\n#[ignore = \"slow\"]\nfn a() {} }"), [2]);
        assert_eq!(found("#[cfg_attr(miri, ignore)]\nfn a() {}"), [1]);
    }

    #[test]
    fn an_ignored_example_is_found() {
        assert_eq!(found("/// ```ignore\n/// a();\n/// ```\nfn a() {}"), [1]);
        assert_eq!(found("//! ```rust,ignore\n//! a();\n//! ```\n"), [1]);
    }

    #[test]
    fn the_word_alone_is_nothing() {
        assert_eq!(
            found("#[allow(ignore)]\nfn ignore() { cmd.ignore_status(); [ignore]; } // #[ignore]"),
            NOTHING
        );
        assert_eq!(found("/// ```text\n/// ignore\n/// ```\nfn a() {}"), NOTHING);
    }

    fn found(text: &str) -> Vec<usize> {
        lines_found("src/a.rs", text, check)
    }
}
