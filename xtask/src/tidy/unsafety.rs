//! `unsafe` only where it is expected, and never without its reason.

use proc_macro2::{Delimiter, TokenStream};

use super::tokens::{for_each_level, group, is_ident, line};
use super::{Finding, TrackedFile};

pub(super) fn check(file: &TrackedFile, tokens: &TokenStream, findings: &mut Vec<Finding>) {
    let lines: Vec<_> = file.text.lines().collect();
    let mut is_needed = !UNSAFE_FILES.contains(&file.path.as_str());
    for_each_level(tokens, &mut |tokens| {
        for (index, token) in tokens.iter().enumerate() {
            if !is_ident(Some(token), "unsafe") {
                continue;
            }
            is_needed = true;
            let number = line(token);
            if !UNSAFE_FILES.contains(&file.path.as_str()) {
                let what = "`unsafe` in a file that is not on the list: do without, or give it a safe twin, tests that compare the two, and a line in xtask/src/tidy/unsafety.rs";
                findings.push(file.finding(number, what));
            }
            let next = tokens.get(index + 1);
            let makes_a_promise = group(next, Delimiter::Brace).is_some() || is_ident(next, "impl");
            if makes_a_promise && !has_reason(&lines[..number - 1]) {
                findings.push(file.finding(
                    number,
                    "`unsafe` without its reason: write above it `// SAFETY:` and why it is sound",
                ));
            }
        }
    });
    if !is_needed {
        findings.push(file.finding(
            1,
            "nothing `unsafe` here any more: take it off the list in xtask/src/tidy/unsafety.rs",
        ));
    }
}

/// The listed files that are gone.
pub(super) fn check_list(tracked: &[&str], findings: &mut Vec<Finding>) {
    for path in UNSAFE_FILES.iter().filter(|path| !tracked.contains(path)) {
        let what = "gone: take it off the list in xtask/src/tidy/unsafety.rs";
        findings.push(TrackedFile::new(path, "").finding(1, what));
    }
}

/// Whether the comment above the statement, which may have begun on an earlier line, gives a reason.
fn has_reason(lines_above: &[&str]) -> bool {
    for line in lines_above.iter().rev().map(|line| line.trim()) {
        if let Some(comment) = line.strip_prefix("//") {
            if comment.trim_start().starts_with("SAFETY:") {
                return true;
            }
        } else if line.is_empty() || line.ends_with([';', '{', '}', ',']) {
            return false;
        }
    }
    false
}

/// Where `unsafe` may stand. Each of these has a safe twin that tests compare it with.
const UNSAFE_FILES: &[&str] = &[
    "src/buffer/message.rs",
    // One call: reading into memory that nothing has written to yet.
    "src/driver/epoll/socket.rs",
    // Memory that the kernel reads and writes while it is nobody's here. Its twin is epoll: one contract, the same checks.
    "src/driver/uring/kernel/asking.rs",
    "src/driver/uring/kernel/buffers.rs",
    "src/driver/uring/kernel/completing.rs",
    "src/driver/uring/kernel/entering.rs",
    "src/driver/uring/kernel/memory.rs",
    "src/driver/uring/kernel/mod.rs",
    "src/driver/uring/kernel/setup.rs",
    "src/protocol/mask/x86_64.rs",
    "src/protocol/message.rs",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{NOTHING, lines_found};

    #[test]
    fn a_file_that_is_not_listed_may_not_be_unsafe() {
        let text = "// SAFETY: nothing happens.\nunsafe impl A for B {}\nunsafe fn c() {}\n#[unsafe(no_mangle)]\nfn d() {}";
        assert_eq!(found("src/limits.rs", text), [2, 3, 4]);
        assert_eq!(found(UNSAFE_FILES[0], text), NOTHING);
    }

    #[test]
    fn a_block_and_an_implementation_need_a_reason() {
        assert_eq!(
            found(UNSAFE_FILES[0], "fn a() {\n  unsafe { b() }\n}\nunsafe impl C for D {}"),
            [2, 4]
        );
        assert_eq!(found(UNSAFE_FILES[0], "fn a() {\n  // Fast.\n  unsafe { b() }\n}"), [3]);
    }

    #[test]
    fn the_reason_stands_above_the_statement() {
        assert_eq!(
            found(
                UNSAFE_FILES[0],
                "fn a() {\n  // SAFETY: it is\n  // so.\n  let c =\n    unsafe { b() };\n}"
            ),
            NOTHING
        );
        assert_eq!(
            found(UNSAFE_FILES[0], "fn a() {\n  // SAFETY: it is so.\n  c();\n  unsafe { b() }\n}"),
            [4]
        );
    }

    #[test]
    fn a_listed_file_that_is_safe_or_gone_is_found() {
        assert_eq!(found(UNSAFE_FILES[0], "fn a() {}"), [1]);
        let mut findings = Vec::new();
        check_list(UNSAFE_FILES, &mut findings);
        assert!(findings.is_empty());
        check_list(&UNSAFE_FILES[1..], &mut findings);
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn macros_are_looked_into_and_comments_are_not() {
        assert_eq!(found("src/limits.rs", "// unsafe {}\nmake! { unsafe fn a() {} }"), [2]);
    }

    fn found(path: &str, text: &str) -> Vec<usize> {
        lines_found(path, text, check)
    }
}
