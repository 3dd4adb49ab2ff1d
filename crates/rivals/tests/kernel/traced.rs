//! The server under strace.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use sockeye_rivals::{process, server};

use crate::PATIENCE;

/// How often each system call was begun.
pub(crate) type Calls = BTreeMap<String, usize>;

/// A server, its log, and what strace writes of it. Dropping it ends it.
pub(crate) struct Traced {
    pub(crate) address: SocketAddr,
    child: Child,
    log: PathBuf,
    trace: PathBuf,
}

impl Traced {
    /// Starts one; its files get `name`.
    pub(crate) fn start(name: &str, strace: &[&str], server: &[&str]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernel");
        fs::create_dir_all(&folder).expect("a folder of ours");
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        let (ports, log, trace) = (file("ports"), file("log"), file("trace"));
        let _old = fs::remove_file(&ports);
        let binary = server::binary().unwrap_or_else(|problem| panic!("{problem}"));
        // With -D the child is the server, and strace ends with it.
        let mut command = Command::new("strace");
        command.args(["-D", "-f", "-s", "0", "-o"]).arg(&trace).args(strace).arg(binary);
        command.args(["serve", "--bind", "127.0.0.1:0"]).args(server);
        command.arg("--ports-file").arg(&ports).env_remove("RUST_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log).expect("a file of ours"));
        let child = command.spawn().expect("strace is installed");
        let mut traced = Self { address: ([127, 0, 0, 1], 0).into(), child, log, trace };
        let line = wait_for(|| {
            let ended = traced.child.try_wait().expect("a child");
            assert_eq!(ended, None, "the server ended: {}", traced.log());
            fs::read_to_string(&ports).ok()
        });
        traced.address = line.trim_end().parse().expect("an address");
        traced
    }

    /// What the server has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a file of ours")
    }

    /// The system calls so far, of all threads.
    pub(crate) fn calls(&self) -> Calls {
        let mut calls = Calls::new();
        for line in fs::read_to_string(&self.trace).expect("strace writes it").lines() {
            // A thread's number and a call; or a signal, an end, or the rest of a call that was counted when it began.
            let call = line.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
            if let Some((name, _)) = call.split_once('(')
                && name.starts_with(|first: char| first.is_ascii_lowercase())
            {
                // The same call has this name on some processors.
                let name = name.replace("epoll_pwait", "epoll_wait");
                *calls.entry(name).or_default() += 1;
            }
        }
        calls
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    const STEP: Duration = Duration::from_millis(5);
    for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        sleep(STEP);
    }
    panic!("it did not happen in time");
}
