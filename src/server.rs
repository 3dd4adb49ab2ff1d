//! A listening socket per worker, and a thread for each.

use crate::config::{Config, DriverKind};
#[cfg(feature = "uring")]
use crate::driver::Uring;
use crate::driver::{Driver, Epoll, set_options};
use crate::handler::Handler;
use crate::worker::{Remote, SystemClock, WorkerId, WorkerParts};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A bound server: clients can connect from now on, and are served from [`Server::start`] or [`Server::run`] on.
///
/// Each worker listens on its own socket for the same address (`SO_REUSEPORT`), and the kernel spreads connections over
/// them.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<TcpListener>,
    local_addr: SocketAddr,
    config: Config,
}

impl Server {
    /// Binds the first address that works. Port 0 picks a free one. One that is in use is tried again for half a second: the
    /// kernel takes some milliseconds to end the sockets of a server on io_uring that was killed.
    ///
    /// # Errors
    ///
    /// The system's, such as an address that is in use; `InvalidInput` when [`Config::check`] finds a fault.
    pub fn bind(addresses: impl ToSocketAddrs, config: Config) -> io::Result<Self> {
        config.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut result = Err(io::Error::new(io::ErrorKind::InvalidInput, "no address to bind"));
        for address in addresses.to_socket_addrs()? {
            // Shared sockets would also join those of another server that runs already: look with one that is not.
            result = once_free(|| listen(address, false)).and_then(|probe| {
                let address = probe.local_addr()?;
                drop(probe);
                listen(address, true)
            });
            if result.is_ok() {
                break;
            }
        }
        let first = result?;
        let local_addr = first.local_addr()?;
        let mut listeners = vec![first];
        while listeners.len() < config.workers {
            listeners.push(listen(local_addr, true)?);
        }
        Ok(Self { listeners, local_addr, config })
    }

    /// The address that clients connect to.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves in threads of its own. `handler` makes each worker's handler, in the worker's thread.
    ///
    /// # Errors
    ///
    /// The system's, when it has no more descriptors or threads.
    pub fn start<H: Handler + 'static>(
        self,
        handler: impl Fn(WorkerId) -> H + Send + Sync + 'static,
    ) -> io::Result<Running<H::Mail>> {
        #[cfg(feature = "uring")]
        let (driver, fallback) = choose(self.config.driver, Uring::check);
        #[cfg(feature = "uring")]
        if driver == DriverKind::Uring {
            return self.start_on(driver, fallback, Uring::new, handler);
        }
        #[cfg(not(feature = "uring"))]
        let fallback = None;
        self.start_on(DriverKind::Epoll, fallback, Epoll::new, handler)
    }

    fn start_on<D: Driver + Send + 'static, H: Handler + 'static>(
        self,
        driver: DriverKind,
        fallback: Option<io::Error>,
        open: impl Fn(Option<TcpListener>) -> io::Result<D>,
        handler: impl Fn(WorkerId) -> H + Send + Sync + 'static,
    ) -> io::Result<Running<H::Mail>> {
        let (local_addr, config) = (self.local_addr, self.config.clone());
        let (parts, remote) = self.into_parts_on(open)?;
        let handler = Arc::new(handler);
        let mut running = Running { remote, local_addr, driver, fallback, threads: Vec::new() };
        for part in parts {
            let (handler, config) = (Arc::clone(&handler), config.clone());
            let remote = running.remote.clone();
            let thread = thread::Builder::new()
                .name(format!("sockeye-{}", part.id().0))
                .spawn(move || serve(part, &*handler, config, remote));
            match thread {
                Ok(thread) => running.threads.push(thread),
                Err(error) => {
                    running.remote.shut_down(Duration::ZERO);
                    return Err(error);
                }
            }
        }
        Ok(running)
    }

    /// The workers' parts, one for each of [`Config::workers`], for a program that has threads and loops of its own, and a
    /// handle to all of them.
    ///
    /// Each part becomes a worker with [`WorkerParts::into_worker`], in its thread. All of them have to be driven, because
    /// the kernel gives each its share of the connections.
    ///
    /// # Errors
    ///
    /// The system's, when it has no more descriptors.
    #[expect(clippy::type_complexity, reason = "the same pair as WorkerParts::new")]
    pub fn into_parts<M>(self) -> io::Result<(Vec<WorkerParts<Epoll, M>>, Remote<M>)> {
        self.into_parts_on(Epoll::new)
    }

    /// As [`Server::into_parts`], on io_uring.
    ///
    /// # Errors
    ///
    /// As [`Uring::new`].
    #[cfg(feature = "uring")]
    #[expect(clippy::type_complexity, reason = "the same pair as WorkerParts::new")]
    pub fn into_uring_parts<M>(self) -> io::Result<(Vec<WorkerParts<Uring, M>>, Remote<M>)> {
        self.into_parts_on(Uring::new)
    }

    #[expect(clippy::type_complexity, reason = "the same pair as WorkerParts::new")]
    fn into_parts_on<D: Driver, M>(
        self,
        open: impl Fn(Option<TcpListener>) -> io::Result<D>,
    ) -> io::Result<(Vec<WorkerParts<D, M>>, Remote<M>)> {
        let drivers: io::Result<Vec<D>> =
            self.listeners.into_iter().map(|listener| open(Some(listener))).collect();
        Ok(WorkerParts::new(drivers?))
    }

    /// Serves until somebody shuts the server down with [`Remote::shut_down`].
    ///
    /// # Errors
    ///
    /// As [`Server::start`] and [`Running::join`].
    pub fn run<H: Handler + 'static>(
        self,
        handler: impl Fn(WorkerId) -> H + Send + Sync + 'static,
    ) -> io::Result<()> {
        self.start(handler)?.join()
    }
}

