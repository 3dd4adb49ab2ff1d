//! Why TLS cannot begin.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

/// What is wrong with a configuration of TLS. Our caller's fault, or that of the files.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that cannot be used.
    File {
        /// Which.
        file: PathBuf,
        /// What it must be.
        expected: &'static str,
        /// What is wrong with it.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// What rustls says: a key that is not the certificate's, a provider without a cipher that is needed.
    Config(rustls::Error),
    /// No certificate can be for this name.
    HostInvalid(String),
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, expected, cause } => {
                write!(f, "{}: expected {expected}: {cause}", file.display())
            }
            Self::Config(error) => write!(f, "TLS cannot be configured: {error}"),
            Self::HostInvalid(host) => {
                write!(f, "{host:?} is no name or address that a certificate can be for")
            }
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { cause, .. } => Some(&**cause),
            Self::Config(error) => Some(error),
            Self::HostInvalid(_) => None,
        }
    }
}
