//! Where things are, and a shell that stands there.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// The checkout that the tasks work on.
#[derive(Clone)]
pub(crate) struct Project {
    /// The folder with the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder: all that a task installs or writes goes below it.
    pub(crate) target: PathBuf,
    /// Runs commands in `root`.
    pub(crate) shell: Shell,
}

impl Project {
    pub(crate) fn open() -> Result<Self> {
        // Set by `cargo run`; what was true at compile time is for a binary that is started by hand.
        let manifest = env::var("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root =
            Path::new(&manifest).parent().context("xtask is a folder of the workspace")?.to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => std::path::absolute(target)?,
            None => root.join("target"),
        };
        let shell = Shell::new()?;
        shell.change_dir(&root);
        Ok(Self { root, target, shell })
    }

    /// Builds the release server and says where it is.
    pub(crate) fn build_server(&self) -> Result<PathBuf> {
        cmd!(self.shell, "cargo build --release --package sockeye-server").run()?;
        Ok(self.target.join("release").join("sockeye"))
    }

    /// Begins to build the release server, in silence. Who then asks for it waits until that is done, or hears why it is not.
    pub(crate) fn begin_server(&self) -> Result<Building> {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--package", "sockeye-server"]).current_dir(&self.root);
        cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Building(cargo.spawn().context("cargo cannot be started")?))
    }

    /// Builds an example of the engine with these features, as in a release or quickly, and says where it is.
    pub(crate) fn build_example(
        &self,
        name: &str,
        features: &str,
        is_release: bool,
    ) -> Result<PathBuf> {
        let package = ["--package", "sockeye", "--features", features];
        let (profile, folder) =
            if is_release { (Some("--release"), "release") } else { (None, "debug") };
        cmd!(self.shell, "cargo build {profile...} {package...} --example {name}").run()?;
        Ok(self.target.join(folder).join("examples").join(name))
    }
}

/// A build under way, which ends with this.
pub(crate) struct Building(Child);

impl Drop for Building {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}
