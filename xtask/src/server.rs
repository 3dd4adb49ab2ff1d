//! A server process of ours, on a free port, for as long as a task needs it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A running `sockeye serve`. Dropping it ends the process.
pub(crate) struct ServerProcess {
    process: Child,
    address: SocketAddr,
}

impl ServerProcess {
    /// Starts `binary` with `options` and waits until it listens. Its log and its port go to `directory`.
    pub(crate) fn start(binary: &Path, options: &[OsString], directory: &Path) -> Result<Self> {
        let ports = directory.join("server.ports");
        let log = directory.join("server.log");
        let _ = fs::remove_file(&ports);
        let output = File::create(&log)?;
        let process = Command::new(binary)
            .args(["serve", "--bind", "127.0.0.1:0", "--ports-file"])
            .arg(&ports)
            .args(options)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{} does not start", binary.display()))?;

        // From here on, dropping the value ends the process.
        let mut server = Self { process, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        server.address = server
            .wait_until_listening(&ports)
            .with_context(|| format!("see {}", log.display()))?;
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the process; an error when it had ended by itself.
    pub(crate) fn stop(mut self) -> Result<()> {
        match self.process.try_wait()? {
            Some(status) => bail!("the server ended during the run: {status}"),
            None => Ok(()),
        }
    }

    fn wait_until_listening(&mut self, ports: &Path) -> Result<SocketAddr> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if let Ok(addresses) = fs::read_to_string(ports) {
                let first = addresses.lines().next().context("the ports file is empty")?;
                return first
                    .parse()
                    .with_context(|| format!("not an address in the ports file: {first:?}"));
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended before it listened: {status}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not listen within {START_TIMEOUT:?}")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Both fail only if the process has ended and was waited for, which is what they are for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const START_TIMEOUT: Duration = Duration::from_secs(10);
