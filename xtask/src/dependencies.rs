//! What the project stands on: the rules of `deny.toml`, and what the engine's features bring with them.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::prerequisites;
use crate::project::Project;

/// Checks licences, sources and doubles of all that is depended on, and that the engine depends on little.
pub(crate) fn check(project: &Project) -> Result<()> {
    deny(project)?;
    for (features, allowed) in ENGINE {
        let found = tree(project, features, &["--depth", "1"])?;
        let too_many: Vec<_> =
            found.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        ensure!(
            too_many.is_empty(),
            "with {features:?} the engine depends on {too_many:?}, and may only on {allowed:?}; xtask/src/dependencies.rs has the list"
        );
    }
    let everything = tree(project, &["--all-features"], &[])?;
    let runtimes: Vec<_> = RUNTIMES.iter().filter(|name| everything.contains(**name)).collect();
    ensure!(
        runtimes.is_empty(),
        "the engine is an event loop and depends on {runtimes:?}; `cargo tree -i` says through whom"
    );
    Ok(())
}

fn deny(project: &Project) -> Result<()> {
    let cargo_deny = prerequisites::ensure_cargo_tool(project, "cargo-deny", CARGO_DENY_VERSION)?;
    let shell = &project.shell;
    // The comparisons are not shipped: other people's libraries come with the licences and the doubles that they have.
    cmd!(
        shell,
        "{cargo_deny} --workspace --exclude sockeye-rivals --exclude sockeye-bench-peers --locked check bans licenses sources"
    )
    .run()?;
    cmd!(shell, "{cargo_deny} --workspace --locked check sources").run()?;
    let carrier = "crates/rivals/bench-peers/uwebsockets/Cargo.toml";
    cmd!(shell, "{cargo_deny} --manifest-path {carrier} --config deny.toml --locked check sources")
        .run()?;
    // The fuzz targets are not shipped, and libFuzzer has a licence of its own.
    cmd!(shell, "{cargo_deny} --manifest-path fuzz/Cargo.toml --config deny.toml --locked check bans sources").run()?;
    Ok(())
}

/// The crates that the engine with these features depends on, itself not included.
fn tree(project: &Project, features: &[&str], options: &[&str]) -> Result<BTreeSet<String>> {
    let list = cmd!(
        project.shell,
        "cargo tree --package sockeye {features...} --edges normal,build --prefix none {options...}"
    )
    .quiet()
    .read()?;
    Ok(names(&list))
}

/// The names in what `cargo tree` prints, without that of the first line.
fn names(list: &str) -> BTreeSet<String> {
    list.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// What the engine may depend on itself, by features. `ARCHITECTURE.md` says why it is so little.
const ENGINE: &[(&[&str], &[&str])] = &[
    (&["--no-default-features"], &[]),
    (
        &["--no-default-features", "--features", "handshake"],
        &["base64", "getrandom", "httparse", "sha1"],
    ),
    (
        &["--no-default-features", "--features", "deflate"],
        &["base64", "getrandom", "httparse", "sha1", "zlib-rs"],
    ),
    (
        &["--no-default-features", "--features", "tls"],
        &["base64", "getrandom", "httparse", "rustls", "sha1"],
    ),
    (
        &["--all-features"],
        &[
            "base64",
            "crossbeam-channel",
            "getrandom",
            "httparse",
            "io-uring",
            "libc",
            "mio",
            "rustix",
            "rustls",
            "sha1",
            "slab",
            "socket2",
            "zlib-rs",
        ],
    ),
];
/// Runtimes for asynchronous code. Tests and examples may use them.
const RUNTIMES: &[&str] =
    &["async-executor", "async-std", "compio", "glommio", "monoio", "smol", "tokio"];
/// With versions of it the forms of `deny.toml` change.
const CARGO_DENY_VERSION: &str = "0.20.2";

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn the_names_are_read_from_the_tree() {
        let list = "sockeye v0.1.0 (/somewhere)\nmio v1.2.4\nlibc v0.2.191\nlog v0.4.35 (*)\n";
        assert_eq!(Vec::from_iter(names(list)), ["libc", "log", "mio"]);
        assert!(names("sockeye v0.1.0 (/somewhere)").is_empty());
    }
}
