//! Building and installing all that is measured, below `target/bench/`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xshell::cmd;

use super::plan::{CERTIFICATE, Contender, Driver, Program, WORKERS};
use crate::certificate::Certificate;
use crate::prerequisites::{self, CXX, ZLIB};
use crate::project::Project;

/// What can be started.
pub(super) struct Installation {
    pub(super) sockeye: PathBuf,
    pub(super) peers: PathBuf,
    uwebsockets: PathBuf,
    bun: PathBuf,
    js: PathBuf,
    pub(super) certificate: Certificate,
    /// `sockeye serve --help`.
    help: String,
}

impl Installation {
    /// Builds and installs what is not there yet. Peers as their users would at best: optimised as a whole, and for this very
    /// processor; ours as the README says. `as_users_would` is false where speed does not matter.
    pub(super) fn prepare(project: &Project, folder: &Path, as_users_would: bool) -> Result<Self> {
        prerequisites::ensure(&project.shell, &[CXX, ZLIB])?;
        prerequisites::ensure_node(project)?;
        let sockeye = project.build_server()?;
        let help = cmd!(project.shell, "{sockeye} serve --help").quiet().read()?;
        let js = folder.join("js");
        Ok(Self {
            peers: build_peers(project, folder, as_users_would)?,
            uwebsockets: build_uwebsockets(project, folder)?,
            bun: install_js(project, &js)?,
            certificate: Certificate::make(&project.shell, folder)?,
            sockeye,
            js,
            help,
        })
    }

    /// Our own server alone.
    pub(super) fn ours(project: &Project, folder: &Path) -> Result<Self> {
        let sockeye = project.build_server()?;
        let help = cmd!(project.shell, "{sockeye} serve --help").quiet().read()?;
        let none = PathBuf::new;
        let certificate = Certificate::make(&project.shell, folder)?;
        let (peers, uwebsockets, bun, js) = (none(), none(), none(), none());
        Ok(Self { sockeye, peers, uwebsockets, bun, js, certificate, help })
    }

    /// Whether our server has this option.
    pub(super) fn has_option(&self, option: &str) -> bool {
        self.help.contains(option)
    }

    /// What starts this server; one of ours writes its port to `ports`.
    pub(super) fn command(
        &self,
        contender: &Contender,
        driver: Driver,
        ports: &Path,
    ) -> Vec<OsString> {
        let js = |program: &str| self.js.join(program).into_os_string();
        let text = |text: &str| OsString::from(text);
        match contender.program {
            Program::Sockeye(options) => self.sockeye_command(options, driver, ports),
            Program::Peers(arguments) => {
                let arguments = arguments.iter().map(OsString::from);
                [self.peers.clone().into_os_string()].into_iter().chain(arguments).collect()
            }
            Program::Uwebsockets(what) => vec![self.uwebsockets.clone().into(), text(what)],
            Program::Bun(what) => vec![self.bun.clone().into(), js("bun.mjs"), text(what)],
            Program::BunSecure(what) => {
                let Certificate { file, key } = &self.certificate;
                vec![self.bun.clone().into(), js("bun.mjs"), text(what), file.into(), key.into()]
            }
            Program::Ws(what) => vec!["node".into(), js("ws.mjs"), text(what)],
            Program::SocketIo(what) => vec!["node".into(), js("socket_io.mjs"), text(what)],
        }
    }

    fn sockeye_command(&self, options: &[&str], driver: Driver, ports: &Path) -> Vec<OsString> {
        let mut command = vec![self.sockeye.clone().into_os_string()];
        command.extend(SERVE.map(OsString::from));
        if !options.contains(&WORKERS) {
            command.extend([WORKERS.into(), "1".into()]);
        }
        command.extend(["--ports-file".into(), ports.into()]);
        if self.has_option(DRIVER_OPTION) {
            command.extend([DRIVER_OPTION.into(), driver.name().into()]);
        }
        for option in options {
            if *option == CERTIFICATE {
                let Certificate { file, key } = &self.certificate;
                command.extend(["--tls-cert".into(), file.into(), "--tls-key".into(), key.into()]);
            } else {
                command.push(option.into());
            }
        }
        command
    }
}

