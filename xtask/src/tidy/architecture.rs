//! The documents name only places that exist, and the map names all that matter.

use super::{Finding, TrackedFile};

/// Whether a file is one of the documents that describe what is there now.
pub(super) fn is_document(path: &str) -> bool {
    [MAP, "CONTRIBUTING.md", "README.md"].contains(&path)
}

/// Every module right below the engine's root and every package is on the map.
pub(super) fn check_map(map: &TrackedFile, tracked: &[&str], findings: &mut Vec<Finding>) {
    let mut places: Vec<String> = tracked.iter().copied().filter_map(place).collect();
    places.sort();
    places.dedup();
    let words: Vec<&str> = map.text.split(is_delimiter).collect();
    for place in places {
        let is_named = words.iter().any(|word| {
            word.strip_prefix(&place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !is_named {
            let what = format!("`{place}` is not in the code map: say in a line what it is");
            findings.push(map.finding(1, what));
        }
    }
}

/// The module or package that a file makes there, if it is the one that names it.
fn place(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["src", "lib.rs"] => None,
        ["src", file] => file.ends_with(".rs").then(|| path.to_owned()),
        ["src", folder, "mod.rs"] => Some(format!("src/{folder}")),
        ["crates", folder, "Cargo.toml"] => Some(format!("crates/{folder}")),
        _ => None,
    }
}

pub(super) fn check(document: &TrackedFile, tracked: &[&str], findings: &mut Vec<Finding>) {
    for (index, line) in document.text.lines().enumerate() {
        for word in line.split(is_delimiter) {
            let path = word.trim_start_matches("./").trim_end_matches(['.', '/']);
            if names_place(word, path, tracked) && !exists(path, tracked) {
                let what = format!("`{path}` does not exist: name what is there now");
                findings.push(document.finding(index + 1, what));
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

pub(super) const MAP: &str = "ARCHITECTURE.md";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::NOTHING;

    #[test]
    fn modules_and_packages_that_are_not_on_the_map_are_found() {
        let tracked =
            ["src/lib.rs", "src/a.rs", "src/b/mod.rs", "src/b/c.rs", "crates/d/Cargo.toml"];
        let found = |text: &str| {
            let mut findings = Vec::new();
            check_map(&TrackedFile::new(MAP, text), &tracked, &mut findings);
            findings.len()
        };
        assert_eq!(found("`src/a.rs`, `src/b/c.rs` | `crates/d`"), 0);
        assert_eq!(found("src/a.rs src/b"), 1);
        assert_eq!(found("src/a src/bc crates/"), 3);
    }

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
        check(&TrackedFile::new(MAP, text), &tracked, &mut findings);
        findings.iter().map(|finding| finding.line).collect()
    }
}
