//! An authority of the tests' own, and the certificates that it signs. They are made anew in each run.

#![cfg_attr(not(feature = "net"), expect(dead_code, reason = "servers need more of them"))]

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SignatureAlgorithm,
};
use sockeye::tls::rustls::crypto::{CryptoProvider, ring};
use sockeye::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sockeye::tls::rustls::server::WebPkiClientVerifier;
use sockeye::tls::rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, version,
};
use sockeye::tls::{TlsError, TlsServer};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

/// Signs certificates, and is trusted by whom a test wants.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: rcgen::Certificate,
    pub(crate) key: KeyPair,
}

/// The authority of all tests that want no other.
pub(crate) fn authority() -> &'static Authority {
    static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);
    &AUTHORITY
}

/// What does the cryptography in tests.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(ring::default_provider()));
    Arc::clone(&PROVIDER)
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = key(&PKCS_ECDSA_P256_SHA256);
        Self(CertifiedIssuer::self_signed(params, key).expect("it can sign itself"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names, whose signatures have always the same size.
    pub(crate) fn server(&self, names: &[&str]) -> Identity {
        self.sign(names, &PKCS_ED25519, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// As [`Authority::server`], for clients that know only what is common.
    pub(crate) fn common_server(&self, names: &[&str]) -> Identity {
        self.sign(names, &PKCS_ECDSA_P256_SHA256, ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub(crate) fn client(&self, name: &str) -> Identity {
        self.sign(&[name], &PKCS_ECDSA_P256_SHA256, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        names: &[&str],
        algorithm: &'static SignatureAlgorithm,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names of certificates");
        params.extended_key_usages = vec![purpose];
        let key = key(algorithm);
        let certificate = params.signed_by(&key, &self.0).expect("the authority can sign");
        Identity { certificate, key }
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("an authority that can be trusted");
        roots
    }

    /// A client that trusts this authority, and speaks these versions.
    pub(crate) fn client_config(
        &self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("the provider has ciphers for it")
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }

    /// The same client that shows a certificate.
    pub(crate) fn client_config_with(&self, identity: &Identity) -> ClientConfig {
        ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider has ciphers for them")
            .with_root_certificates(self.roots())
            .with_client_auth_cert(identity.chain(), identity.private_key())
            .expect("the key is the certificate's")
    }
}

impl Identity {
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.der().clone()]
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// A server that shows this certificate.
    pub(crate) fn tls_server(&self) -> TlsServer {
        let (chain, key) = (self.chain(), self.private_key());
        TlsServer::new(move || server_config(chain.clone(), key.clone_key()))
            .expect("the key is the certificate's")
    }

    /// The same, which lets in only clients that this authority has certified.
    pub(crate) fn tls_server_for(&self, clients: &Authority) -> TlsServer {
        let (chain, key, roots) = (self.chain(), self.private_key(), Arc::new(clients.roots()));
        let load = move || {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider());
            let builder = ServerConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()?
                .with_client_cert_verifier(verifier.build().expect("an authority"));
            Ok(builder.with_single_cert(chain.clone(), key.clone_key())?)
        };
        TlsServer::new(load).expect("the key is the certificate's")
    }
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth();
    Ok(builder.with_single_cert(chain, key)?)
}

fn key(algorithm: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(algorithm).expect("the algorithm is known")
}

/// Those that there are.
pub(crate) const BOTH_VERSIONS: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
