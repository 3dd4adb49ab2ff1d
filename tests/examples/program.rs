//! An example that runs.

use super::PATIENCE;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

/// A process that ends with its test.
pub(super) struct Program {
    child: Child,
    lines: Receiver<String>,
    pub(super) address: SocketAddr,
}

impl Program {
    /// Runs the example on a free port, and reads from its output which one that is.
    pub(super) fn run(name: &str) -> Self {
        Self::run_with(name, &[])
    }

    /// Runs the example with more arguments.
    pub(super) fn run_with(name: &str, arguments: &[&str]) -> Self {
        let path = path_of(name);
        let mut child = Command::new(&path)
            .arg("127.0.0.1:0")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", path.display()));
        let output = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let (sender, lines) = channel();
        // Reads to the end, so that the example never waits for somebody to read.
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _test_is_over = sender.send(line);
            }
        });
        let mut program = Self { child, lines, address: ([0, 0, 0, 0], 0).into() };
        let line = program.next_line();
        let address = line.strip_prefix("listening on ws://").and_then(|text| text.parse().ok());
        program.address = address.unwrap_or_else(|| panic!("no address: {line}"));
        program
    }

    /// The next line of its output.
    pub(super) fn next_line(&self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("the example prints nothing"),
            Err(RecvTimeoutError::Disconnected) => panic!("the example has ended"),
        }
    }

    /// Types a line.
    pub(super) fn type_line(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its input has not ended");
        writeln!(input, "{line}").expect("the example reads");
    }

    /// Ends its input, and awaits its end.
    pub(super) fn end_input(&mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("the example goes on without input"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.child.wait().expect("it is our child")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only for one that has ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Where Cargo put the example: beside the folder of this test's binary.
fn path_of(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the system knows what runs");
    let folders = test.ancestors().skip(1).map(|folder| folder.join("examples").join(name));
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let path = folders
        .map(|path| path.with_file_name(&file))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("the example {name} is not built; {HOW_TO_BUILD}"));
    let is_stale = sources(&path).iter().any(|source| modified(source) > modified(&path));
    assert!(!is_stale, "{} is older than its sources; {HOW_TO_BUILD}", path.display());
    path
}

/// What Cargo says that the program was built from.
fn sources(path: &Path) -> Vec<PathBuf> {
    let list = fs::read_to_string(path.with_extension("d")).expect("Cargo lists the sources");
    let (_, sources) = list.split_once(": ").expect("the program, then what it was built from");
    // A space in a name has a backslash before it.
    let names = sources.trim_end().replace("\\ ", "\0");
    names.split(' ').map(|name| PathBuf::from(name.replace('\0', " "))).collect()
}

fn modified(path: &Path) -> std::time::SystemTime {
    let metadata = fs::metadata(path);
    metadata.and_then(|metadata| metadata.modified()).expect("a file that was built, or built from")
}

const HOW_TO_BUILD: &str = "a plain `cargo test` builds the examples, and `cargo test --test examples` does not: \
                            run `cargo build --examples` before it";
