//! Whom a client trusts.

use super::{ALPN, TlsError, TlsIdentity};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// How a client speaks TLS: whose certificates it trusts, and what it shows of its own. Clones share the sessions that a
/// later connection resumes.
#[derive(Clone)]
pub struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    /// A client with a configuration of rustls. Where that says nothing about ALPN, `http/1.1` is offered, and early data
    /// is never sent: what a WebSocket begins with must not be replayed.
    #[must_use]
    pub fn new(mut config: ClientConfig) -> Self {
        if config.alpn_protocols.is_empty() {
            config.alpn_protocols.push(ALPN.to_vec());
        }
        config.enable_early_data = false;
        Self(Arc::new(config))
    }

    /// A client that trusts the certificates of this file in PEM, of authorities or of servers that signed their own.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or has no certificate that can be trusted.
    pub fn trusting(file: &Path, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(read_roots(file)?)
            .with_no_client_auth();
        Ok(Self::new(config))
    }

    /// The same, with a certificate to show to servers that ask for one.
    ///
    /// # Errors
    ///
    /// Those of [`TlsClient::trusting`] and of [`TlsIdentity::show`].
    pub fn trusting_as(
        file: &Path,
        identity: &TlsIdentity,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let begun = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(read_roots(file)?);
        identity.show(begun).map(Self::new)
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.0
    }
}

/// Without what is in it, which may be secret.
impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient").finish_non_exhaustive()
    }
}

/// The name that the certificate of a server has to be for: a name, or an address without brackets.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|_| TlsError::HostInvalid(host.to_owned()))
}

/// The certificates of a file, as those that others are judged by.
pub(super) fn read_roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let expected = "a file in PEM with the certificates to trust (BEGIN CERTIFICATE)";
    let fault = |cause| TlsError::File { file: file.to_owned(), expected, cause };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| fault(error.into()))? {
        let certificate = certificate.map_err(|error| fault(error.into()))?;
        roots.add(certificate).map_err(|error| fault(error.into()))?;
    }
    if roots.is_empty() {
        return Err(fault("it has no certificate".into()));
    }
    Ok(roots)
}
