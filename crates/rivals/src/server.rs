//! Our server binary: found or built, started on a free port, ended with its owner.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use serde_json::Value;

use crate::process;

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Server {
    /// Starts `binary` with `options` and waits until it answers. Its files get `name` in `directory`.
    pub fn start(
        binary: &Path,
        directory: &Path,
        name: &str,
        options: &[&str],
    ) -> Result<Self, String> {
        let ports = directory.join(format!("{name}.ports"));
        let log = directory.join(format!("{name}.log"));
        fs::create_dir_all(directory).map_err(|error| format!("{directory:?}: {error}"))?;
        if ports.exists() {
            fs::remove_file(&ports).map_err(|error| format!("{ports:?}: {error}"))?;
        }
        let output = File::create(&log).map_err(|error| format!("{log:?}: {error}"))?;
        let errors = output.try_clone().map_err(|error| format!("{log:?}: {error}"))?;
        let child = Command::new(binary)
            .args(["serve", "--bind", "127.0.0.1:0", "--workers", "2", "--message-max", "16MiB"])
            .args(options)
            .arg("--ports-file")
            .arg(&ports)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("{binary:?} did not start: {error}"))?;

        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), log };
        server.address = server.bound_address(&ports)?;
        server.check_alive()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Says what is wrong if the process has ended, or no longer answers `/livez`.
    pub fn check_alive(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => return Err(self.problem(&format!("ended with {status}"))),
            Err(error) => return Err(format!("the server cannot be asked: {error}")),
        }
        match livez(self.address) {
            Ok(head) if head.starts_with("HTTP/1.1 200 ") => Ok(()),
            Ok(head) => Err(self.problem(&format!("answered /livez with {head:?}"))),
            Err(error) => Err(self.problem(&format!("did not answer /livez: {error}"))),
        }
    }

    /// What the server wrote to its log that tells of a panic. A panic is a bug also where it was contained.
    pub fn check_log(&self) -> Result<(), String> {
        match fs::read_to_string(&self.log) {
            Ok(log) if log.contains("panicked at") => Err(self.problem("panicked")),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{:?}: {error}", self.log)),
        }
    }

    fn bound_address(&mut self, ports: &Path) -> Result<SocketAddr, String> {
        for _ in 0..START_STEPS {
            if let Ok(lines) = fs::read_to_string(ports) {
                let line = lines.lines().next().unwrap_or_default();
                return line.parse().map_err(|error| format!("ports file: {line:?}: {error}"));
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.problem(&format!("ended with {status}")));
            }
            thread::sleep(START_STEP);
        }
        Err(self.problem(&format!("wrote no ports file in {:?}", START_STEP * START_STEPS)))
    }

    fn problem(&self, what: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<String> = log.lines().map(str::to_owned).collect();
        format!("the server {what}{}", process::tail(&lines, &[]))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

/// The server binary: the one that `SOCKEYE_BIN` names, or one that cargo builds now.
pub fn binary() -> Result<PathBuf, String> {
    if let Some(path) = env::var_os("SOCKEYE_BIN") {
        return Ok(path.into());
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--package", "sockeye-server", "--bin", "sockeye"]);
    build.args(["--message-format", "json-render-diagnostics"]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    let lines = process::run(&mut build, BUILD_SILENCE_MAX)?.into_success()?;
    let executable = |line: &String| {
        let artifact: Value = serde_json::from_str(line).ok()?;
        artifact["executable"].as_str().map(PathBuf::from)
    };
    lines.iter().find_map(executable).ok_or_else(|| "cargo named no executable".into())
}

/// Asks `/livez` and returns the first line of the answer.
fn livez(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIVEZ_DEADLINE)?;
    stream.set_read_timeout(Some(LIVEZ_DEADLINE))?;
    write!(stream, "GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = [0; 64];
    let mut size = 0;
    while size < head.len() && !head[..size].contains(&b'\r') {
        match stream.read(&mut head[size..])? {
            0 => break,
            count => size += count,
        }
    }
    let line = String::from_utf8_lossy(&head[..size]).into_owned();
    Ok(line.lines().next().unwrap_or_default().to_owned())
}

const START_STEP: Duration = Duration::from_millis(20);
const START_STEPS: u32 = 500;
const LIVEZ_DEADLINE: Duration = Duration::from_secs(10);
/// Link-time optimisation of the whole binary prints nothing for a while.
const BUILD_SILENCE_MAX: Duration = Duration::from_secs(600);
