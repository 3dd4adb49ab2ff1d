//! Somebody else's library, and the program in which we use it.

use std::process::Command;

use crate::install::Installed;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "tests write lists of them")]
pub struct Peer {
    /// Its name in the table.
    pub name: &'static str,
    /// Where its version stands.
    pub version: Version,
    /// What is run.
    pub program: Program,
}

/// Where a library's version stands.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Version {
    /// In a file that pins it: the file's text, and what stands before the version.
    Pinned(&'static str, &'static str),
    /// It is that of Node.js itself.
    OfNode,
    /// It is that of Chromium.
    OfChromium,
}

/// A program made with the library.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Program {
    /// A file of `peers/`, run by Node.js.
    Node(&'static str),
    /// A file of `peers/`, run by Deno.
    Deno(&'static str),
    /// A file of `peers/`, run by Bun.
    Bun(&'static str),
    /// A file of `browser/`, which drives Chromium.
    Browser(&'static str),
    /// A file of `peers/python/`.
    Python(&'static str),
    /// A program, and the library which that is asked to use.
    Rust(&'static str, &'static str),
}

impl Peer {
    /// Its name and version.
    #[must_use]
    pub fn label(&self, installed: &Installed) -> String {
        let version = match self.version {
            Version::OfNode => installed.node_version(),
            Version::OfChromium => installed.browser().version(),
            Version::Pinned(file, before) => {
                let (_, rest) = file.split_once(before).expect("the file pins a version");
                rest.split(['"', '\n']).next().unwrap_or_default()
            }
        };
        format!("{} {version}", self.name)
    }

    /// The program, about to be told what to do.
    #[must_use]
    pub fn command(&self, installed: &Installed) -> Command {
        match self.program {
            Program::Node(program) => installed.node(program),
            Program::Deno(program) => installed.deno(program),
            Program::Bun(program) => installed.bun(program),
            Program::Browser(program) => installed.browser().program(program),
            Program::Python(program) => installed.python(program),
            Program::Rust(program, library) => {
                let mut command = Command::new(program);
                command.arg(library);
                command
            }
        }
    }
}