/// A server whose workers run. Dropping it leaves them running, without a handle unless a [`Remote`] was kept.
#[must_use]
pub struct Running<M> {
    remote: Remote<M>,
    local_addr: SocketAddr,
    driver: DriverKind,
    fallback: Option<io::Error>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl<M> Running<M> {
    /// A handle to the workers, for any thread.
    #[must_use]
    pub fn remote(&self) -> Remote<M> {
        self.remote.clone()
    }

    /// The address that clients connect to.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What moves the bytes.
    #[must_use]
    pub const fn driver(&self) -> DriverKind {
        self.driver
    }

    /// Why epoll serves where [`Config::driver`] asked for io_uring.
    #[must_use]
    pub const fn fallback(&self) -> Option<&io::Error> {
        self.fallback.as_ref()
    }

    /// Waits until all workers have ended.
    ///
    /// # Errors
    ///
    /// The first fault that ended a worker; the others were shut down then.
    pub fn join(self) -> io::Result<()> {
        let results = self.threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker panicked")))
        });
        results.fold(Ok(()), Result::and)
    }
}

impl<M> fmt::Debug for Running<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

/// What serves where `wanted` is asked for, and why it is another, if it is.
#[cfg(feature = "uring")]
fn choose(
    wanted: DriverKind,
    check: impl FnOnce() -> io::Result<()>,
) -> (DriverKind, Option<io::Error>) {
    match wanted {
        DriverKind::Auto | DriverKind::Epoll => (DriverKind::Epoll, None),
        DriverKind::Uring => match check() {
            Ok(()) => (DriverKind::Uring, None),
            Err(error) => (DriverKind::Epoll, Some(error)),
        },
    }
}

fn serve<D: Driver, H: Handler>(
    parts: WorkerParts<D, H::Mail>,
    handler: &impl Fn(WorkerId) -> H,
    config: Config,
    remote: Remote<H::Mail>,
) -> io::Result<()> {
    let mut guard = FaultGuard { remote, is_fault: true };
    let handler = handler(parts.id());
    let result = parts.into_worker(handler, config, &SystemClock).run(&SystemClock);
    guard.is_fault = result.is_err();
    result
}

