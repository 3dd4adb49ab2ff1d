//! Certificates from files, and the cryptography of *ring*.

use crate::cli::Serve;
use rustls::crypto::ring;
use sockeye::tls::{TlsError, TlsFiles, TlsServer};
use std::sync::Arc;

/// The TLS that the command line asks for, if it does.
pub(crate) fn server(arguments: &Serve) -> Result<Option<TlsServer>, TlsError> {
    let (Some(certificates), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) else {
        return Ok(None);
    };
    let mut files = TlsFiles::new(certificates, key, Arc::new(ring::default_provider()));
    files.client_authorities.clone_from(&arguments.tls_client_ca);
    files.ticketer = Some(ring::Ticketer::new);
    TlsServer::from_files(files).map(Some)
}

/// Reads the files again. What cannot be used leaves what is in use.
pub(crate) fn reload(tls: &TlsServer) {
    match tls.reload() {
        Ok(()) => tracing::info!("the certificate was read again: new connections are shown it"),
        Err(error) => tracing::error!("the certificate of before stays in use: {error}"),
    }
}
