//! Starts the binary, and ends it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// How long a test waits for something before it fails: far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// In a ports file: nobody has written it since.
const STALE: &str = "stale";

/// A running server.
pub(crate) struct Sockeye {
    pub(crate) address: SocketAddr,
    pub(crate) ports_file: PathBuf,
    child: Child,
}

impl Sockeye {
    /// Starts one on a free port.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one on a free port with more arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", &fresh_file("ports"), arguments)
    }

    /// Starts one on the address of another one, which has ended, with the same ports file.
    pub(crate) fn start_again(other: &Self) -> Self {
        assert!(other.ports_file.exists(), "it was left there");
        std::fs::write(&other.ports_file, STALE).expect("a file of ours");
        Self::start_on(&other.address.to_string(), &other.ports_file, &[])
    }

    fn start_on(address: &str, ports_file: &Path, arguments: &[&str]) -> Self {
        let said = File::create(ports_file.with_extension("said")).expect("a file of ours");
        let child = command(&["--bind", address, "--workers", "2", "--grace", "3600"])
            .arg("--ports-file")
            .arg(ports_file)
            .args(arguments)
            .stdout(said.try_clone().expect("an open file"))
            .stderr(said)
            .spawn()
            .expect("the binary was built");
        let text = wait_for(|| {
            let text = std::fs::read_to_string(ports_file).ok();
            text.filter(|text| text != STALE)
        });
        Self {
            address: text.trim_end().parse().expect("the file is whole"),
            ports_file: ports_file.to_owned(),
            child,
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let signal = format!("-{name}");
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, pid]).status();
        assert!(status.expect("there is kill").success());
    }

    /// Waits until it has written this, to standard output or to its log.
    pub(crate) fn wait_until_said(&self, text: &str) {
        wait_for(|| {
            let said = std::fs::read_to_string(self.ports_file.with_extension("said")).ok()?;
            said.contains(text).then_some(())
        });
    }

    /// What it has written so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.ports_file.with_extension("said")).expect("a file of ours")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has used some processor time: a tenth of a second of it.
    pub(crate) fn wait_until_busy(&self) {
        let thread = |folder: std::fs::DirEntry| -> Option<u64> {
            let times = std::fs::read_to_string(folder.path().join("schedstat")).ok()?;
            times.split(' ').next()?.parse().ok()
        };
        wait_for(|| {
            let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid())).ok()?;
            let time: u64 = threads.flatten().filter_map(thread).sum();
            (time > 100_000_000).then_some(())
        });
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Waits for the end, and gives the exit code; `None` when a signal ended it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        wait_for(|| self.child.try_wait().expect("a child")).code()
    }
}

impl Drop for Sockeye {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        let _missing = std::fs::remove_file(self.ports_file.with_extension("said"));
        let _missing = std::fs::remove_file(&self.ports_file);
    }
}

/// Runs the binary until it ends: its exit code, and what it wrote to standard output and standard error.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    wait(spawn(arguments))
}

/// Starts the binary, for [`wait`].
pub(crate) fn spawn(arguments: &[&str]) -> Child {
    let piped = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    piped.expect("the binary was built")
}

/// Waits for the end: the exit code, and what was written to standard output and standard error.
pub(crate) fn wait(mut child: Child) -> (Option<i32>, String, String) {
    wait_for(|| child.try_wait().expect("a child"));
    let output = child.wait_with_output().expect("a child");
    let text = |bytes| String::from_utf8(bytes).expect("it writes UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A path that no other test uses.
pub(crate) fn fresh_file(name: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{name}-{}-{number}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(arguments).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    const STEP: Duration = Duration::from_millis(5);
    for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        sleep(STEP);
    }
    panic!("it did not happen in time");
}