/// A server with a worker less would serve some clients and let others wait for ever: when one fails or panics, all end.
struct FaultGuard<M> {
    remote: Remote<M>,
    is_fault: bool,
}

impl<M> Drop for FaultGuard<M> {
    fn drop(&mut self) {
        if self.is_fault {
            self.remote.shut_down(Duration::ZERO);
        }
    }
}

/// What the first attempt gives that finds no address in use, or the last one.
fn once_free<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..BIND_TRIES {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => thread::sleep(BIND_RETRY),
            result => return result,
        }
    }
    attempt()
}

/// A listening socket; `is_shared` lets other sockets of this user listen for the same address.
fn listen(address: SocketAddr, is_shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(is_shared)?;
    set_options(&SockRef::from(&socket))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connections that the kernel keeps until they are accepted; it cuts this to its own bound.
const BACKLOG: i32 = 4096;

/// How often an address in use is tried, and how long is waited between. That of a killed server is free after 5 to 10 ms
/// (Linux 6.18).
const BIND_TRIES: u32 = 50;
const BIND_RETRY: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{
        SILENT_PEER_PROBE_INTERVAL, SILENT_PEER_PROBES, SILENT_PEER_TIMEOUT, UNSENT_IN_KERNEL_BYTES,
    };
    use std::net::TcpStream;

    #[test]
    fn accepted_sockets_inherit_the_options_of_the_listener() -> io::Result<()> {
        let listener = listen(([127, 0, 0, 1], 0).into(), true)?;
        let _client = TcpStream::connect(listener.local_addr()?)?;
        let (accepted, _) = listener.accept()?;
        let accepted = SockRef::from(&accepted);
        assert!(accepted.tcp_nodelay()?);
        assert_eq!(accepted.tcp_notsent_lowat()?, UNSENT_IN_KERNEL_BYTES);
        assert!(accepted.keepalive()?);
        assert_eq!(accepted.tcp_keepalive_time()?, SILENT_PEER_TIMEOUT);
        assert_eq!(accepted.tcp_keepalive_interval()?, SILENT_PEER_PROBE_INTERVAL);
        assert_eq!(accepted.tcp_keepalive_retries()?, SILENT_PEER_PROBES);
        Ok(())
    }

    #[cfg(feature = "uring")]
    #[test]
    fn epoll_serves_where_io_uring_is_forbidden() {
        let forbidden = || Err(io::Error::from(io::ErrorKind::PermissionDenied));
        let (driver, reason) = choose(DriverKind::Uring, forbidden);
        assert_eq!(driver, DriverKind::Epoll);
        assert_eq!(reason.map(|error| error.kind()), Some(io::ErrorKind::PermissionDenied));
        assert_eq!(choose(DriverKind::Uring, || Ok(())).0, DriverKind::Uring);
        assert_eq!(choose(DriverKind::Auto, || panic!("nobody asked")).0, DriverKind::Epoll);
    }

    #[test]
    fn an_address_in_use_is_tried_again_and_not_for_ever() {
        let in_use = || io::Error::from(io::ErrorKind::AddrInUse);
        let attempts = |free_after: u32, error: fn() -> io::Error| {
            let mut tries = 0;
            let result = once_free(|| {
                tries += 1;
                if tries > free_after { Ok(()) } else { Err(error()) }
            });
            (tries, result.map_err(|error| error.kind()))
        };
        assert_eq!(attempts(3, in_use), (4, Ok(())));
        let refused = Err(io::ErrorKind::AddrInUse);
        assert_eq!(attempts(u32::MAX, in_use), (BIND_TRIES, refused));
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(attempts(3, denied), (1, Err(io::ErrorKind::PermissionDenied)));
    }

    #[test]
    fn each_worker_listens_on_a_socket_of_its_own() -> io::Result<()> {
        let config = Config { workers: 3, ..Config::default() };
        let server = Server::bind("127.0.0.1:0", config)?;
        assert_eq!(server.listeners.len(), 3);
        for listener in &server.listeners {
            assert_eq!(listener.local_addr()?, server.local_addr());
        }
        Ok(())
    }
}
