//! `sockeye serve`: binds, serves, and shuts down in an orderly way.

use crate::access::Access;
use crate::api;
use crate::backend;
use crate::cli::{Arguments, Command, Serve};
use crate::endpoints::Endpoints;
use crate::host::{Mail, Shared};
use crate::metrics::Metrics;
use crate::settings::{Settings, SettingsError, describe};
use crate::tls;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};
use sockeye::tls::{TlsError, TlsServer};
use sockeye::{Config, Remote, Server, WorkerId};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing_subscriber::EnvFilter;

pub(crate) fn serve(mut arguments: Serve) -> Result<(), ServeError> {
    start_log()?;
    let (settings, config) = prepare(&mut arguments)?;
    let arguments = &arguments;
    let (workers, tls) = (config.workers, config.tls.clone());
    let is_secure = tls.is_some();
    let server = Server::bind(arguments.bind, config)
        .map_err(|error| ServeError::Bind(arguments.bind, error))?;
    let shared = Arc::new(shared(workers, settings).map_err(ServeError::Start)?);
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
    obey_signals(running.remote(), arguments.grace, tls).map_err(ServeError::Start)?;

    let address = running.local_addr();
    if let Some(file) = &arguments.ports_file {
        write_ports_file(file, address)
            .map_err(|error| ServeError::PortsFile(file.clone(), error))?;
    }
    // Whoever closed our standard output does not want to read it.
    let config = arguments.config.as_deref();
    let _closed = greet(address, workers, (is_secure, shared.has_playground), config);
    running.join().map_err(ServeError::Run)?;
    tracing::info!("all connections are closed: good-bye");
    Ok(())
}

/// What a configuration means, if a server would start with it.
pub(crate) fn check(file: &Path) -> Result<String, ServeError> {
    let Ok(Command::Serve(mut arguments)) = Arguments::try_read(["sockeye"]) else {
        unreachable!("without anything else it serves");
    };
    arguments.config = Some(file.to_owned());
    let (settings, _) = prepare(&mut arguments)?;
    Ok(describe(file, &settings))
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

/// SIGHUP reads certificates again; without them it shuts down like the others, as a terminal that is closed wants it.
fn obey_signals(remote: Remote<Mail>, grace: Duration, tls: Option<TlsServer>) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut is_shutting_down = false;
        for signal in signals.forever() {
            match (&tls, signal) {
                (Some(tls), SIGHUP) => tls::reload(tls),
                _ if std::mem::replace(&mut is_shutting_down, true) => {
                    tracing::warn!("a second signal: ending at once");
                    std::process::exit(1);
                }
                _ => {
                    tracing::info!("shutting down: clients have {} s to leave", grace.as_secs());
                    say_good_bye(&remote);
                    remote.shut_down(grace);
                }
            }
        }
    })?;
    Ok(())
}

/// Has sessions told to come back before their connections end.
fn say_good_bye(remote: &Remote<Mail>) {
    for worker in 0..remote.workers() as u16 {
        // A worker that has too much mail to take this has connections that learn of it by their end.
        let _not_told = remote.mail(WorkerId(worker), Mail::GoodBye);
    }
}

/// Writes the file whole or not at all: who waits for it never reads half an address.
fn write_ports_file(file: &Path, address: SocketAddr) -> io::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".draft");
    std::fs::write(&draft, format!("{address}\n"))?;
    std::fs::rename(&draft, file)
}

/// Says where the server is, and what can be tried with what it was told.
fn greet(
    address: SocketAddr,
    workers: usize,
    (is_secure, has_playground): (bool, bool),
    config: Option<&Path>,
) -> io::Result<()> {
    let threads = if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
    let (http, ws) = if is_secure { ("https", "wss") } else { ("http", "ws") };
    let echo = match has_playground {
        true => format!("\x20     npx wscat -c  {ws}://{address}/echo\n"),
        false => String::new(),
    };
    let tries = match config {
        None => format!(
            "\x20     npx wscat -c  {ws}://{address}/connect   and type\n\
             \x20       {{\"id\":1,\"connect\":{{}}}}\n\
             \x20       {{\"id\":2,\"subscribe\":{{\"channel\":\"news\"}}}}\n\
             \x20     curl          {http}://{address}/api/v1/publish -d '{{\"channel\":\"news\",\"data\":\"hello\"}}'\n"
        ),
        Some(file) => format!(
            "\x20     sockeye check-config {0}        for what is allowed\n\
             \x20     sockeye token --config {0} ...  for a token that allows more\n\
             \x20     sockeye sub   {ws}://{address}/connect CHANNEL --token TOKEN\n",
            file.display()
        ),
    };
    let insecure = match config {
        None => {
            "INSECURE: everybody may do anything here. That is for development; see sockeye serve --config FILE.\n"
        }
        Some(_) => "",
    };
    write!(
        io::stdout(),
        "Sockeye serves on {http}://{address} with {threads}.\n\
         \n\
         Try:  a browser at  {http}://{address}/\n\
         {echo}{tries}\
         \x20     curl          {http}://{address}/livez\n\
         \n\
         {insecure}Ctrl-C ends it.\n"
    )
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
