//! A server's TLS, from files.

use super::client::read_roots;
use super::{TlsError, TlsIdentity};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ProducesTickets, WebPkiClientVerifier};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes what encrypts session tickets, such as `rustls::crypto::ring::Ticketer::new`.
pub type MakeTicketer = fn() -> Result<Arc<dyn ProducesTickets>, rustls::Error>;

/// The files that a server's TLS comes from, all in PEM, and what does its cryptography.
#[derive(Clone)]
#[non_exhaustive]
pub struct TlsFiles {
    /// What the server shows.
    pub identity: TlsIdentity,
    /// Certificates of authorities: a client has to show one that these have signed. Default: none, so clients show none.
    pub client_authorities: Option<PathBuf>,
    /// What does the cryptography.
    pub provider: Arc<CryptoProvider>,
    /// Makes what encrypts session tickets, anew whenever the files are read. Default: none, so the last 256 sessions
    /// are kept in memory to be resumed.
    pub ticketer: Option<MakeTicketer>,
}

impl TlsFiles {
    /// A certificate and its key.
    pub fn new(
        certificates: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self {
            identity: TlsIdentity::new(certificates, key),
            client_authorities: None,
            provider,
            ticketer: None,
        }
    }

    /// Reads the files.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used, and what it must be; a key that is not the certificate's.
    pub fn load(&self) -> Result<ServerConfig, TlsError> {
        let (certificates, key) = self.identity.load()?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(file) => builder.with_client_cert_verifier(self.client_verifier(file)?),
        };
        let mut config = builder
            .with_single_cert(certificates, key)
            .map_err(|error| self.identity.mismatch(error))?;
        if let Some(ticketer) = self.ticketer {
            config.ticketer = ticketer()?;
        }
        Ok(config)
    }

    fn client_verifier(
        &self,
        file: &Path,
    ) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
        let (roots, provider) = (Arc::new(read_roots(file)?), Arc::clone(&self.provider));
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
        verifier.map_err(|error| TlsError::File {
            file: file.to_owned(),
            expected: "certificates of authorities that sign those of clients",
            cause: error.into(),
        })
    }
}

impl fmt::Debug for TlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFiles")
            .field("identity", &self.identity)
            .field("client_authorities", &self.client_authorities)
            .finish_non_exhaustive()
    }
}
