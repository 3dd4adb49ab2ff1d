//! `sockeye serve`: binds, serves, and shuts down in an orderly way.

use crate::access::Access;
use crate::api;
use crate::backend;
use crate::cli::{Arguments, Command, Serve};
use crate::endpoints::Endpoints;
use crate::greeting::Greeting;
use crate::host::Shared;
use crate::metrics::Metrics;
use crate::settings::{Settings, SettingsError, describe};
use crate::signals::{self, Shutdown};
use crate::tls;
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
use sockeye::tls::TlsError;
use sockeye::{Config, Server};
use std::fmt;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use tracing_subscriber::EnvFilter;

pub(crate) fn serve(mut arguments: Serve) -> Result<(), ServeError> {
    start_log()?;
    let (settings, config) = prepare(&mut arguments)?;
    let arguments = &arguments;
    let greeting = Greeting::new(arguments, &config, &settings);
    let tls = config.tls.clone();
    let server = Server::bind(arguments.bind, config)
        .map_err(|error| ServeError::Bind(arguments.bind, error))?;
    let shared = Arc::new(shared(greeting.workers, settings).map_err(ServeError::Start)?);
    let of_workers = Arc::clone(&shared);
    let running = server
        .start(move |worker| Endpoints::new(worker, &of_workers))
        .map_err(ServeError::Start)?;
    if let Some(url) = &arguments.backend {
        let backend = backend::start(url, running.remote()).map_err(ServeError::Start)?;
        // It is set here and nowhere else.
        let _first = shared.backend.set(backend);
    }
    if let Some(error) = running.fallback() {
        tracing::warn!(
            "io_uring is not to be had here ({error}): epoll serves in its place, and connections need file descriptors"
        );
    }
    let (drain, grace) = (arguments.drain, arguments.grace);
    let shutdown = Shutdown { remote: running.remote(), shared, drain, grace };
    signals::obey(shutdown, tls).map_err(ServeError::Start)?;

    let address = running.local_addr();
    if let Some(file) = &arguments.ports_file {
        write_ports_file(file, address)
            .map_err(|error| ServeError::PortsFile(file.clone(), error))?;
    }
    // Whoever closed our standard output does not want to read it.
    let _closed = greeting.print(address);
    running.join().map_err(ServeError::Run)?;
    tracing::info!("no connection is left: good-bye");
    Ok(())
}

/// What a configuration means, if a server would start with it.
pub(crate) fn check(file: &Path) -> Result<String, ServeError> {
    let Ok(Command::Serve(mut arguments)) = Arguments::try_read(["sockeye"]) else {
        unreachable!("without anything else it serves");
    };
    arguments.config = Some(file.to_owned());
    let (settings, _) = prepare(&mut arguments)?;
    Ok(describe(file, &arguments, &settings))
}

/// Reads all files that the server needs, and looks whether what is asked for goes together.
fn prepare(arguments: &mut Serve) -> Result<(Settings, Config), ServeError> {
    let settings = settings(arguments)?;
    let is_detailed = arguments.deflate_level.is_some() || arguments.inflated_max.is_some();
    if is_detailed && arguments.deflate == DeflateMode::Off {
        return Err(ServeError::DeflateOff);
    }
    let mut config = config(arguments);
    config.tls = tls::server(arguments).map_err(ServeError::Tls)?;
    Ok((settings, config))
}

/// What the workers share.
pub(crate) fn shared(workers: usize, settings: Settings) -> io::Result<Shared> {
    Ok(Shared {
        access: Access::new(settings.authentication, settings.api, settings.allowed_origins),
        namespaces: settings.namespaces,
        schemas: settings.schemas,
        node: getrandom::u32().map_err(io::Error::other)?,
        grace: settings.session_grace,
        has_playground: settings.server.playground,
        backend: OnceLock::new(),
        is_draining: AtomicBool::new(false),
        metrics: Metrics::new(workers),
    })
}

/// What the configuration file says, and with it the flags that were not given.
fn settings(arguments: &mut Serve) -> Result<Settings, ServeError> {
    let settings = match &arguments.config {
        Some(file) => Settings::read(file).map_err(ServeError::Settings)?,
        None => Settings::development(),
    };
    settings.apply(arguments);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    Ok(settings)
}

pub(crate) fn config(arguments: &Serve) -> Config {
    let mut config = Config::default();
    if let Some(workers) = arguments.workers {
        config.workers = usize::from(workers);
    }
    config.busy_poll = arguments.busy_poll;
    config.driver = arguments.driver;
    config.body_bytes_max = 2 * api::BODY_SIZE_MAX;
    config.message_bytes_max = arguments.message_max.as_u64() as usize;
    config.deflate = DeflateConfig::new(arguments.deflate);
    config.deflate.level = arguments.deflate_level.unwrap_or(config.deflate.level);
    config.deflate.inflated_bytes_max = arguments.inflated_max.map(|size| size.as_u64() as usize);
    let largest = config.message_bytes_max.max(config.deflate.inflated_bytes_max.unwrap_or(0));
    config.send_queue_bytes_max = config.send_queue_bytes_max.max(2 * largest);
    config
}

fn start_log() -> Result<(), ServeError> {
    let filter = match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(text) => EnvFilter::try_new(&text).map_err(|_| ServeError::Log(text))?,
        Err(_) => EnvFilter::new("info"),
    };
    let is_terminal = io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(is_terminal)
        .init();
    Ok(())
}

/// Writes the file whole or not at all: who waits for it never reads half an address.
fn write_ports_file(file: &Path, address: SocketAddr) -> io::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".draft");
    std::fs::write(&draft, format!("{address}\n"))?;
    std::fs::rename(&draft, file)
}

/// Why the server did not start, or ended.
#[derive(Debug)]
pub(crate) enum ServeError {
    Log(String),
    Tls(TlsError),
    Bind(SocketAddr, io::Error),
    Start(io::Error),
    PortsFile(PathBuf, io::Error),
    Run(io::Error),
    DeflateOff,
    Settings(SettingsError),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(text) => write!(
                f,
                "RUST_LOG is {text:?}: expected a level such as info, or sockeye=debug, or several with commas"
            ),
            Self::Tls(error) => error.fmt(f),
            Self::Bind(address, error) if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "{address} is in use: end what listens there, or choose another with --bind"
            ),
            Self::Bind(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Start(error) => write!(f, "cannot start: {error}"),
            Self::PortsFile(file, error) => {
                write!(f, "cannot write the ports file {}: {error}", file.display())
            }
            Self::DeflateOff => f.write_str(
                "--deflate-level and --inflated-max do nothing without compression: add --deflate shared, or a size",
            ),
            Self::Settings(error) => error.fmt(f),
            Self::Run(error) => write!(f, "a worker failed: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}
