//! Whom to trust, as the command line says.

use clap::Args;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use sockeye::tls::{TlsClient, TlsError};
use std::path::PathBuf;
use std::sync::Arc;

/// Flags for whom to trust with `wss://`, which all commands have that connect to a server.
#[derive(Args, Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a command line")]
pub struct Trust {
    /// With wss://: trust any certificate.
    #[arg(long, conflicts_with = "ca")]
    pub insecure: bool,

    /// With wss://: trust the certificates of this file, in PEM. The system's own are often in
    /// /etc/ssl/certs/ca-certificates.crt.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

impl Trust {
    /// The TLS of `wss://`, where the command line says whom to trust.
    ///
    /// # Errors
    ///
    /// A file that has no certificates.
    pub fn client(&self) -> Result<Option<TlsClient>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        if let Some(file) = &self.ca {
            return TlsClient::trusting(file, provider).map(Some);
        }
        if !self.insecure {
            return Ok(None);
        }
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        Ok(Some(TlsClient::new(config)))
    }

    /// What somebody reads who has not said whom to trust at this address.
    #[must_use]
    pub fn missing(url: &str) -> String {
        format!(
            "{url}: expected to hear whom to trust: --ca FILE with the certificates in PEM, which is often /etc/ssl/certs/ca-certificates.crt, or --insecure"
        )
    }
}

/// Takes every certificate, but makes sure that the server has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
