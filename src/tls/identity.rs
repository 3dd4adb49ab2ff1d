//! A certificate and its key, from files.

use super::TlsError;
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder};
use std::path::PathBuf;

/// The files with a certificate and its private key, both in PEM: who a server is, or a client where the server asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsIdentity {
    /// The certificate, then those between it and the authority that the other side knows.
    pub certificates: PathBuf,
    /// The private key of the first certificate: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
}

impl TlsIdentity {
    /// A certificate and its key.
    pub fn new(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificates: certificates.into(), key: key.into() }
    }

    /// Reads the files, and ends with them what a client's configuration begins with: it shows the certificate to servers that
    /// ask for one.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used, and what it must be; a key that is not the certificate's.
    pub fn show(
        &self,
        begun: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, TlsError> {
        let (certificates, key) = self.load()?;
        let config = begun.with_client_auth_cert(certificates, key);
        config.map_err(|error| self.mismatch(error))
    }

    /// Reads the files. Whether the key is that of the certificate shows where they are used.
    pub(super) fn load(
        &self,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let fault = |cause| TlsError::File {
            file: self.certificates.clone(),
            expected: "a certificate in PEM, with those that lead to its authority (BEGIN CERTIFICATE)",
            cause,
        };
        let certificates =
            CertificateDer::pem_file_iter(&self.certificates).and_then(Iterator::collect);
        let certificates: Vec<_> = certificates.map_err(|error| fault(error.into()))?;
        if certificates.is_empty() {
            return Err(fault("it has no certificate".into()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| TlsError::File {
            file: self.key.clone(),
            expected: "the private key in PEM, without a password (BEGIN PRIVATE KEY)",
            cause: error.into(),
        })?;
        Ok((certificates, key))
    }

    /// What rustls says where key and certificate do not go together.
    pub(super) fn mismatch(&self, error: rustls::Error) -> TlsError {
        TlsError::File {
            file: self.key.clone(),
            expected: "the private key of the certificate",
            cause: error.into(),
        }
    }
}
