//! `cargo xtask fuzz`: every fuzz target for a while, from its seeds.

mod coverage;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use xshell::{PushEnv, Shell, cmd};

use crate::prerequisites::{self, CXX};
use crate::project::Project;

/// Run the fuzz targets, each for a given time.
///
/// Starts every target of fuzz/fuzz_targets/ (or one) from its seeds in fuzz/seeds/TARGET/ and from what earlier runs have
/// found, which is kept in target/fuzz/corpus/TARGET/. Prints how often each was executed. Fails on the first crash;
/// the input that causes it is then in fuzz/artifacts/TARGET/, and libFuzzer's words are printed.
///
/// Targets that reach no unsafe code of ours are built without the address sanitizer, which takes most of the time and has
/// nothing to find there; fuzz/README.md says which.
///
/// With --coverage no fuzzer runs: every target is given its seeds once, and the share of lines of src/protocol that they
/// reach is printed, file by file. Fails below 95 %. Takes LLVM's tools of the compiler's version, which it installs.
///
/// Installs cargo-fuzz into target/tools/ when the machine has none. Uses the nightly toolchain if rustup has one, else
/// unlocks what fuzzing needs in the stable one (RUSTC_BOOTSTRAP=1).
#[derive(Args)]
pub(crate) struct Options {
    /// Only this target
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, value_name = "N", default_value_t = 30)]
    seconds: u64,
    /// Measure which lines of src/protocol the seeds reach, instead of fuzzing
    #[arg(long, conflicts_with_all = ["target", "seconds"])]
    coverage: bool,
}

