//! `cargo xtask test`: everything that has to hold before a change lands.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use xshell::cmd;

use crate::prerequisites::{self, CHROMIUM, CURL, CXX, OPENSSL, PYTHON, SSLSCAN, STRACE};
use crate::project::Project;
use crate::{autobahn, bench, dependencies, fuzz, simulate, tidy};

/// Install what the tests need, then run everything.
///
/// The steps: what the machine lacks; formatting; clippy for the workspace and for the engine with less than all its
/// features; the rules of `tidy`; the tests of the tooling; ten thousand simulated storms; the tests of the engine
/// and of the product; the engine with each set of features alone, a tenth of what is random or long; its servers, the product and the crowd on io_uring; what the project depends on (cargo deny, cargo tree); the
/// documentation; other people's WebSockets as clients and as servers, the page in Chromium, and TLS by sslscan and
/// OpenSSL; the conformance suite against server and client, over ws and over wss, with few of the client's cases with
/// compression; every fuzz target for a few seconds;
/// every benchmark once, and every server of the comparison with others.
///
/// Builds without debug information, which takes a good part of building: who needs a backtrace with lines runs the test again by
/// hand.
///
/// Each step prints a heading and the time it took. The first that fails ends the run. From nothing it takes
/// half an hour and more on two cores.
#[derive(Args)]
pub(crate) struct Options {}

pub(crate) fn run(project: &Project, _options: &Options) -> Result<()> {
    let began = Instant::now();
    // What fails says where without it, and it is a good part of building.
    let _no_lines = project.shell.push_env("CARGO_PROFILE_DEV_DEBUG", "0");
    let _same_cases = project.shell.push_env("PROPTEST_RNG_SEED", PROPERTY_SEED);
    let _side_by_side = project.shell.push_env("RUST_TEST_THREADS", TEST_THREADS);
    let mut server = None;
    for (index, step) in STEPS.iter().enumerate() {
        let number = format!("{} of {}", index + 1, STEPS.len());
        println!("\n=== {number}: {}", step.title);
        let step_began = Instant::now();
        (step.run)(project).with_context(|| format!("step {number} failed: {}", step.title))?;
        println!("=== {number} took {}", minutes(step_began.elapsed()));
        if server.is_none() {
            // Now that there is what it takes. Linking it keeps a single processor busy for minutes, beside the next steps.
            server = Some(project.begin_server()?);
        }
    }
    println!("\n=== all {} steps passed in {}", STEPS.len(), minutes(began.elapsed()));
    Ok(())
}

struct Step {
    title: &'static str,
    run: fn(&Project) -> Result<()>,
}

/// Quick ones first, so that a slip shows early.
const STEPS: &[Step] = &[
    Step { title: "what the tests need", run: install },
    Step { title: "formatting", run: formatting },
    Step { title: "the rules of the house", run: |project| tidy::run(project, &tidy::Options {}) },
    Step { title: "clippy", run: clippy },
    Step {
        title: "the tooling's tests",
        run: |project| cargo_test(project, &["--package", "xtask"]),
    },
    Step {
        title: "ten thousand storms",
        run: |project| simulate::run(project, &simulate::Options::everything()),
    },
    Step { title: "the tests", run: tests },
    Step { title: "the engine with each set of features alone", run: feature_sets },
    Step { title: "real sockets on io_uring", run: real_sockets_on_uring },
    Step { title: "what the project depends on", run: dependencies::check },
    Step { title: "the documentation", run: documentation },
    Step { title: "other people's WebSockets", run: rivals },
    Step {
        title: "the conformance suite",
        run: |project| autobahn::run(project, &autobahn::Options::for_tests()),
    },
    Step {
        title: "every fuzz target for a moment",
        run: |project| fuzz::run(project, &fuzz::Options::everything(FUZZ_SECONDS)),
    },
    Step { title: "every benchmark once", run: benchmarks },
    Step {
        title: "the comparison with other people's servers, for a moment",
        run: |project| bench::run(project, &bench::Options::smoke()),
    },
];

fn install(project: &Project) -> Result<()> {
    prerequisites::ensure(
        &project.shell,
        &[CHROMIUM, CURL, CXX, OPENSSL, PYTHON, SSLSCAN, STRACE],
    )?;
    prerequisites::ensure_node(project)?;
    prerequisites::ensure_rust_components(&project.shell)
}

fn formatting(project: &Project) -> Result<()> {
    Ok(cmd!(project.shell, "cargo fmt --all --check").run()?)
}

fn clippy(project: &Project) -> Result<()> {
    let shell = &project.shell;
    cmd!(shell, "cargo clippy --workspace --all-targets -- -D warnings").run()?;
    for &features in FEATURE_SETS {
        cmd!(shell, "cargo clippy --package sockeye --all-targets {features...} -- -D warnings")
            .run()?;
    }
    Ok(())
}

