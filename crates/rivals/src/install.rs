//! Installs what the programs in `peers/` import, and what runs them, below `target/`: once per change of what is pinned.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::browser::Browser;
use crate::process;

/// Where things were installed.
#[derive(Debug)]
pub struct Installed {
    directory: PathBuf,
    node_arguments: Vec<&'static str>,
    node_version: String,
    browser: Browser,
}

impl Installed {
    /// Installs below `directory`, which is made if it is not there. Processes that test at once wait for each other.
    pub fn prepare(directory: &Path) -> Result<Self, String> {
        fs::create_dir_all(directory).map_err(|error| format!("{directory:?}: {error}"))?;
        let lock = directory.join("install.lock");
        let lock = File::create(&lock).map_err(|error| format!("{lock:?}: {error}"))?;
        lock.lock().map_err(|error| format!("the lock of the installation: {error}"))?;

        let node_version = first_line(Command::new("node").arg("--version"))?;
        let installed = Self {
            directory: directory.to_owned(),
            node_arguments: node_arguments(&node_version)?,
            node_version,
            browser: Browser::start(directory)?,
        };
        installed.install_node()?;
        installed.install_python()?;
        Ok(installed)
    }

    /// Node.js, about to run this program of `peers/`.
    #[must_use]
    pub fn node(&self, program: &str) -> Command {
        let mut command = Command::new("node");
        command.args(&self.node_arguments).arg(self.directory.join("node").join(program));
        command
    }

    /// Deno, about to run this program of `peers/`.
    #[must_use]
    pub fn deno(&self, program: &str) -> Command {
        let mut command = Command::new(self.packaged(DENO));
        command.args(["run", "--allow-all", "--no-lock"]);
        command.arg(self.directory.join("node").join(program)).env("DENO_NO_UPDATE_CHECK", "1");
        command
    }

    /// Bun, about to run this program of `peers/`.
    #[must_use]
    pub fn bun(&self, program: &str) -> Command {
        let mut command = Command::new(self.packaged(BUN));
        command.arg(self.directory.join("node").join(program));
        command
    }

    /// Python, about to run this program of `peers/python/`.
    #[must_use]
    pub fn python(&self, program: &str) -> Command {
        let mut command = Command::new(self.directory.join("python/bin/python"));
        // -B: what it compiles stays out of the source.
        command.args(["-B", "-u"]).arg(peers().join("python").join(program));
        command
    }

    /// The version of Node.js, which is that of its built-in WebSocket.
    #[must_use]
    pub fn node_version(&self) -> &str {
        self.node_version.trim_start_matches('v')
    }

    /// Chromium, and the programs that drive it.
    #[must_use]
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    fn install_node(&self) -> Result<(), String> {
        let node = self.directory.join("node");
        fs::create_dir_all(&node).map_err(|error| format!("{node:?}: {error}"))?;
        // An ES module finds what it imports from where it lies, so the programs have to lie beside `node_modules`.
        for entry in fs::read_dir(peers()).map_err(|error| format!("peers/: {error}"))? {
            let path = entry.map_err(|error| format!("peers/: {error}"))?.path();
            let name = path.file_name().expect("an entry of a directory has a name");
            if path.extension().is_some_and(|extension| extension == "mjs" || extension == "json") {
                fs::copy(&path, node.join(name)).map_err(|error| format!("{path:?}: {error}"))?;
            }
        }
        self.once("node", "package-lock.json", &self.node_version, || {
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&node);
            finish(&mut npm)?;
            // Their install scripts only move these to other places.
            match [DENO, BUN].map(|path| self.packaged(path)).iter().find(|path| !path.exists()) {
                None => Ok(()),
                Some(path) => Err(format!("the npm package did not bring {}", path.display())),
            }
        })
    }

    fn install_python(&self) -> Result<(), String> {
        let version = first_line(Command::new("python3").arg("--version"))?;
        self.once("python", "python/requirements.txt", &version, || {
            let python = self.directory.join("python");
            finish(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python))?;
            let mut pip = Command::new(python.join("bin/python"));
            pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
            pip.args(["--require-hashes", "--requirement"]);
            finish(pip.arg(peers().join("python/requirements.txt")))
        })
    }

    /// What an npm package brings as a program of its own.
    fn packaged(&self, path: &str) -> PathBuf {
        self.directory.join("node/node_modules").join(path)
    }

    /// Runs `install` unless it succeeded before with the same `pinned` file and the same `version` of the runtime.
    fn once(
        &self,
        name: &str,
        pinned: &str,
        version: &str,
        install: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), String> {
        let pinned = peers().join(pinned);
        let wanted = fs::read_to_string(&pinned).map_err(|error| format!("{pinned:?}: {error}"))?;
        let wanted = format!("{version}\n{wanted}");
        // Inside of what it speaks for, so that removing that removes the stamp too.
        let stamp = self.directory.join(name).join("installed");
        if fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
            return Ok(());
        }
        install().map_err(|problem| format!("installing for {name} failed: {problem}"))?;
        fs::write(&stamp, wanted).map_err(|error| format!("{stamp:?}: {error}"))
    }
}

/// Before Node.js 22 the built-in WebSocket has to be asked for.
fn node_arguments(version: &str) -> Result<Vec<&'static str>, String> {
    let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    match major.parse() {
        Ok(0..=19_u32) => Err(format!("Node.js 20 or later is needed, not {version}")),
        Ok(20..=21) => Ok(vec!["--experimental-websocket"]),
        Ok(_) => Ok(Vec::new()),
        Err(error) => Err(format!("node --version says {version:?}: {error}")),
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn first_line(command: &mut Command) -> Result<String, String> {
    let lines = process::run(command, SILENCE_MAX)?.into_success()?;
    Ok(lines.into_iter().next().unwrap_or_default())
}

fn finish(command: &mut Command) -> Result<(), String> {
    process::run(command, SILENCE_MAX)?.into_success().map(|_| ())
}

#[cfg(target_arch = "x86_64")]
const DENO: &str = "@deno/linux-x64-glibc/deno";
#[cfg(target_arch = "x86_64")]
const BUN: &str = "@oven/bun-linux-x64/bin/bun";
#[cfg(target_arch = "aarch64")]
const DENO: &str = "@deno/linux-arm64-glibc/deno";
#[cfg(target_arch = "aarch64")]
const BUN: &str = "@oven/bun-linux-aarch64/bin/bun";
/// For a registry that is slow to answer.
const SILENCE_MAX: Duration = Duration::from_secs(180);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_node_20_and_21_are_asked_for_their_websocket() {
        assert_eq!(node_arguments("v20.1.0"), Ok(vec!["--experimental-websocket"]));
        assert_eq!(node_arguments("v22.0.0"), Ok(vec![]));
        assert!(node_arguments("v18.19.1").is_err());
        assert!(node_arguments("").is_err());
    }
}
