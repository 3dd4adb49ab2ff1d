//! Whom to trust and what to show, as the command line says.

use clap::Args;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
};
use sockeye::tls::{TlsClient, TlsError, TlsIdentity};
use std::path::PathBuf;
use std::sync::Arc;

/// Flags for whom to trust with `wss://`, and what to show, which all commands have that connect to a server.
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

    /// With wss://: show the certificate of this file, in PEM, to a server that lets in only clients with one
    /// (sockeye serve --tls-client-ca).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of that certificate, in PEM, without a password.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

impl Trust {
    /// The TLS of `wss://`, where the command line says whom to trust.
    ///
    /// # Errors
    ///
    /// A file that has no certificates, or not the key of one.
    pub fn client(&self) -> Result<Option<TlsClient>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        match (&self.ca, self.identity()) {
            (None, _) if !self.insecure => Ok(None),
            (None, identity) => trusting_anybody(identity.as_ref(), provider).map(Some),
            (Some(file), None) => TlsClient::trusting(file, provider).map(Some),
            (Some(file), Some(identity)) => {
                TlsClient::trusting_as(file, &identity, provider).map(Some)
            }
        }
    }

    fn identity(&self) -> Option<TlsIdentity> {
        Some(TlsIdentity::new(self.tls_cert.as_ref()?, self.tls_key.as_ref()?))
    }

    /// What somebody reads who has not said whom to trust at this address.
    #[must_use]
    pub fn missing(url: &str) -> String {
        format!(
            "{url}: expected to hear whom to trust: --ca FILE with the certificates in PEM, which is often /etc/ssl/certs/ca-certificates.crt, or --insecure"
        )
    }
}

/// What to do about a handshake that came to nothing.
#[must_use]
pub fn what_to_do(error: &rustls::Error) -> &'static str {
    about_certificates(error).unwrap_or("does it speak wss:// there?")
}

/// The same where it was for the certificate of one side: then trying again is no use. `None`: it was for something else.
#[must_use]
pub fn about_certificates(error: &rustls::Error) -> Option<&'static str> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(cause))
            if cause.to_string() == AUTHORITY =>
        {
            Some(
                "it shows an authority's certificate, which is not for servers: openssl makes one that is with -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:NAME; or trust any with --insecure",
            )
        }
        rustls::Error::InvalidCertificate(_) => {
            Some("name the certificate to trust with --ca FILE, or trust any with --insecure")
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => Some(
            "show a certificate that it knows the authority of: --tls-cert FILE and --tls-key FILE",
        ),
        rustls::Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::DecryptError,
        ) => Some("it does not take the certificate of --tls-cert"),
        _ => None,
    }
}

/// What webpki calls a server's certificate that may sign others, as those do that openssl makes unless it is told otherwise.
const AUTHORITY: &str = "CaUsedAsEndEntity";

fn trusting_anybody(
    identity: Option<&TlsIdentity>,
    provider: Arc<CryptoProvider>,
) -> Result<TlsClient, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => identity.show(builder)?,
    };
    Ok(TlsClient::new(config))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_certificates_is_final() {
        let alert = rustls::Error::AlertReceived;
        assert!(about_certificates(&alert(AlertDescription::UnknownCA)).is_some());
        // A proxy may say so while its server starts again.
        let passing = alert(AlertDescription::InternalError);
        assert_eq!(about_certificates(&passing), None);
        assert_eq!(what_to_do(&passing), "does it speak wss:// there?");
    }
}
