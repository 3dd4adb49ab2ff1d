//! The arrows in the map are those that hold: who may import whom is drawn as the table has it.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::ALLOWED;
use super::{Finding, TrackedFile};

pub(super) fn check(map: &TrackedFile, tracked: &[&str], findings: &mut Vec<Finding>) {
    let exists = |module: &str| {
        tracked.contains(&format!("src/{module}.rs").as_str())
            || tracked.contains(&format!("src/{module}/mod.rs").as_str())
    };
    let drawn = drawn(&map.text);
    for (module, allowed) in ALLOWED.iter().filter(|(module, _)| exists(module)) {
        let allowed: BTreeSet<&str> = allowed.iter().copied().filter(|name| exists(name)).collect();
        let (line, targets) = drawn.get(module).cloned().unwrap_or((1, BTreeSet::new()));
        if targets != allowed {
            let names = Vec::from_iter(allowed).join(", ");
            let what = format!(
                "the arrows are not those of xtask/src/tidy/imports.rs: draw `{module} {ARROW} {names}`, or change the table"
            );
            findings.push(map.finding(line, what));
        }
    }
}

/// Where the arrows of a module are drawn, and to which modules they lead. Several modules may share a line.
fn drawn(text: &str) -> BTreeMap<&str, (usize, BTreeSet<&str>)> {
    let mut drawn = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((from, to)) = line.split_once(ARROW) else {
            continue;
        };
        let to: BTreeSet<&str> = to.split(',').map(str::trim).collect();
        for module in from.split(',').map(str::trim) {
            drawn.insert(module, (number, to.clone()));
        }
    }
    drawn
}

const ARROW: &str = "──►";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::NOTHING;

    #[test]
    fn the_arrows_of_the_table_pass() {
        assert_eq!(found("driver ──► buffer, limits\nprotocol, buffer ──► limits"), NOTHING);
    }

    #[test]
    fn an_arrow_too_many_too_few_or_none_is_found() {
        assert_eq!(
            found("\ndriver ──► buffer, limits, protocol\nprotocol, buffer ──► limits"),
            [2]
        );
        assert_eq!(found("driver ──► buffer\nprotocol, buffer ──► limits"), [1]);
        assert_eq!(found("driver ──► buffer, limits\nbuffer ──► limits"), [1]);
    }

    #[test]
    fn other_arrows_and_modules_that_are_not_there_do_not_matter() {
        let text = "a ──► b\ncrates/server ──► sockeye\ndriver ──► buffer, limits\nprotocol, buffer ──► limits";
        assert_eq!(found(text), NOTHING);
    }

    fn found(text: &str) -> Vec<usize> {
        let tracked =
            ["src/limits.rs", "src/buffer/mod.rs", "src/driver/mod.rs", "src/protocol/mod.rs"];
        let mut findings = Vec::new();
        check(&TrackedFile::new("ARCHITECTURE.md", text), &tracked, &mut findings);
        findings.iter().map(|finding| finding.line).collect()
    }
}