impl Options {
    /// All targets, each for so many seconds.
    pub(crate) fn everything(seconds: u64) -> Self {
        Self { target: None, seconds, coverage: false }
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    prerequisites::ensure(&project.shell, &[CXX])?;
    if options.coverage {
        return coverage::run(project);
    }
    let targets = targets(&project.root, options.target.as_deref())?;
    let cargo_fuzz = ensure_cargo_fuzz(project)?;
    let _toolchain = unlock_toolchain(&project.shell);

    let executions = fuzz_all(project, &cargo_fuzz, &targets, options.seconds)?;
    println!("{} targets, {executions} executions, no crash", targets.len());
    Ok(())
}

/// Fuzzes the targets, two at a time: one is built while another runs. Says how often they were executed.
fn fuzz_all(project: &Project, cargo_fuzz: &Path, targets: &[String], seconds: u64) -> Result<u64> {
    let Project { root, target: build, shell } = project;
    let (next, executions) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = &|shell: Shell| -> Result<()> {
        while let Some(name) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let count =
                fuzz(&shell, (root, build), cargo_fuzz, name, seconds).inspect_err(|_| {
                    // Whoever fuzzes beside this takes no other target then.
                    next.store(targets.len(), Ordering::Relaxed);
                })?;
            println!("{name}: {count} executions");
            executions.fetch_add(count, Ordering::Relaxed);
        }
        Ok(())
    };
    let shells: Vec<Shell> = (0..AT_A_TIME).map(|_| shell.clone()).collect();
    thread::scope(|scope| {
        let workers: Vec<_> =
            shells.into_iter().map(|shell| scope.spawn(move || work(shell))).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(executions.into_inner())
}

/// The names of all targets, or the one that is asked for.
fn targets(root: &Path, wanted: Option<&str>) -> Result<Vec<String>> {
    let folder = root.join("fuzz").join("fuzz_targets");
    let mut targets = Vec::new();
    for entry in
        fs::read_dir(&folder).with_context(|| format!("no fuzz targets at {}", folder.display()))?
    {
        let path = entry?.path();
        if let (Some(name), Some("rs")) =
            (path.file_stem(), path.extension().and_then(|end| end.to_str()))
        {
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    ensure!(!targets.is_empty(), "no fuzz targets in {}", folder.display());
    match wanted {
        None => Ok(targets),
        Some(wanted) if targets.iter().any(|target| target == wanted) => {
            Ok(vec![wanted.to_owned()])
        }
        Some(wanted) => bail!("no fuzz target {wanted}; there are {}", targets.join(", ")),
    }
}

fn ensure_cargo_fuzz(project: &Project) -> Result<PathBuf> {
    let tools = project.target.join("tools");
    let installed = tools.join("bin").join("cargo-fuzz");
    if installed.exists() {
        return Ok(installed);
    }
    if prerequisites::succeeds(&project.shell, &["cargo-fuzz", "--version"]) {
        return Ok("cargo-fuzz".into());
    }
    cmd!(project.shell, "cargo install --quiet --locked cargo-fuzz --root {tools}").run()?;
    Ok(installed)
}

/// Sanitizers and coverage are unstable options of the compiler: chooses a toolchain that accepts them.
fn unlock_toolchain(shell: &Shell) -> PushEnv<'_> {
    let toolchains =
        cmd!(shell, "rustup toolchain list").quiet().ignore_stderr().read().unwrap_or_default();
    match nightly(&toolchains) {
        Some(nightly) => shell.push_env("RUSTUP_TOOLCHAIN", nightly),
        None => shell.push_env("RUSTC_BOOTSTRAP", "1"),
    }
}

fn nightly(toolchains: &str) -> Option<&str> {
    toolchains
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|name| name.starts_with("nightly"))
}

fn fuzz(
    shell: &Shell,
    (root, build): (&Path, &Path),
    cargo_fuzz: &Path,
    target: &str,
    seconds: u64,
) -> Result<u64> {
    let seeds = root.join("fuzz").join("seeds").join(target);
    ensure!(seeds.is_dir(), "the fuzz target {target} has no seeds at {}", seeds.display());
    // libFuzzer adds what it finds to the first corpus; the seeds are only read.
    let corpus = build.join("fuzz").join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let build = build.join("fuzz");
    let sanitizer = if WITHOUT_SANITIZER.contains(&target) { "none" } else { "address" };
    let limit = format!("-max_total_time={seconds}");

    let output = cmd!(
        shell,
        "{cargo_fuzz} run --sanitizer {sanitizer} --target-dir {build} {target} {corpus} {seeds} -- {limit} -timeout=10 -print_final_stats=1"
    )
    .ignore_status()
    .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprintln!("{log}");
        bail!("the fuzz target {target} failed: {}", output.status);
    }
    executions(&log)
        .with_context(|| format!("libFuzzer did not say how often it executed {target}:\n{log}"))
}

/// Reads the final statistics of libFuzzer.
fn executions(log: &str) -> Option<u64> {
    log.lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?
        .trim()
        .parse()
        .ok()
}

/// Targets that are fuzzed side by side.
const AT_A_TIME: usize = 2;

/// Targets that reach no unsafe code of ours, or only some that other targets run with the sanitizer: masking and texts.
const WITHOUT_SANITIZER: &[&str] = &[
    "client_handshake",
    "client_request",
    "deflate_negotiation",
    "deflate_round_trip",
    "extensions",
    "frame_header",
    "inflate",
    "request_body",
    "request_framing",
    "request_head",
    "response",
    "round_trip",
    "send_queue",
    "timer_wheel",
    "worker",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executions_are_read_from_the_statistics() {
        let log = "Done 512 runs in 1 second(s)\nstat::number_of_executed_units: 512\nstat::average_exec_per_sec: 256\n";
        assert_eq!(executions(log), Some(512));
        assert_eq!(executions("error: could not compile"), None);
    }

    #[test]
    fn a_nightly_toolchain_is_found_among_the_installed() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\nnightly-2026-05-19-x86_64-unknown-linux-gnu\n";
        assert_eq!(nightly(list), Some("nightly-2026-05-19-x86_64-unknown-linux-gnu"));
        assert_eq!(nightly("stable-x86_64-unknown-linux-gnu (active, default)\n"), None);
    }
}
