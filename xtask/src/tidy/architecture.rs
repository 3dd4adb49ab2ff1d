//! The map names only places that exist.

use super::{Finding, TrackedFile};

/// The map.
pub(super) const DOCUMENT: &str = "ARCHITECTURE.md";

pub(super) fn check(document: &TrackedFile, tracked: &[&str], findings: &mut Vec<Finding>) {
    for (index, line) in document.text.lines().enumerate() {
        for word in line.split(is_delimiter) {
            let path = word.trim_start_matches("./").trim_end_matches(['.', '/']);
            if names_place(word, path, tracked) && !exists(path, tracked) {
                findings.push(document.finding(index + 1, format!("`{path}` does not exist")));
            }
        }
    }
}

fn is_delimiter(character: char) -> bool {
    character.is_whitespace() || "`()[]<>\"'|,;:#".contains(character)
}

/// Whether a word means a place in the repository: it has a slash and begins in a folder of the root.
///
/// Anything else with a slash may be a media type, an endpoint or two words.
fn names_place(word: &str, path: &str, tracked: &[&str]) -> bool {
    let is_plain = path
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "._-/".contains(character));
    let begins_in_folder = path.split('/').next().is_some_and(|first| exists(first, tracked));
    // A file at the root, or one that is gone from there.
    let is_root_document = !path.contains('/') && path.ends_with(".md");
    is_plain && (word.contains('/') && begins_in_folder || is_root_document)
}

fn exists(path: &str, tracked: &[&str]) -> bool {
    let is_in = |file: &&str| {
        file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !path.is_empty() && tracked.iter().any(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::NOTHING;

    #[test]
    fn files_and_folders_that_exist_pass() {
        assert_eq!(
            found(
                "`src/driver/epoll.rs`, [a](src/driver/mod.rs#L3), src/driver/ and ./src/driver."
            ),
            NOTHING
        );
    }

    #[test]
    fn files_and_folders_that_are_gone_are_found() {
        assert_eq!(
            found("one\n`src/driver/kqueue.rs`\nsee src/tls/, or\n[b](src/lib.rs)"),
            [2, 3, 4]
        );
        assert_eq!(found("`src/driv`"), [1]);
        assert_eq!(found("`DESIGN.md` and README.md"), [1]);
    }

    #[test]
    fn words_with_a_slash_that_are_no_places_pass() {
        assert_eq!(
            found("`/echo` serves text/html and/or `a/b.rs`; src is a folder; src/{a,b}.rs"),
            NOTHING
        );
    }

    fn found(text: &str) -> Vec<usize> {
        let mut findings = Vec::new();
        let tracked = ["README.md", "src/driver/epoll.rs", "src/driver/mod.rs"];
        check(&TrackedFile::new(DOCUMENT, text), &tracked, &mut findings);
        findings.iter().map(|finding| finding.line).collect()
    }
}
