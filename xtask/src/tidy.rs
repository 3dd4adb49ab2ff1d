//! `cargo xtask tidy`: the rules of the house that the compiler and clippy do not know.

mod architecture;
mod arrows;
mod documents;
mod imports;
mod limits;
mod manifests;
mod purity;
mod sizes;
mod skipped;
mod text;
mod tokens;
mod unsafety;

use std::fmt;
use std::fs;

use anyhow::{Result, ensure};
use clap::Args;
use proc_macro2::TokenStream;
use xshell::cmd;

use crate::project::Project;

/// Check the rules of the house.
///
/// Reads the files that git tracks, and no others. Each finding says where, what was expected and what to do. The rules:
///
/// * A module of the engine imports only what the table in xtask/src/tidy/imports.rs allows it, which ARCHITECTURE.md
///   draws, and does without the sockets, threads, locks and clocks that xtask/src/tidy/purity.rs denies it; so do the
///   hub and the dialects.
///
/// * No file of a program is longer than 400 lines, but for those listed in xtask/src/tidy/sizes.rs, which only become
///   shorter; no function is longer than 70.
///
/// * `unsafe` stands only in the files listed in xtask/src/tidy/unsafety.rs, under a comment that begins with SAFETY.
///
/// * Every path that ARCHITECTURE.md, CONTRIBUTING.md or README.md names exists, and ARCHITECTURE.md names every module
///   right below src/ and every package.
///
/// * Every Rust file begins with documentation. Decisions in docs/decisions are numbered without gaps, and listed.
///
/// * Every limit of src/limits.rs is kept somewhere, and every choice of `Config` names its default.
///
/// * Every package has the lints of the workspace.
///
/// * No host name of a package registry and no path of somebody's machine.
///
/// * Unfinished marks name the issue that will finish them.
///
/// * No test is ignored, in the documentation neither.
///
/// That every rule of RFC 6455 has its test is checked by a test: `cargo test --test engine requirements`.
#[derive(Args)]
pub(crate) struct Options {}

pub(crate) fn run(project: &Project, _options: &Options) -> Result<()> {
    let list = cmd!(project.shell, "git ls-files -z").quiet().read()?;
    let paths: Vec<&str> = list.split_terminator('\0').collect();
    // A file may be gone and the removal not committed yet; a file of bytes has no lines to judge.
    let read = |path: &&str| {
        Some(TrackedFile::new(path, fs::read_to_string(project.root.join(path)).ok()?))
    };
    let files: Vec<_> = paths.iter().filter_map(read).collect();
    let mut findings = check(&files, &paths);
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!("{} files, {} findings", paths.len(), findings.len());
    ensure!(
        findings.is_empty(),
        "the rules of the house are broken; `cargo xtask help tidy` lists them"
    );
    Ok(())
}

fn check(files: &[TrackedFile], tracked: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        check_file(file, tracked, &mut findings);
    }
    documents::check_decisions(files, &mut findings);
    limits::check(files, &mut findings);
    sizes::check_ratchet(tracked, &mut findings);
    unsafety::check_list(tracked, &mut findings);
    findings
}

fn check_file(file: &TrackedFile, tracked: &[&str], findings: &mut Vec<Finding>) {
    manifests::check(file, findings);
    sizes::check_file(file, findings);
    text::check(file, findings);
    if architecture::is_document(&file.path) {
        architecture::check(file, tracked, findings);
    }
    if file.path == architecture::MAP {
        architecture::check_map(file, tracked, findings);
        arrows::check(file, tracked, findings);
    }
    if !file.path.ends_with(".rs") {
        return;
    }
    documents::check_head(file, findings);
    match file.text.parse::<TokenStream>() {
        Ok(tokens) => {
            imports::check(file, &tokens, findings);
            purity::check(file, &tokens, findings);
            purity::check_clock(file, &tokens, findings);
            sizes::check_functions(file, &tokens, findings);
            skipped::check(file, &tokens, findings);
            unsafety::check(file, &tokens, findings);
        }
        Err(error) => {
            findings.push(file.finding(error.span().start().line, format!("not Rust: {error}")))
        }
    }
}

/// A file that git tracks, with its content.
struct TrackedFile {
    /// From the root of the repository, with forward slashes.
    path: String,
    text: String,
}

impl TrackedFile {
    fn new(path: &str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), text: text.into() }
    }

    fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }
}

/// A broken rule, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// What the rule says about `text` at `path`: the lines that it finds fault with.
#[cfg(test)]
fn lines_found(
    path: &str,
    text: &str,
    rule: impl Fn(&TrackedFile, &TokenStream, &mut Vec<Finding>),
) -> Vec<usize> {
    let mut findings = Vec::new();
    let tokens =
        if path.ends_with(".rs") { text.parse().expect("Rust") } else { TokenStream::new() };
    rule(&TrackedFile::new(path, text), &tokens, &mut findings);
    findings.sort();
    findings.iter().map(|finding| finding.line).collect()
}

/// What a rule finds in text that keeps it.
#[cfg(test)]
const NOTHING: [usize; 0] = [];
