//! A server's certificate and key, from files.

use super::TlsError;
use super::client::read_roots;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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
    /// The server's certificate, then those between it and the authority that clients know.
    pub certificates: PathBuf,
    /// The private key of the first certificate: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
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
            certificates: certificates.into(),
            key: key.into(),
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
        let certificates = read_certificates(&self.certificates)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| TlsError::File {
            file: self.key.clone(),
            expected: "the private key in PEM, without a password (BEGIN PRIVATE KEY)",
            cause: error.into(),
        })?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(file) => builder.with_client_cert_verifier(self.client_verifier(file)?),
        };
        let mut config =
            builder.with_single_cert(certificates, key).map_err(|error| TlsError::File {
                file: self.key.clone(),
                expected: "the private key of the certificate",
                cause: error.into(),
            })?;
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
            .field("certificates", &self.certificates)
            .field("key", &self.key)
            .field("client_authorities", &self.client_authorities)
            .finish_non_exhaustive()
    }
}

fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault = |cause| TlsError::File {
        file: file.to_owned(),
        expected: "the server's certificate in PEM, with those that lead to its authority (BEGIN CERTIFICATE)",
        cause,
    };
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(|error| fault(error.into()))?;
    if certificates.is_empty() {
        return Err(fault("it has no certificate".into()));
    }
    Ok(certificates)
}
