//! The ledger in `requirements.toml`: each rule of the standard is shown by a test or excepted with a reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Default)]
struct Ledger {
    /// How often each section says each of [`LEVELS`].
    keywords: BTreeMap<String, [usize; 4]>,
    requirements: Vec<Requirement>,
}

/// One `[[requirement]]` of the ledger.
#[derive(Debug)]
struct Requirement {
    line: usize,
    section: String,
    level: String,
    /// For how many of the standard's words it stands.
    keywords: usize,
    text: String,
    tests: Vec<String>,
    exception: String,
}

#[test]
fn every_requirement_names_its_section_level_and_either_tests_or_an_exception() {
    for requirement in ledger().requirements {
        let Requirement { section, level, text, tests, exception, .. } = &requirement;
        assert!(section.split('.').all(|part| part.parse::<u8>().is_ok()), "{requirement:?}");
        assert!(LEVELS.contains(&level.as_str()), "{requirement:?}");
        assert!(text.ends_with('.'), "{requirement:?}");
        assert!(tests.is_empty() != exception.is_empty(), "{requirement:?}");
    }
}

#[test]
fn the_requirements_of_a_section_add_up_to_what_the_standard_says_there() {
    let ledger = ledger();
    let mut sums: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for requirement in ledger.requirements {
        let level = LEVELS.iter().position(|level| *level == requirement.level);
        let sum = sums.entry(requirement.section).or_default();
        sum[level.expect("another test looks at the level")] += requirement.keywords;
    }
    // RFC 6455 5.5.3 has its one rule in lower case.
    sums.retain(|_, sum| *sum != [0; 4]);
    for section in ledger.keywords.keys().chain(sums.keys()) {
        let (said, listed) = (ledger.keywords.get(section), sums.get(section));
        assert_eq!(said, listed, "section {section}: {LEVELS:?} said and listed");
    }
    let said: usize = ledger.keywords.values().flatten().sum();
    assert_eq!(said, KEYWORDS, "the standard has this many in all");
}

#[test]
fn every_test_that_the_ledger_names_exists() {
    for requirement in ledger().requirements {
        for test in &requirement.tests {
            assert!(exists(test), "line {}: no test {test}", requirement.line);
        }
    }
}

#[test]
fn the_ledger_follows_the_order_of_the_standard() {
    let requirements = ledger().requirements;
    let numbers = |section: &str| section.split('.').flat_map(str::parse).collect::<Vec<u8>>();
    for pair in requirements.windows(2) {
        let is_in_order = numbers(&pair[0].section) <= numbers(&pair[1].section);
        assert!(is_in_order, "line {}: section {}", pair[1].line, pair[1].section);
    }
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

/// Reads the few forms of TOML that the ledger uses: a table of lists of numbers, then tables in an array, with
/// strings, numbers and lists of strings.
fn ledger() -> Ledger {
    let path = engine_folder().join("rfc6455/requirements.toml");
    let text = fs::read_to_string(path).expect("the ledger is part of the repository");
    let mut ledger = Ledger::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line == "[[requirement]]" {
            ledger.requirements.push(Requirement::new(number));
        } else if let Some((key, value)) = line.split_once(" = ") {
            match ledger.requirements.last_mut() {
                Some(requirement) => set(requirement, key, value, number),
                None => {
                    let counts = numbers(value).unwrap_or_else(|| panic!("line {number}: {line}"));
                    let is_new = ledger.keywords.insert(strings(key).concat(), counts).is_none();
                    assert!(is_new, "line {number}: {key} is there twice");
                }
            }
        } else if line.starts_with('"') {
            let requirement = ledger.requirements.last_mut().expect("a table comes first");
            requirement.tests.extend(strings(line));
        } else {
            let is_known = line.is_empty() || line.starts_with('#') || line == "]";
            assert!(is_known || line == "[keywords]", "line {number}: {line}");
        }
    }
    ledger
}

impl Requirement {
    const fn new(line: usize) -> Self {
        Self {
            line,
            section: String::new(),
            level: String::new(),
            keywords: 1,
            text: String::new(),
            tests: Vec::new(),
            exception: String::new(),
        }
    }
}

fn set(requirement: &mut Requirement, key: &str, value: &str, line: usize) {
    if key == "keywords" {
        requirement.keywords = value.parse().unwrap_or_else(|_| panic!("line {line}: {value}"));
        return;
    }
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

/// The numbers of a list such as `[1, 0, 2, 0]`.
fn numbers(list: &str) -> Option<[usize; 4]> {
    let inside = list.strip_prefix('[')?.strip_suffix(']')?;
    let numbers: Vec<_> = inside.split(", ").flat_map(str::parse).collect();
    numbers.try_into().ok()
}

fn engine_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine")
}

const LEVELS: [&str; 4] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"];
/// Counted once in the text of the standard.
const KEYWORDS: usize = 164;
