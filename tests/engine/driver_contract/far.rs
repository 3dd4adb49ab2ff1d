//! The far side: where a driver's peers are.

use socket2::{Domain, Socket, Type};
#[cfg(feature = "uring")]
use sockeye::driver::Uring;
use sockeye::driver::{Answer, Driver, Epoll, Network, Peer, Simulated, Stream};
use std::io::{self, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// The far side of a driver. Nothing here waits.
pub(super) trait Far: Sync {
    type Peer: FarPeer;
    type Driver: Driver;
    /// Whether its driver's waits take time.
    const WAITS: bool;
    fn connect(&self) -> Self::Peer;
    /// One more driver that these peers can reach and be reached from.
    fn another_driver(&self) -> Self::Driver;
    /// Where somebody listens, and accepts with [`Far::accept`].
    fn listens(&self) -> SocketAddr;
    fn accept(&self) -> Option<Self::Peer>;
    /// Where nobody listens.
    fn refuses(&self) -> SocketAddr;
    /// Where nobody ever answers.
    fn stalls(&self) -> SocketAddr;
    /// Calls `attempt` when a connection to the address that it gets fails at once.
    fn while_it_fails(&self, attempt: impl FnOnce(SocketAddr));
}

/// One far end. Nothing here waits.
pub(super) trait FarPeer: Send {
    fn write(&mut self, bytes: &[u8]) -> usize;
    /// What has arrived, or how it ended: `Ended` and `Reset` come behind all bytes.
    fn read(&mut self) -> Result<Vec<u8>, Stream>;
    fn end(&mut self);
    fn reset(self);
}

/// A driver of real sockets.
pub(super) trait Real: Driver<Transfer: Send> {
    fn open(listener: Option<TcpListener>) -> io::Result<Self>
    where
        Self: Sized;
}

impl Real for Epoll {
    fn open(listener: Option<TcpListener>) -> io::Result<Self> {
        Self::new(listener)
    }
}

#[cfg(feature = "uring")]
impl Real for Uring {
    fn open(listener: Option<TcpListener>) -> io::Result<Self> {
        Self::new(listener)
    }
}

/// Real sockets.
pub(super) struct Loopback<D> {
    /// Where the driver listens.
    driver: SocketAddr,
    listener: TcpListener,
    /// It is bound, so that nobody else listens there, and does not listen.
    closed: Socket,
    /// Its backlog has room for one, and is full: whatever else knocks is not answered.
    full: Socket,
    _filler: TcpStream,
    _driver: PhantomData<fn() -> D>,
}

impl<D> Loopback<D> {
    /// The far side of the driver that listens at `driver`.
    pub(super) fn new(driver: SocketAddr) -> Self {
        let listener = TcpListener::bind(ANY).expect("a free port");
        listener.set_nonblocking(true).expect("sockets can do that");
        let [closed, full] = [bound(), bound()];
        full.listen(0).expect("it is bound");
        let _filler = TcpStream::connect(address(&full)).expect("there is room for one");
        Self { driver, listener, closed, full, _filler, _driver: PhantomData }
    }
}

fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("descriptors");
    socket.bind(&ANY.into()).expect("a free port");
    socket
}

fn address(socket: &Socket) -> SocketAddr {
    let address = socket.local_addr().expect("it is bound");
    address.as_socket().expect("it is of the internet's family")
}

impl<D: Real> Far for Loopback<D> {
    type Peer = TcpStream;
    type Driver = D;
    const WAITS: bool = true;

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.driver).expect("the listener is there");
        stream.set_nonblocking(true).expect("sockets can do that");
        stream
    }

    fn another_driver(&self) -> D {
        D::open(None).expect("descriptors")
    }

    fn listens(&self) -> SocketAddr {
        self.listener.local_addr().expect("it is bound")
    }

    fn accept(&self) -> Option<TcpStream> {
        match self.listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(true).expect("sockets can do that");
                Some(stream)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn refuses(&self) -> SocketAddr {
        address(&self.closed)
    }

    fn stalls(&self) -> SocketAddr {
        address(&self.full)
    }

    fn while_it_fails(&self, attempt: impl FnOnce(SocketAddr)) {
        // There are no streams to everybody.
        attempt((Ipv4Addr::BROADCAST, 9).into());
    }
}

impl FarPeer for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> usize {
        Write::write(self, bytes).unwrap_or(0)
    }

    fn read(&mut self) -> Result<Vec<u8>, Stream> {
        let mut bytes = vec![0; 65536];
        match Read::read(self, &mut bytes) {
            Ok(0) => Err(Stream::Ended),
            Ok(size) => {
                bytes.truncate(size);
                Ok(bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Vec::new()),
            Err(_) => Err(Stream::Reset),
        }
    }

    fn end(&mut self) {
        self.shutdown(std::net::Shutdown::Write).expect("it is open");
    }

    fn reset(self) {
        let socket = socket2::SockRef::from(&self);
        socket.set_linger(Some(Duration::ZERO)).expect("it is open");
    }
}

impl Far for Network {
    type Peer = Peer;
    type Driver = Simulated;
    const WAITS: bool = false;

    fn connect(&self) -> Peer {
        Self::connect(self)
    }

    fn another_driver(&self) -> Simulated {
        self.add_driver().0
    }

    fn listens(&self) -> SocketAddr {
        let address = (Ipv4Addr::LOCALHOST, 80).into();
        self.answer(address, Answer::Accept);
        address
    }

    fn accept(&self) -> Option<Peer> {
        Self::accept(self, self.listens())
    }

    fn refuses(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 81).into()
    }

    fn stalls(&self) -> SocketAddr {
        let address = (Ipv4Addr::LOCALHOST, 82).into();
        self.answer(address, Answer::Stall);
        address
    }

    fn while_it_fails(&self, attempt: impl FnOnce(SocketAddr)) {
        self.exhaust_descriptors(true);
        attempt(self.listens());
        self.exhaust_descriptors(false);
    }
}

impl FarPeer for Peer {
    fn write(&mut self, bytes: &[u8]) -> usize {
        Self::write(self, bytes)
    }

    fn read(&mut self) -> Result<Vec<u8>, Stream> {
        let bytes = Self::read(self, 65536);
        match self.incoming() {
            Stream::Open => Ok(bytes),
            _ if !bytes.is_empty() => Ok(bytes),
            over => Err(over),
        }
    }

    fn end(&mut self) {
        Self::end(self);
    }

    fn reset(self) {
        Self::reset(&self);
    }
}

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
