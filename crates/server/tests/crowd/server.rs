//! The server's process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A running server. Dropping it ends it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts one on this address with so many workers.
    pub(crate) fn start(address: &str, workers: usize) -> Self {
        let file = fresh_file("server");
        let (ports, log) = (file.with_extension("ports"), file.with_extension("log"));
        let output = File::create(&log).expect("a file of ours");
        let child = Command::new(binary())
            .args(["serve", "--bind", address, "--config", CONFIGURATION])
            .args(["--workers", &workers.to_string(), "--driver", &driver(), "--ports-file"])
            .arg(&ports)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .expect("the binary was built");
        let text = wait_for("a ports file", || fs::read_to_string(&ports).ok());
        let address = text.trim_end().parse().expect("the file is whole");
        fs::remove_file(&ports).expect("it was there");
        Self { address, child, log }
    }

    /// Ends it as nobody would: with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("a child");
    }

    /// It has neither ended nor panicked.
    pub(crate) fn check_alive(&mut self) {
        let log = fs::read_to_string(&self.log).expect("a file of ours");
        let ended = self.child.try_wait().expect("a child");
        assert_eq!(ended, None, "the server has ended: {log}");
        assert!(!log.contains("panicked at"), "{log}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        let _gone = fs::remove_file(&self.log);
    }
}

/// What `SOCKEYE_BIN` names, or else what cargo has built for this test.
pub(crate) fn binary() -> OsString {
    std::env::var_os("SOCKEYE_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_sockeye").into())
}

/// What moves the server's bytes: `SOCKEYE_DRIVER`, or else epoll.
fn driver() -> String {
    std::env::var("SOCKEYE_DRIVER").unwrap_or_else(|_| "epoll".to_owned())
}

/// A path that no other test uses.
pub(crate) fn fresh_file(name: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("crowd-{name}-{}-{number}", std::process::id()))
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "there was not {what} in {PATIENCE:?}");
        sleep(Duration::from_millis(5));
    }
}

/// What channels are like, and what tokens are checked with.
pub(crate) const CONFIGURATION: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crowd/sockeye.toml");
/// How long anything is waited for before the test fails: far longer than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
