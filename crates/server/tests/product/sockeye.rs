//! Starts the binary, and ends it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// How long a test waits for something before it fails: far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Sockeye {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Sockeye {
    /// Starts one with two workers on a free port.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with more arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", arguments)
    }

    /// Kills it, and starts another one on its address.
    pub(crate) fn start_again(&mut self) {
        let address = self.address.to_string();
        self.child.kill().expect("it runs");
        self.child.wait().expect("a child");
        *self = Self::start_on(&address, &[]);
    }

    fn start_on(address: &str, arguments: &[&str]) -> Self {
        let ports_file = fresh_file("ports");
        let child = Command::new(env!("CARGO_BIN_EXE_sockeye"))
            .args(["--bind", address, "--workers", "2", "--driver", &driver(), "--ports-file"])
            .arg(&ports_file)
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary was built");
        let text = wait_for(|| std::fs::read_to_string(&ports_file).ok());
        std::fs::remove_file(&ports_file).expect("it was there");
        Self { address: text.trim_end().parse().expect("the file is whole"), child }
    }

    pub(crate) fn signal(&self, name: &str) {
        let signal = format!("-{name}");
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, pid]).status();
        assert!(status.expect("there is kill").success());
    }
}

impl Drop for Sockeye {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// What moves the server's bytes: `SOCKEYE_DRIVER`, or else epoll.
fn driver() -> String {
    std::env::var("SOCKEYE_DRIVER").unwrap_or_else(|_| "epoll".to_owned())
}

/// A path that no other test uses.
pub(crate) fn fresh_file(name: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("product-{name}-{}-{number}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
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
