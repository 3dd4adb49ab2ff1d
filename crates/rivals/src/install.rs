//! Installs what the programs in `clients/` import, below `target/`, once per change of what is pinned.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process;

/// Where things were installed.
#[derive(Debug)]
pub struct Installed {
    directory: PathBuf,
    node_arguments: Vec<&'static str>,
    node_version: String,
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
        };
        installed.install_node()?;
        installed.install_python()?;
        Ok(installed)
    }

    /// Node.js, about to run this program of `clients/`.
    #[must_use]
    pub fn node(&self, program: &str) -> Command {
        let mut command = Command::new("node");
        command.args(&self.node_arguments).arg(self.directory.join("node").join(program));
        command
    }

    /// Python, about to run this program of `clients/`.
    #[must_use]
    pub fn python(&self, program: &str) -> Command {
        let mut command = Command::new(self.directory.join("python/bin/python"));
        command.arg("-u").arg(clients().join(program));
        command
    }

    /// The version of Node.js, which is that of its built-in WebSocket.
    #[must_use]
    pub fn node_version(&self) -> &str {
        self.node_version.trim_start_matches('v')
    }

    fn install_node(&self) -> Result<(), String> {
        let node = self.directory.join("node");
        fs::create_dir_all(&node).map_err(|error| format!("{node:?}: {error}"))?;
        // An ES module finds what it imports from where it lies, so the programs have to lie beside `node_modules`.
        for entry in fs::read_dir(clients()).map_err(|error| format!("clients/: {error}"))? {
            let path = entry.map_err(|error| format!("clients/: {error}"))?.path();
            let name = path.file_name().expect("an entry of a directory has a name");
            if path.extension().is_some_and(|extension| extension == "mjs" || extension == "json") {
                fs::copy(&path, node.join(name)).map_err(|error| format!("{path:?}: {error}"))?;
            }
        }
        self.once("node", "package-lock.json", &self.node_version, || {
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&node);
            finish(&mut npm)
        })
    }

    fn install_python(&self) -> Result<(), String> {
        let version = first_line(Command::new("python3").arg("--version"))?;
        self.once("python", "requirements.txt", &version, || {
            let python = self.directory.join("python");
            finish(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&python))?;
            let mut pip = Command::new(python.join("bin/python"));
            pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
            finish(pip.arg("--requirement").arg(clients().join("requirements.txt")))
        })
    }

    /// Runs `install` unless it succeeded before with the same `pinned` file and the same `version` of the runtime.
    fn once(
        &self,
        name: &str,
        pinned: &str,
        version: &str,
        install: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), String> {
        let pinned = clients().join(pinned);
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

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

fn first_line(command: &mut Command) -> Result<String, String> {
    let lines = process::run(command, SILENCE_MAX)?.into_success()?;
    Ok(lines.into_iter().next().unwrap_or_default())
}

fn finish(command: &mut Command) -> Result<(), String> {
    process::run(command, SILENCE_MAX)?.into_success().map(|_| ())
}

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
