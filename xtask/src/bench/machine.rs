//! What was measured on and what was measured: the head of a record.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;
use xshell::cmd;

use super::installation::PEERS;
use crate::project::Project;

/// Where and when a run took place.
pub(super) struct Surroundings {
    /// As in `2026-11-28`.
    pub(super) date: String,
    /// Processor, kernel.
    pub(super) machine: String,
    /// Of our server.
    pub(super) commit: String,
    /// Of all that took part.
    pub(super) versions: String,
}

impl Surroundings {
    pub(super) fn look(project: &Project, has_peers: bool) -> Result<Self> {
        let shell = &project.shell;
        let said = |command: xshell::Cmd<'_>| command.quiet().read();
        let kernel = said(cmd!(shell, "uname -r"))?;
        let kernel = kernel.split('-').next().unwrap_or_default().to_owned();
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let count = processors.lines().filter(|line| line.starts_with("processor")).count();
        let model = processor_in(&processors);
        let mut commit = said(cmd!(shell, "git rev-parse --short HEAD"))?;
        if !said(cmd!(shell, "git status --porcelain --untracked-files=no"))?.is_empty() {
            commit.push_str(" with uncommitted changes");
        }
        Ok(Self {
            date: said(cmd!(shell, "date +%Y-%m-%d"))?,
            machine: format!("{count} processors {model}, Linux {kernel}"),
            commit,
            versions: if has_peers {
                versions(project)?
            } else {
                said(cmd!(shell, "rustc --version"))?
            },
        })
    }
}

/// The marketing name alone is shared by processors that are years apart: `family` and `model`
/// tell them from each other.
fn processor_in(cpuinfo: &str) -> String {
    let of = |key: &str| {
        cpuinfo.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| value.trim())
        })
    };
    let Some(name) = of("model name") else { return "of an unknown kind".to_owned() };
    let mut marks = Vec::new();
    if let (Some(family), Some(model)) = (of("cpu family"), of("model")) {
        marks.push(format!("family {family}, model {model}"));
    }
    if cpuinfo.contains(" avx512f ") {
        marks.push("AVX-512".to_owned());
    }
    if marks.is_empty() { name.to_owned() } else { format!("{name} ({})", marks.join(", ")) }
}

fn versions(project: &Project) -> Result<String> {
    let shell = &project.shell;
    let lock = fs::read_to_string(project.root.join("Cargo.lock"))?;
    let peers = project.root.join(PEERS);
    let carrier = fs::read_to_string(peers.join("uwebsockets/Cargo.lock"))?;
    let js = fs::read_to_string(peers.join("js/package-lock.json"))?;
    let js: Value = serde_json::from_str(&js)?;
    let of_npm = |name: &str| -> Result<String> {
        let version = &js["packages"][format!("node_modules/{name}")]["version"];
        let version = version.as_str().with_context(|| format!("npm's lock has no {name}"))?;
        Ok(version.to_owned())
    };
    let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let mut all = vec![format!(
        "uWebSockets 20.58 (epoll, no TLS; the source in the crate libuwebsockets-sys {})",
        of_cargo("libuwebsockets-sys", &carrier)?
    )];
    all.push(format!("Bun {}", of_npm("bun")?));
    let crates = ["fastwebsockets", "tokio-websockets", "tokio-tungstenite", "sockudo-ws", "yawc"];
    for name in crates {
        all.push(format!("{name} {}", of_cargo(name, &lock)?));
    }
    let node = cmd!(shell, "node --version").quiet().read()?;
    all.push(format!("ws {} with bufferutil on Node.js {node}", of_npm("ws")?));
    all.push(format!("Socket.IO {}", of_npm("socket.io")?));
    all.push(first(cmd!(shell, "rustc --version").quiet().read()?));
    all.push(first(cmd!(shell, "c++ --version").quiet().read()?));
    Ok(all.join(", "))
}

fn of_cargo(name: &str, lock: &str) -> Result<String> {
    let head = format!("name = \"{name}\"\nversion = \"");
    let rest = lock.split(&head).nth(1).and_then(|rest| rest.split('"').next());
    Ok(rest.with_context(|| format!("Cargo.lock has no {name}"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_the_lock() {
        let lock = "[[package]]\nname = \"ab\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.1\"\n";
        assert_eq!(of_cargo("b", lock).expect("it is there"), "2.0.1");
        assert!(of_cargo("c", lock).is_err());
    }

    #[test]
    fn the_processor_is_named() {
        let info =
            "cpu family\t: 26\nmodel\t\t: 2\nmodel name\t: Fast One\nflags\t: fpu avx512f sse\n";
        assert_eq!(processor_in(info), "Fast One (family 26, model 2, AVX-512)");
        assert_eq!(processor_in("model name\t: Old One\n"), "Old One");
        assert_eq!(processor_in("processor : 0\n"), "of an unknown kind");
    }
}
