//! What a server keeps for connections on which nothing happens.

use std::ffi::OsString;
use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::measure::{Entry, Run};
use super::process::{GENERATOR_PROCESSOR, Process, Server};

/// Bytes of user space for each connection.
pub(super) struct Idle {
    pub(super) entry: Entry,
    pub(super) untouched: f64,
    /// After one echo of 1 KiB on each.
    pub(super) after_echo: f64,
}

/// Weighs a server with so many connections.
pub(super) fn weigh(run: &Run<'_>, entry: Entry, connections: usize) -> Result<Idle> {
    println!("idle: {}", entry.label());
    let server = run.start(&entry)?;
    let weighed = weigh_server(run, &entry, &server, connections);
    let (untouched, after_echo) = weighed.with_context(|| format!("{}, idle", entry.label()))?;
    Ok(Idle { entry, untouched, after_echo })
}

fn weigh_server(
    run: &Run<'_>,
    entry: &Entry,
    server: &Server,
    connections: usize,
) -> Result<(f64, f64)> {
    let settle = || thread::sleep(SETTLE.mul_f64(run.pace.length));
    // What the first connections bring with them is not for each.
    let mut first = hold(run, entry, server, FIRST)?;
    echo(&mut first)?;
    drop(first);
    settle();

    let before = resident_bytes(server.id())?;
    let mut held = hold(run, entry, server, connections)?;
    settle();
    let untouched = resident_bytes(server.id())?;
    echo(&mut held)?;
    settle();
    let after_echo = resident_bytes(server.id())?;
    let each = |bytes: u64| bytes.saturating_sub(before) as f64 / connections as f64;
    Ok((each(untouched), each(after_echo)))
}

fn hold(run: &Run<'_>, entry: &Entry, server: &Server, connections: usize) -> Result<Process> {
    let is_secure = entry.contender.is_secure();
    let scheme = if is_secure { "wss" } else { "ws" };
    let mut command: Vec<OsString> = vec![run.installation.peers.clone().into(), "hold".into()];
    command.push(format!("{scheme}://127.0.0.1:{}/echo", server.port).into());
    command.push(connections.to_string().into());
    if is_secure {
        command.push(run.installation.certificate.file.clone().into());
    }
    let log = run.folder.join("hold.log");
    let mut process = Process::start(&[GENERATOR_PROCESSOR], &command, &log)?;
    process.wait_for("open", 1, TIMEOUT)?;
    Ok(process)
}

fn echo(held: &mut Process) -> Result<()> {
    held.send_line()?;
    held.wait_for("echoed", 1, TIMEOUT)
}

fn resident_bytes(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    resident_in(&status).context("/proc says nothing of VmRSS")
}

fn resident_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

const FIRST: usize = 200;
const SETTLE: Duration = Duration::from_millis(1500);
/// Ten thousand handshakes of TLS take a while.
const TIMEOUT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident_in("Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t1\n"), Some(2 << 20));
        assert_eq!(resident_in("Name:\tx\n"), None);
        assert!(resident_bytes(std::process::id()).is_ok_and(|bytes| bytes > 0));
    }
}
