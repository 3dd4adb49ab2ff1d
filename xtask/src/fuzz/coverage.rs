//! `cargo xtask fuzz --coverage`: which lines of src/protocol the seeds reach.
//!
//! The compiler counts (`-C instrument-coverage`), so no nightly is needed; reading its counts takes LLVM's own tools of the
//! same version. Rust has them as the component llvm-tools, Debian as the package llvm-N.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::prerequisites;
use crate::project::Project;

/// Replays all seeds, prints the share of lines for each file and over all, and fails when that is too little.
pub(super) fn run(project: &Project) -> Result<()> {
    let tools = Tools::ensure(&project.shell)?;
    let directory = project.target.join("fuzz").join("coverage");
    let program = build(project, &directory)?;
    let profile = replay(project, &tools, &program, &directory)?;

    let cov = &tools.cov;
    let json =
        cmd!(project.shell, "{cov} export --summary-only --instr-profile {profile} {program}")
            .quiet()
            .read()?;
    let covered = parse(&json, &project.root.join(MEASURED))?;
    print!("{}", table(&covered));
    let total = total(&covered);
    println!(
        "{} of {} lines of {MEASURED} are reached: {:.1} %; which are not says\n  {} show --instr-profile {} {} --sources {MEASURED}",
        total.covered,
        total.count,
        total.percent(),
        cov.display(),
        profile.display(),
        program.display(),
    );
    ensure!(
        total.percent() >= PERCENT_MIN,
        "less than {PERCENT_MIN} %: add seeds to fuzz/seeds/ that reach more"
    );
    Ok(())
}

fn build(project: &Project, directory: &Path) -> Result<PathBuf> {
    let _instrumented = project.shell.push_env("RUSTFLAGS", "-C instrument-coverage");
    let manifest = project.root.join("fuzz").join("Cargo.toml");
    cmd!(
        project.shell,
        "cargo build --quiet --locked --manifest-path {manifest} --bin replay --target-dir {directory}"
    )
    .run()?;
    Ok(directory.join("debug").join("replay"))
}

fn replay(project: &Project, tools: &Tools, program: &Path, directory: &Path) -> Result<PathBuf> {
    let (counts, profile) = (directory.join("replay.profraw"), directory.join("replay.profdata"));
    let _file = project.shell.push_env("LLVM_PROFILE_FILE", &counts);
    cmd!(project.shell, "{program}").run()?;
    let profdata = &tools.profdata;
    cmd!(project.shell, "{profdata} merge --sparse {counts} --output {profile}").run()?;
    fs::remove_file(counts)?;
    Ok(profile)
}

/// LLVM's programs that read what the compiler of this version counts.
struct Tools {
    profdata: PathBuf,
    cov: PathBuf,
}

impl Tools {
    fn ensure(shell: &Shell) -> Result<Self> {
        let version = cmd!(shell, "rustc -vV").quiet().read()?;
        let major = llvm_major(&version).context("rustc does not say which LLVM it has")?;
        let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
        let component = Path::new(&sysroot).join("lib").join("rustlib");
        let component = component.join(host(&version)?).join("bin");
        let package = Path::new("/usr/lib").join(format!("llvm-{major}")).join("bin");
        if let Some(found) = [&component, &package].into_iter().find_map(|bin| Self::in_folder(bin))
        {
            return Ok(found);
        }
        prerequisites::install(shell, &[&format!("llvm-{major}")]).with_context(|| {
            format!(
                "LLVM {major} missing: `rustup component add llvm-tools`, or install it by hand"
            )
        })?;
        match Self::in_folder(&package) {
            Some(found) => Ok(found),
            None => bail!("no llvm-cov in {}, although it is installed", package.display()),
        }
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let tools = Self { profdata: folder.join("llvm-profdata"), cov: folder.join("llvm-cov") };
        (tools.profdata.exists() && tools.cov.exists()).then_some(tools)
    }
}

fn llvm_major(version: &str) -> Option<u32> {
    let line = version.lines().find_map(|line| line.strip_prefix("LLVM version: "))?;
    line.split('.').next()?.parse().ok()
}

fn host(version: &str) -> Result<&str> {
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.context("rustc does not say for which machine it is")
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct Lines {
    count: u32,
    covered: u32,
}

impl Lines {
    fn percent(self) -> f64 {
        100.0 * f64::from(self.covered) / f64::from(self.count.max(1))
    }
}

/// Lines by file, of the files below `folder`.
fn parse(json: &str, folder: &Path) -> Result<BTreeMap<String, Lines>> {
    let export: Export = serde_json::from_str(json).context("llvm-cov has another form")?;
    let files = export.data.into_iter().flat_map(|data| data.files);
    let covered: BTreeMap<_, _> = files
        .filter_map(|file| {
            let name = Path::new(&file.filename).strip_prefix(folder).ok()?;
            Some((name.display().to_string(), file.summary.lines))
        })
        .collect();
    ensure!(!covered.is_empty(), "llvm-cov has not heard of {}", folder.display());
    Ok(covered)
}

#[derive(Deserialize)]
struct Export {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

fn total(covered: &BTreeMap<String, Lines>) -> Lines {
    covered.values().fold(Lines::default(), |sum, lines| Lines {
        count: sum.count + lines.count,
        covered: sum.covered + lines.covered,
    })
}

fn table(covered: &BTreeMap<String, Lines>) -> String {
    let line = |(name, lines): (&String, &Lines)| {
        format!("{:>6.1} %  {:>4} of {:>4}  {name}\n", lines.percent(), lines.covered, lines.count)
    };
    covered.iter().map(line).collect()
}

const MEASURED: &str = "src/protocol";
const PERCENT_MIN: f64 = 95.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_llvm_and_the_machine_are_read_from_what_rustc_says() {
        let version = "rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.2\n";
        assert_eq!(llvm_major(version), Some(22));
        assert_eq!(host(version).expect("it is there"), "x86_64-unknown-linux-gnu");
        assert_eq!(llvm_major("rustc 1.95.0"), None);
    }

    #[test]
    fn files_of_the_folder_are_added_up_and_others_are_not() {
        let file = |name: &str, covered: u32| {
            format!(
                r#"{{"filename": "{name}", "summary": {{"lines": {{"count": 40, "covered": {covered}, "percent": 1}}}}}}"#
            )
        };
        let files = [
            file("/p/src/protocol/a.rs", 40),
            file("/p/src/protocol/b/c.rs", 30),
            file("/p/src/lib.rs", 1),
        ];
        let json = format!(r#"{{"data": [{{"files": [{}]}}]}}"#, files.join(","));
        let covered = parse(&json, Path::new("/p/src/protocol")).expect("valid");
        assert_eq!(covered.keys().collect::<Vec<_>>(), ["a.rs", "b/c.rs"]);
        assert_eq!(total(&covered), Lines { count: 80, covered: 70 });
        assert!((total(&covered).percent() - 87.5).abs() < 1e-9);
        assert!(table(&covered).contains("  75.0 %    30 of   40  b/c.rs\n"));
        assert!(parse(&json, Path::new("/elsewhere")).is_err());
    }
}
