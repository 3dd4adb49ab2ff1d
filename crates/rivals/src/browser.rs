//! The programs in `browser/`, which drive Chromium: what they import is installed below `target/`, Chromium itself is
//! the system's.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::process;

/// A running Chromium, and where the programs that drive it are installed. It ends with this process.
#[derive(Debug)]
pub struct Browser {
    chromium: PathBuf,
    version: String,
    programs: PathBuf,
    /// Where programs find the running one.
    address: String,
    /// It runs until the input of this ends.
    holder: Child,
}

impl Browser {
    /// Finds Chromium, installs below `directory` what drives it, and starts it. Processes that test at once wait for each
    /// other.
    pub fn start(directory: &Path) -> Result<Self, String> {
        let (chromium, version) = find(env::var_os("CHROMIUM"))?;
        let programs = directory.join("browser");
        fs::create_dir_all(&programs).map_err(|error| format!("{programs:?}: {error}"))?;
        let lock = directory.join("browser.lock");
        let lock = File::create(&lock).map_err(|error| format!("{lock:?}: {error}"))?;
        lock.lock().map_err(|error| format!("the lock of the installation: {error}"))?;
        copy_programs(&programs)?;
        install_imports(&programs)?;
        let (holder, address) = hold(&chromium, &programs)?;
        Ok(Self { chromium, version, programs, address, holder })
    }

    /// Node.js, about to run this program of `browser/`.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.programs.join(name));
        command.env("CHROMIUM", &self.chromium).env("CHROMIUM_HELD", &self.address);
        command
    }

    /// The version of Chromium.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the programs leave their screenshots.
    #[must_use]
    pub fn screenshots(&self) -> PathBuf {
        self.programs.join("screenshots")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // How it ended matters to nobody now.
        let _ = self.holder.wait();
    }
}

/// Starts Chromium by a program that ends it when its own input ends, as it does with this process in whatever way.
fn hold(chromium: &Path, programs: &Path) -> Result<(Child, String), String> {
    let problem = |error| format!("Chromium could not be started: {error}");
    let mut holder = Command::new("node")
        .arg(programs.join("hold.mjs"))
        .env("CHROMIUM", chromium)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(problem)?;
    let output = holder.stdout.take().expect("standard output is piped");
    let mut address = String::new();
    BufReader::new(output).read_line(&mut address).map_err(problem)?;
    if address.is_empty() {
        return Err(format!(
            "{} did not start, which its output above tells more of",
            chromium.display()
        ));
    }
    Ok((holder, address.trim().to_owned()))
}

/// The Chromium that is `chosen`, or else that of the system, and its version.
fn find(chosen: Option<OsString>) -> Result<(PathBuf, String), String> {
    let names = chosen.map_or_else(|| NAMES.map(OsString::from).to_vec(), |chosen| vec![chosen]);
    let search = env::var_os("PATH").unwrap_or_default();
    for name in &names {
        // What is an absolute path stays one.
        let mut places = env::split_paths(&search).map(|folder| folder.join(name));
        if let Some(program) = places.find(|program| program.is_file())
            && let Some(version) = version(&program)
        {
            return Ok((program, version));
        }
    }
    Err(format!(
        "no Chromium answers to {names:?}: install it (on Debian: apt-get install chromium), or name it in CHROMIUM"
    ))
}

/// What `program` says of itself, if that is as in "Chromium 148.0.7778.167 built on Debian".
fn version(program: &Path) -> Option<String> {
    let said = process::run(Command::new(program).arg("--version"), SILENCE_MAX);
    let lines = said.and_then(process::Finished::into_success).ok()?;
    let (_, rest) = lines.first()?.split_once("Chrom")?;
    let version = rest.split(' ').nth(1)?;
    Some(version.to_owned())
}

/// An ES module finds what it imports from where it lies, so all programs and the checks that they share with those of
/// Node.js have to lie beside `node_modules`.
fn copy_programs(programs: &Path) -> Result<(), String> {
    let own = fs::read_dir(SOURCES).map_err(|error| format!("{SOURCES}: {error}"))?;
    let own = own.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file());
    let shared = SHARED.iter().map(PathBuf::from);
    for path in own.chain(shared) {
        let name = path.file_name().expect("a file has a name");
        fs::copy(&path, programs.join(name)).map_err(|error| format!("{path:?}: {error}"))?;
    }
    Ok(())
}

/// Installs what is pinned, unless just that was installed before.
fn install_imports(programs: &Path) -> Result<(), String> {
    let pinned = programs.join("package-lock.json");
    let pinned = fs::read_to_string(&pinned).map_err(|error| format!("{pinned:?}: {error}"))?;
    let stamp = programs.join("node_modules").join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(programs);
    process::run(&mut npm, SILENCE_MAX)
        .and_then(process::Finished::into_success)
        .map_err(|problem| format!("installing what drives Chromium failed: {problem}"))?;
    fs::write(&stamp, pinned).map_err(|error| format!("{stamp:?}: {error}"))
}

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser");
const SHARED: [&str; 3] = [
    concat!(env!("CARGO_MANIFEST_DIR"), "/peers/common.mjs"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/peers/driver.mjs"),
    concat!(env!("CARGO_MANIFEST_DIR"), "/peers/sockets.mjs"),
];
/// As Debian, Ubuntu and its maker call it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// For a registry that is slow to answer.
const SILENCE_MAX: Duration = Duration::from_secs(180);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_chromium_is_an_error_that_says_what_to_install() {
        let missing = find(Some("no-such-browser".into())).expect_err("there is none");
        assert!(missing.contains("apt-get install chromium"), "{missing}");
        assert!(missing.contains("no-such-browser"), "{missing}");
    }

    #[test]
    fn a_program_of_another_name_is_no_chromium() {
        assert!(find(Some("sh".into())).is_err() && find(Some("env".into())).is_err());
    }
}
