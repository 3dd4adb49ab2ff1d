//! Where things are, and a shell that stands there.

use std::env;
use std::path::{Path, PathBuf};

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

    /// Builds an example of the engine with these features, optimised, and says where it is.
    pub(crate) fn build_example(&self, name: &str, features: &str) -> Result<PathBuf> {
        let package = ["--package", "sockeye", "--features", features];
        cmd!(self.shell, "cargo build --release {package...} --example {name}").run()?;
        Ok(self.target.join("release").join("examples").join(name))
    }
}
