//! The ledger in `requirements.toml`: each rule of the standard is shown by a test or excepted with a reason.

use std::fs;
use std::path::{Path, PathBuf};

/// One `[[requirement]]` of the ledger.
#[derive(Debug, Default)]
struct Requirement {
    line: usize,
    section: String,
    level: String,
    text: String,
    tests: Vec<String>,
    exception: String,
}

#[test]
fn every_requirement_names_its_section_level_and_either_tests_or_an_exception() {
    let requirements = ledger();
    assert!(requirements.len() > 50, "only {}", requirements.len());
    for requirement in &requirements {
        let Requirement { section, level, text, tests, exception, .. } = requirement;
        let numbers = section.split('.').map(str::parse::<u8>);
        assert!(numbers.flatten().count() >= 2, "{requirement:?}");
        let levels = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"];
        assert!(levels.contains(&level.as_str()), "{requirement:?}");
        assert!(text.ends_with('.'), "{requirement:?}");
        assert!(tests.is_empty() != exception.is_empty(), "{requirement:?}");
    }
}

#[test]
fn every_test_that_the_ledger_names_exists() {
    for requirement in ledger() {
        for test in &requirement.tests {
            assert!(exists(test), "line {}: no test {test}", requirement.line);
        }
    }
}

#[test]
fn the_ledger_follows_the_order_of_the_standard() {
    let sections: Vec<Vec<u8>> = ledger()
        .iter()
        .map(|requirement| requirement.section.split('.').flat_map(str::parse).collect())
        .collect();
    assert!(sections.is_sorted());
}

/// Whether `rfc6455::file::name` is a test of `rfc6455/file.rs`.
fn exists(test: &str) -> bool {
    let Some((module, name)) = test.rsplit_once("::") else {
        return false;
    };
    let file = engine_folder().join(format!("{}.rs", module.replace("::", "/")));
    let Ok(source) = fs::read_to_string(file) else {
        return false;
    };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    let Some(place) = lines.iter().position(|line| line.starts_with(&head)) else {
        return false;
    };
    let above = lines[..place].iter().rev();
    above.take_while(|line| line.starts_with("#[")).any(|line| *line == "#[test]")
}

/// Reads the few forms of TOML that the ledger uses: tables in an array, strings, and lists of strings.
fn ledger() -> Vec<Requirement> {
    let path = engine_folder().join("rfc6455/requirements.toml");
    let text = fs::read_to_string(path).expect("the ledger is part of the repository");
    let mut requirements: Vec<Requirement> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line == "[[requirement]]" {
            requirements.push(Requirement { line: number, ..Requirement::default() });
        } else if line.starts_with('"') {
            let tests = requirements.last_mut().map(|requirement| &mut requirement.tests);
            tests.expect("a table comes first").extend(strings(line));
        } else if let Some((key, value)) = line.split_once(" = ") {
            let requirement = requirements.last_mut().expect("a table comes first");
            set(requirement, key, value, number);
        } else {
            let is_known = line.is_empty() || line.starts_with('#') || line == "]";
            assert!(is_known, "line {number}: {line}");
        }
    }
    requirements
}

fn set(requirement: &mut Requirement, key: &str, value: &str, line: usize) {
    let mut values = strings(value);
    if key == "tests" {
        requirement.tests.append(&mut values);
        return;
    }
    let field = match key {
        "section" => &mut requirement.section,
        "level" => &mut requirement.level,
        "text" => &mut requirement.text,
        "exception" => &mut requirement.exception,
        _ => panic!("line {line}: unknown key {key}"),
    };
    *field = values.pop().unwrap_or_else(|| panic!("line {line}: {key} has no value"));
}

/// The parts of a line between quotation marks.
fn strings(line: &str) -> Vec<String> {
    line.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn engine_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine")
}
