//! Connections that this worker makes: connecting, the tunnel through a proxy if there is one, the opening handshake.

use super::core::Core;
use super::phases::{Connecting, Open, Phase, Step};
use super::receive::drop_contained;
use super::{ConnectionId, Worker};
use crate::client::{ClientConfig, ConnectError};
use crate::driver::{Driver, Token};
use crate::handler::Handler;
use crate::protocol::handshake::{Accepted, ClientHandshakeError};
use crate::protocol::{Connection, Role};
use crate::random::mask_key;
#[cfg(feature = "tls")]
use crate::tls::{Session, server_name};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
#[cfg(feature = "tls")]
use std::sync::Arc;

impl<D: Driver, H: Handler> Worker<D, H> {
    /// Has the driver begin with the connections that the handler has asked for.
    pub(super) fn dial(&mut self) {
        if self.core.dialing.is_empty() {
            return;
        }
        // Who connects again because this one failed has its turn in the next tick, or this one had no end.
        for (token, address) in std::mem::take(&mut self.core.dialing) {
            let Err(error) = self.driver.connect(token, address) else {
                continue;
            };
            self.core.fail_to_connect(&mut self.handler, token.slot, &error.into());
            self.free(token);
        }
    }
}

impl<H: Handler> Core<H> {
    /// Takes the handler's wish for a connection; the driver hears of it at the end of the tick.
    pub(crate) fn connect(
        &mut self,
        address: SocketAddr,
        config: &ClientConfig,
        state: H::State,
    ) -> Result<ConnectionId, ConnectError> {
        config.check()?;
        #[cfg(feature = "tls")]
        let session = session(config)?;
        #[cfg(not(feature = "tls"))]
        if config.uri.is_secure() {
            return Err(ConnectError::TlsMissing);
        }
        if self.is_shutting_down {
            return Err(shutting_down());
        }
        if self.connections.len() >= self.config.connections_per_worker_max {
            let text = "the worker has as many connections as connections_per_worker_max allows";
            return Err(io::Error::new(ErrorKind::QuotaExceeded, text).into());
        }
        let tunnel = config.proxy.as_ref().map(|proxy| proxy.tunnel(&config.uri)).transpose()?;
        let connecting = Connecting {
            step: Step::Dialing,
            tunnel,
            handshake: config.client_handshake()?,
            #[cfg(feature = "tls")]
            session,
            bytes: Vec::new(),
            state,
            due: self.ticks + config.connect_timeout,
            handshake_timeout: config.handshake_timeout,
            message_bytes_max: config.message_bytes_max,
            #[cfg(feature = "deflate")]
            deflate: config.deflate.clone(),
            is_over: false,
        };
        let phase = Phase::Connecting(Box::new(connecting));
        let token = self.connections.insert(phase, self.ticks);
        self.dialing.push((token, address));
        self.schedule(token.slot);
        Ok(ConnectionId { worker: self.id, token })
    }

    /// The driver has connected: asks the proxy, or the server.
    pub(super) fn handle_connected(&mut self, token: Token) {
        if self.connections.get_mut(token).is_none() {
            return;
        }
        let (phase, queue) = self.connections.with_queue(token.slot);
        let Phase::Connecting(connecting) = phase else {
            return;
        };
        connecting.due = self.ticks + connecting.handshake_timeout;
        match &connecting.tunnel {
            Some(tunnel) => {
                connecting.step = Step::Tunnel;
                queue.append(|output| tunnel.encode_request(output));
            }
            None => {
                connecting.step = Step::Handshake;
                if !connecting.awaits_tls() {
                    queue.append(|output| connecting.handshake.encode_request(output));
                }
            }
        }
        self.schedule(token.slot);
    }

