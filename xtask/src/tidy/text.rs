//! Words that no tracked file may hold, in whatever language it is written.

use super::{Finding, TrackedFile};

pub(super) fn check(file: &TrackedFile, findings: &mut Vec<Finding>) {
    // Package managers write these and name their registries in them.
    let is_lock_file = ["Cargo.lock", "package-lock.json"]
        .contains(&file.path.rsplit('/').next().unwrap_or_default());
    // The seeds of fuzzing are data.
    if is_lock_file || file.path.starts_with("fuzz/seeds/") {
        return;
    }
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if let Some(host) = registry_hosts().iter().find(|host| line.contains(host.as_str())) {
            findings.push(file.finding(
                number,
                format!(
                    "names the registry host {host}: name the package, its client knows where it is"
                ),
            ));
        }
        if let Some(path) = machine_paths().iter().find(|path| names_path(line, path)) {
            findings
                .push(file.finding(number, format!("names a path of somebody's machine, {path}: begin at the repository or at a variable")));
        }
        // Prose may speak about the marks.
        if !file.path.ends_with(".md") && has_mark_without_issue(line) {
            findings.push(
                file.finding(number, "an unfinished mark without an issue: write (#123) after it"),
            );
        }
    }
}

/// Whether `path` starts in `line` at a place where a path can start.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || "_-.}".contains(character))
    })
}

fn has_mark_without_issue(line: &str) -> bool {
    marks().iter().any(|mark| {
        line.match_indices(mark.as_str()).any(|(start, _)| {
            let end = start + mark.len();
            let is_part_of_a_word =
                |character: char| character.is_alphanumeric() || character == '_';
            let is_word = !line[..start].ends_with(is_part_of_a_word)
                && !line[end..].starts_with(is_part_of_a_word);
            is_word && !names_issue(&line[end..])
        })
    })
}

/// Whether `text` begins like `(#12)`.
fn names_issue(text: &str) -> bool {
    let Some((number, _)) = text.strip_prefix("(#").and_then(|rest| rest.split_once(')')) else {
        return false;
    };
    number.parse::<u64>().is_ok()
}

// The words are put together here, so that this file does not hold them.

fn registry_hosts() -> [String; 6] {
    [
        ["registry", "npmjs"],
        ["static", "crates"],
        ["index", "crates"],
        ["files", "pythonhosted"],
        ["pypi", "org"],
        ["deb", "debian"],
    ]
    .map(|parts| parts.join("."))
}

fn machine_paths() -> [String; 4] {
    ["home", "root", "Users", "work"].map(|folder| format!("/{folder}/"))
}

fn marks() -> [String; 2] {
    [["TO", "DO"], ["FIX", "ME"]].map(|parts| parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::NOTHING;

    #[test]
    fn a_registry_host_is_found_except_in_lock_files() {
        for host in registry_hosts() {
            assert_eq!(found("docs/a.md", &format!("\nsee https://{host}/x")), [2], "{host}");
            assert_eq!(found("clients/js/package-lock.json", &host), NOTHING);
        }
    }

    #[test]
    fn a_path_of_a_machine_is_found_where_a_path_can_start() {
        for path in machine_paths() {
            assert_eq!(found("a.sh", &format!("cd {path}x")), [1], "{path}");
            assert_eq!(found("a.sh", &format!("cd src{path}x")), NOTHING, "{path}");
        }
    }

    #[test]
    fn an_unfinished_mark_needs_an_issue() {
        for mark in marks() {
            assert_eq!(found("src/a.rs", &format!("// {mark}: later")), [1]);
            assert_eq!(found("src/a.rs", &format!("// {mark}(#x): later")), [1]);
            assert_eq!(found("src/a.rs", &format!("// {mark}(#12): later")), NOTHING);
            assert_eq!(found("src/a.rs", &format!("const MAS{mark}N: u8 = 0;")), NOTHING);
            assert_eq!(found("CONTRIBUTING.md", &format!("No `{mark}`.")), NOTHING);
        }
    }

    fn found(path: &str, text: &str) -> Vec<usize> {
        let mut findings = Vec::new();
        check(&TrackedFile::new(path, text), &mut findings);
        findings.iter().map(|finding| finding.line).collect()
    }
}
