//! The certificate that a server shows, which may change while it serves.

use super::{ALPN, TlsError, TlsFiles};
use rustls::ServerConfig;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// How a server speaks TLS. Clones are the same one: all workers of a server show the certificate that was loaded last.
#[derive(Clone)]
pub struct TlsServer(Arc<Shared>);

struct Shared {
    load: Box<dyn Fn() -> Result<ServerConfig, TlsError> + Send + Sync>,
    /// Locked for as long as a reference takes, once for each connection.
    current: RwLock<Arc<ServerConfig>>,
}

impl TlsServer {
    /// A server whose configuration `load` makes, now and with each [`TlsServer::reload`]: for several certificates chosen
    /// by the name that a client asks for, for keys from elsewhere than files.
    ///
    /// Where the configuration says nothing about ALPN, it becomes `http/1.1`, so a client that speaks only another
    /// protocol is told. Early data is never accepted: anybody could send it again.
    ///
    /// # Errors
    ///
    /// Those of `load`.
    pub fn new(
        load: impl Fn() -> Result<ServerConfig, TlsError> + Send + Sync + 'static,
    ) -> Result<Self, TlsError> {
        let current = RwLock::new(prepared(load()?));
        Ok(Self(Arc::new(Shared { load: Box::new(load), current })))
    }

    /// A server whose certificate and key are in files.
    ///
    /// # Errors
    ///
    /// Those of [`TlsFiles::load`].
    pub fn from_files(files: TlsFiles) -> Result<Self, TlsError> {
        Self::new(move || files.load())
    }

    /// Loads the configuration again, for the connections that begin from now on; those that exist go on as they are.
    /// Sessions of before cannot be resumed: who connects again is shown the new certificate, and judged by the new
    /// authorities.
    ///
    /// # Errors
    ///
    /// Those of loading. The configuration of before stays in use then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = prepared((self.0.load)()?);
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// The configuration for the next connection.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn prepared(mut config: ServerConfig) -> Arc<ServerConfig> {
    if config.alpn_protocols.is_empty() {
        config.alpn_protocols.push(ALPN.to_vec());
    }
    config.max_early_data_size = 0;
    config.send_half_rtt_data = false;
    Arc::new(config)
}

/// Two are equal when one is a clone of the other.
impl PartialEq for TlsServer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TlsServer {}

/// Without what is in it, which may be secret.
impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer").finish_non_exhaustive()
    }
}
