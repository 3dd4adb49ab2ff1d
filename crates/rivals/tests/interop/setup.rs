//! What all tests share: made once, by the one that comes first.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sockeye_rivals::install::Installed;
use sockeye_rivals::matrix::{Cell, Matrix};
use sockeye_rivals::server::{self, Server};

pub(crate) struct Setup {
    directory: PathBuf,
    pub(crate) installed: Installed,
}

impl Setup {
    pub(crate) fn get() -> &'static Self {
        static SETUP: LazyLock<Setup> = LazyLock::new(Setup::make);
        &SETUP
    }

    fn make() -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let directory = target.expect("tmp lies in the target directory").join("rivals");
        Self { installed: or_fail(Installed::prepare(&directory)), directory }
    }

    /// Our server, with files of this name.
    pub(crate) fn start(&self, name: &str) -> Server {
        self.start_with(name, &[])
    }

    /// The same with these options more.
    pub(crate) fn start_with(&self, name: &str, options: &[&str]) -> Server {
        static BINARY: LazyLock<PathBuf> = LazyLock::new(|| or_fail(server::binary()));
        or_fail(Server::start(&BINARY, &self.directory, name, options))
    }
}

pub(crate) fn cell(result: Result<(), String>) -> Cell {
    result.map_or_else(Cell::failed, |()| Cell::passed())
}

/// Prints the table and fails the test if there is anything wrong with it, or any other trouble.
pub(crate) fn conclude(title: &str, matrix: &Matrix, troubles: Vec<String>) {
    // Past the test harness, which would keep the table of a success to itself.
    writeln!(io::stdout(), "\n{title}\n\n{}", matrix.to_markdown())
        .expect("standard output takes the table");
    let mut complaints = matrix.complaints();
    complaints.extend(troubles);
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n\n"));
}

fn or_fail<T>(result: Result<T, impl Display>) -> T {
    result.unwrap_or_else(|problem| panic!("{problem}"))
}
