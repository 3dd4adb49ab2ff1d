//! A certificate that servers of ours show for as long as a task runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::prerequisites::{self, OPENSSL};

/// A certificate for this machine, signed by itself, and its key: files in PEM.
pub(crate) struct Certificate {
    pub(crate) file: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificate {
    /// Makes one in `directory`.
    pub(crate) fn make(shell: &Shell, directory: &Path) -> Result<Self> {
        prerequisites::ensure(shell, &[OPENSSL])?;
        let file = directory.join("certificate.pem");
        let key = directory.join("key.pem");
        // A configuration of our own: the system's would say that it is the certificate of an authority.
        let config = directory.join("certificate.conf");
        fs::write(&config, CONFIG)?;
        let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        cmd!(
            shell,
            "openssl req -x509 {kind...} -days 30 -config {config} -keyout {key} -out {file}"
        )
        .quiet()
        .ignore_stderr()
        .run()
        .context("openssl made no certificate")?;
        Ok(Self { file, key })
    }
}

const CONFIG: &str = "\
[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
commonName = localhost
[extensions]
subjectAltName = IP:127.0.0.1, DNS:localhost
";