    /// Judges the answer that the input begins with; says how much of the input it took.
    pub(super) fn handle_answer(&mut self, handler: &mut H, slot: u32, input: &[u8]) -> usize {
        let (phase, queue) = self.connections.with_queue(slot);
        let Phase::Connecting(connecting) = phase else {
            unreachable!("called while an answer is awaited");
        };
        let awaits_tls = connecting.awaits_tls();
        let error = match (connecting.step, &mut connecting.tunnel) {
            (Step::Tunnel, Some(tunnel)) => match tunnel.handle_response(input) {
                Ok(Some(size)) => {
                    connecting.step = Step::Handshake;
                    if !connecting.awaits_tls() {
                        queue.append(|output| connecting.handshake.encode_request(output));
                    }
                    return size;
                }
                Ok(None) => None,
                Err(error) => Some(error.into()),
            },
            // It must not be taken for what will be said over TLS.
            _ if awaits_tls => Some(spoken_early()),
            _ => match connecting.handshake.handle_response(input) {
                Ok(Some(accepted)) => match connecting.protocol(&accepted) {
                    Ok(protocol) => {
                        let size = accepted.size();
                        self.open_client(slot, protocol);
                        self.call(slot, |connection| handler.on_accepted(connection, &accepted));
                        self.call(slot, |connection| handler.on_open(connection));
                        return size;
                    }
                    Err(error) => Some(error.into()),
                },
                Ok(None) => None,
                Err(error) => Some(error.into()),
            },
        };
        match error {
            Some(error) => self.give_up(handler, slot, &error),
            None => connecting.bytes = input.to_vec(),
        }
        input.len()
    }

    fn open_client(&mut self, slot: u32, protocol: Connection) {
        let phase = std::mem::replace(&mut self.connections[slot].phase, Phase::Ending);
        let Phase::Connecting(connecting) = phase else {
            unreachable!("called while an answer is awaited");
        };
        let Connecting { state, .. } = *connecting;
        self.connections[slot].phase = Phase::Open(Open { protocol, state });
        self.schedule(slot);
    }

    /// Ends a connection that was not opened, and tells the handler.
    pub(super) fn give_up(&mut self, handler: &mut H, slot: u32, error: &ConnectError) {
        let is_dialing = matches!(
            &self.connections[slot].phase,
            Phase::Connecting(connecting) if connecting.step == Step::Dialing
        );
        self.fail_to_connect(handler, slot, error);
        if is_dialing {
            // There is no stream that could end in order.
            self.doom(slot);
        } else {
            self.end(slot);
        }
    }

    /// Tells the handler that a connection was not opened, once.
    pub(super) fn fail_to_connect(&mut self, handler: &mut H, slot: u32, error: &ConnectError) {
        if self.connections[slot].begin_end() {
            self.call(slot, |connection| handler.on_connect_failed(connection, error));
            drop_contained(std::mem::replace(&mut self.connections[slot].phase, Phase::Ending));
        }
    }
}

impl<S> Connecting<S> {
    /// What the connection speaks from now on.
    #[cfg_attr(not(feature = "deflate"), expect(unused_variables, reason = "no extensions"))]
    fn protocol(&self, accepted: &Accepted<'_>) -> Result<Connection, ClientHandshakeError> {
        let protocol = Connection::new(Role::Client { mask_key }, self.message_bytes_max);
        #[cfg(feature = "deflate")]
        if let Some(agreement) = self.deflate.check_answer(accepted.extensions())? {
            return Ok(protocol.with_deflate(&agreement, &self.deflate));
        }
        Ok(protocol)
    }
}

/// The stream has ended before the WebSocket was open.
pub(super) fn ended_early() -> ConnectError {
    let text = "the connection ended before the opening handshake was done";
    io::Error::new(ErrorKind::UnexpectedEof, text).into()
}

fn spoken_early() -> ConnectError {
    let text = "something arrived before TLS had begun";
    io::Error::new(ErrorKind::InvalidData, text).into()
}

/// The TLS of a connection to be, where its address asks for it.
#[cfg(feature = "tls")]
fn session(config: &ClientConfig) -> Result<Option<Box<Session>>, ConnectError> {
    if !config.uri.is_secure() {
        return Ok(None);
    }
    let tls = config.tls.as_ref().ok_or(ConnectError::TlsMissing)?;
    let server = server_name(config.uri.host()).map_err(ConnectError::TlsConfig)?;
    let session = Session::client(Arc::clone(tls.config()), server).map_err(ConnectError::Tls)?;
    Ok(Some(Box::new(session)))
}

pub(super) fn out_of_time() -> ConnectError {
    let text = "connecting, or the opening handshake, took longer than it may";
    io::Error::new(ErrorKind::TimedOut, text).into()
}

pub(super) fn shutting_down() -> ConnectError {
    io::Error::new(ErrorKind::ConnectionAborted, "the worker shuts down").into()
}