fn build_peers(project: &Project, folder: &Path, as_users_would: bool) -> Result<PathBuf> {
    let shell = &project.shell;
    if !as_users_would {
        cmd!(shell, "cargo build --package sockeye-bench-peers").run()?;
        return Ok(project.target.join("debug/sockeye-bench-peers"));
    }
    // A folder of its own: with other flags cargo would build everything again each time.
    let target = folder.join("build");
    let _native = shell.push_env("RUSTFLAGS", "-C target-cpu=native");
    let _whole = shell.push_env("CARGO_INCREMENTAL", "0");
    cmd!(shell, "cargo build --release --package sockeye-bench-peers --target-dir {target}")
        .run()?;
    Ok(target.join("release/sockeye-bench-peers"))
}

/// Compiles the C++ server with the source that the package brings.
fn build_uwebsockets(project: &Project, folder: &Path) -> Result<PathBuf> {
    let shell = &project.shell;
    let here = project.root.join(PEERS).join("uwebsockets");
    let (manifest, server) = (here.join("Cargo.toml"), here.join("server.cpp"));
    let program = folder.join("uwebsockets");
    let stamp = folder.join("uwebsockets.built");
    let wanted = fs::read_to_string(here.join("Cargo.lock"))? + &fs::read_to_string(&server)?;
    if program.exists() && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(program);
    }
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = cmd!(
        shell,
        "cargo metadata --locked --format-version 1 --filter-platform {platform} --manifest-path {manifest}"
    );
    let metadata: Value = serde_json::from_str(&metadata.quiet().read()?)?;
    let source = source_of("libuwebsockets-sys", &metadata)?.join("uWebSockets");
    let sockets = source.join("uSockets/src");
    let mut units = vec![sockets.join("eventing/epoll_kqueue.c")];
    for unit in ["bsd", "context", "loop", "socket", "udp"] {
        units.push(sockets.join(unit).with_extension("c"));
    }
    let flags = ["-O3", "-march=native", "-flto=auto", "-w", "-DLIBUS_NO_SSL"];
    let mut objects = Vec::new();
    for unit in units {
        let name = unit.file_stem().context("a source file has a name")?.to_owned();
        let object = folder.join(name).with_extension("o");
        cmd!(shell, "cc -std=gnu11 {flags...} -I {sockets} -c {unit} -o {object}").run()?;
        objects.push(object);
    }
    let include = source.join("src");
    cmd!(
        shell,
        "c++ -std=c++20 {flags...} -I {include} -I {sockets} {server} {objects...} -lz -o {program}"
    )
    .run()?;
    fs::write(stamp, wanted)?;
    Ok(program)
}

fn source_of(package: &str, metadata: &Value) -> Result<PathBuf> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let found = packages.iter().find(|found| found["name"] == package);
    let manifest = found.and_then(|found| found["manifest_path"].as_str());
    let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
    Ok(folder.with_context(|| format!("cargo metadata does not know {package}"))?.to_owned())
}

/// Installs the JavaScript libraries beside copies of the servers, and says where Bun is.
fn install_js(project: &Project, folder: &Path) -> Result<PathBuf> {
    let shell = &project.shell;
    shell.create_dir(folder)?;
    let here = project.root.join(PEERS).join("js");
    for file in ["bun.mjs", "ws.mjs", "socket_io.mjs", "package.json", "package-lock.json"] {
        shell.copy_file(here.join(file), folder)?;
    }
    let bun = match std::env::consts::ARCH {
        "x86_64" => "node_modules/@oven/bun-linux-x64/bin/bun",
        "aarch64" => "node_modules/@oven/bun-linux-aarch64/bin/bun",
        other => bail!("there is no Bun for {other}"),
    };
    let bun = folder.join(bun);
    let stamp = folder.join("installed");
    let wanted = fs::read_to_string(here.join("package-lock.json"))?;
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        let options = ["--ignore-scripts", "--silent", "--no-audit", "--no-fund"];
        cmd!(shell, "npm ci {options...} --prefix {folder}").run()?;
        ensure!(bun.exists(), "the npm package did not bring {}", bun.display());
        fs::write(stamp, wanted)?;
    }
    Ok(bun)
}

/// Where the peers' sources are.
pub(super) const PEERS: &str = "crates/rivals/bench-peers";
/// How ours is started: as a user would, with the largest message that a table has, and with one thread unless a contender
/// has more.
pub(super) const SERVE: [&str; 5] = ["serve", "--bind", "127.0.0.1:0", "--message-max", "16MiB"];
pub(super) const DRIVER_OPTION: &str = "--driver";