/// Those that attack the server attack the one that is shipped.
fn tests(project: &Project) -> Result<()> {
    // With all features of the engine, whatever the server uses of them.
    let all = ["--features", "sockeye/uring,sockeye/deflate,sockeye/tls"];
    cmd!(project.shell, "cargo test --no-run {all...}").run()?;
    let _binary = project.shell.push_env("SOCKEYE_BIN", project.build_server()?);
    let _few = project.shell.push_env("SOCKEYE_SEEDS", FEW_STORMS);
    cargo_test(project, &all)
}

fn feature_sets(project: &Project) -> Result<()> {
    // The storms have a step of their own, and "the tests" have the engine with all features: all of each is tried there.
    let _few = project.shell.push_env("SOCKEYE_SEEDS", FEW_STORMS);
    let _share = project.shell.push_env("SOCKEYE_SHARE", "10");
    let (_everything, others) = FEATURE_SETS.split_last().expect("there are some");
    for features in others {
        cargo_test(project, &[["--package", "sockeye"].as_slice(), features].concat())?;
    }
    Ok(())
}

/// The drivers' contract and their own tests are among the engine's; here is the rest that has real sockets: the engine's
/// servers, who attacks, the product, and a crowd.
fn real_sockets_on_uring(project: &Project) -> Result<()> {
    let _uring = project.shell.push_env("SOCKEYE_DRIVER", "uring");
    cargo_test(
        project,
        &[
            "--package",
            "sockeye",
            "--features",
            "uring,deflate,tls",
            "--test",
            "engine",
            "--",
            "loopback::",
            "http::",
            "tls::",
            "connecting::",
            "--skip",
            "simulation::",
        ],
    )?;
    let _binary = project.shell.push_env("SOCKEYE_BIN", project.build_server()?);
    let tests = ["--test", "abuse", "--test", "product", "--test", "crowd"];
    cargo_test(project, &[["--package", "sockeye-server"].as_slice(), &tests].concat())
}

fn cargo_test(project: &Project, arguments: &[&str]) -> Result<()> {
    Ok(cmd!(project.shell, "cargo test {arguments...}").run()?)
}

fn documentation(project: &Project) -> Result<()> {
    let shell = &project.shell;
    let _strict = shell.push_env("RUSTDOCFLAGS", "-D warnings");
    for &features in FEATURE_SETS {
        cmd!(shell, "cargo doc --no-deps --package sockeye {features...}").run()?;
    }
    // Last, so that this is the documentation that is left.
    Ok(cmd!(shell, "cargo doc --no-deps").run()?)
}

fn rivals(project: &Project) -> Result<()> {
    let _binary = project.shell.push_env("SOCKEYE_BIN", project.build_server()?);
    cargo_test(project, &["--package", "sockeye-rivals"])
}

fn benchmarks(project: &Project) -> Result<()> {
    // With --test criterion runs each benchmark once and measures nothing. Optimised all the same: the large inputs
    // take minutes otherwise.
    let shell = &project.shell;
    // Linked as quickly as it goes: what they measure is nothing here.
    let _thin = shell.push_env("CARGO_PROFILE_BENCH_LTO", "thin");
    cmd!(shell, "cargo bench --package sockeye --features deflate --benches -- --test").run()?;
    cmd!(shell, "cargo bench --package sockeye-hub --benches -- --test").run()?;
    Ok(cmd!(shell, "cargo bench --package sockeye-dialects --benches -- --test").run()?)
}

fn minutes(elapsed: Duration) -> String {
    format!("{}:{:02}", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
}

/// Each says what it adds to an engine that has nothing; clippy and the tests take them one by one. The last is everything, which
/// is what the engine has beside the server.
const FEATURE_SETS: &[&[&str]] = &[
    &["--no-default-features"],
    &["--no-default-features", "--features", "handshake"],
    &["--no-default-features", "--features", "deflate"],
    &["--no-default-features", "--features", "net"],
    &["--no-default-features", "--features", "net,deflate"],
    &["--no-default-features", "--features", "tls"],
    &["--no-default-features", "--features", "net,tls"],
    &["--no-default-features", "--features", "uring"],
    &["--no-default-features", "--features", "net,deflate,tls"],
    &["--no-default-features", "--features", "uring,deflate,tls"],
];
/// Tests at a time. Many wait for a deadline, so that there are more of them than processors.
const TEST_THREADS: &str = "4";
/// Seeds of the storms where they are not what a step is for: the step that is runs these too.
const FEW_STORMS: &str = "20";
/// Properties are tried with the same cases each time, as the storms are: a commit that passed passes again. `cargo test` tries new
/// ones each time, and CONTRIBUTING.md says how to try many.
const PROPERTY_SEED: &str = "6455";
/// The test fuzzes to show that every target works; to find something it has to run longer.
const FUZZ_SECONDS: u64 = 5;
