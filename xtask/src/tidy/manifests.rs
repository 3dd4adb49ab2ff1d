//! One set of lints for all packages.

use super::{Finding, TrackedFile};

/// A package of the workspace takes over the workspace's lints.
pub(super) fn check(file: &TrackedFile, findings: &mut Vec<Finding>) {
    let is_manifest = file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml");
    // A workspace of its own cannot take over anything from another.
    if !is_manifest || WORKSPACES.contains(&file.path.as_str()) {
        return;
    }
    let inherits = file.text.lines().skip_while(|line| line.trim() != "[lints]").nth(1);
    if inherits.map(str::trim) != Some("workspace = true") {
        findings.push(file.finding(
            file.text.lines().count().max(1),
            "a package has the lints of all: write `[lints]` and below it `workspace = true`, and allow what it must in its root file, with a reason",
        ));
    }
}

/// Besides that of the project.
const WORKSPACES: &[&str] =
    &["crates/rivals/bench-peers/uwebsockets/Cargo.toml", "fuzz/Cargo.toml"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{NOTHING, lines_found};

    #[test]
    fn a_package_with_lints_of_its_own_is_found() {
        assert_eq!(
            found("crates/a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            NOTHING
        );
        assert_eq!(
            found("crates/a/Cargo.toml", "[package]\n[lints.rust]\ndead_code = \"allow\""),
            [3]
        );
        assert_eq!(found("Cargo.toml", "[lints]\n[package]"), [2]);
        assert_eq!(found("fuzz/Cargo.toml", "[package]"), NOTHING);
        assert_eq!(found("crates/a/src/lib.rs", "//! A."), NOTHING);
    }

    fn found(path: &str, text: &str) -> Vec<usize> {
        lines_found(path, text, |file, _, findings| check(file, findings))
    }
}
