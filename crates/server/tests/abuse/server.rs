//! The server's process, and what the kernel says about it.

use crate::PATIENCE;
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
    /// Starts one with two workers, and with so many descriptors if that is said.
    pub(crate) fn start(descriptors: Option<usize>, options: &[&str]) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = format!("abuse-{}-{number}", std::process::id());
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        let (ports, log) = (file.with_extension("ports"), file.with_extension("log"));
        let output = File::create(&log).expect("a file of ours");
        let binary = std::env::var_os("SOCKEYE_BIN");
        let limit = descriptors.map_or_else(|| "hard".to_owned(), |number| number.to_string());
        let child = Command::new("sh")
            .args(["-c", "ulimit -n \"$([ \"$1\" = hard ] && ulimit -Hn || echo \"$1\")\"; shift; exec \"$@\"", "sh"])
            .arg(limit)
            .arg(binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_sockeye").into()))
            .args(["serve", "--bind", "127.0.0.1:0", "--workers", "2", "--driver", &driver()])
            .arg("--ports-file")
            .arg(&ports)
            .args(options)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .expect("there is a shell");
        let address = wait_for("a ports file", || fs::read_to_string(&ports).ok());
        let address = address.trim_end().parse().expect("the file is whole");
        fs::remove_file(&ports).expect("it was there");
        Self { address, child, log }
    }

    /// Whether it has written that.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        fs::read_to_string(&self.log).expect("a file of ours").contains(words)
    }

    /// Bytes of memory that the process has.
    pub(crate) fn memory(&self) -> usize {
        self.status("VmRSS:")
    }

    /// The most that it had since the peak was forgotten.
    pub(crate) fn peak_memory(&self) -> usize {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(&self) {
        fs::write(self.file("clear_refs"), "5").expect("the kernel forgets peaks");
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.file("fd")).expect("the process lives").count()
    }

    /// Waits until no more are open than there were.
    pub(crate) fn wait_for_descriptors(&self, before: usize) {
        wait_for("all descriptors back", || (self.descriptors() <= before).then_some(()));
    }

    pub(crate) fn check_alive(&mut self) {
        assert_eq!(self.child.try_wait().expect("a child"), None, "the server has ended");
        assert!(!self.has_said("panicked at"), "see {}", self.log.display());
        assert!(!self.has_said("is not to be had here"), "{} is not to be had here", driver());
    }

    /// Ends it in order.
    pub(crate) fn end(mut self) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(status.expect("there is kill").success());
        let status = wait_for("an end", || self.child.try_wait().expect("a child"));
        assert_eq!(status.code(), Some(0), "it ends in order");
        fs::remove_file(&self.log).expect("a file of ours");
    }

    fn status(&self, field: &str) -> usize {
        let status = fs::read_to_string(self.file("status")).expect("the process lives");
        let value = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
        let kibibytes: Option<usize> =
            value.trim().split(' ').next().and_then(|number| number.parse().ok());
        1024 * kibibytes.unwrap_or_else(|| panic!("{field} is a number: {value}"))
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// What moves the server's bytes.
pub(crate) fn driver() -> String {
    std::env::var("SOCKEYE_DRIVER").unwrap_or_else(|_| "epoll".to_owned())
}

/// What two workers' drivers may keep: the buffers that io_uring receives into, and headers of sends (docs/limits.md).
pub(crate) fn kept_by_driver() -> usize {
    if driver() == "uring" { 2 * (18 << 20) } else { 0 }
}

pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "there was not {what} in {PATIENCE:?}");
        sleep(Duration::from_millis(5));
    }
}
