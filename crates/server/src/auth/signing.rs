//! Makes tokens.

use super::keys::check_secret;
use super::{Algorithm, KeyError, cryptography};
use jsonwebtoken::{EncodingKey, Header};
use serde::Serialize;
use serde_json::value::RawValue;

/// What a token is to say.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<String>,
    /// Seconds since 1970.
    pub(crate) exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) info: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) channels: Vec<ChannelClaim>,
}

/// See [`Claims::channels`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ChannelClaim {
    pub(crate) pattern: String,
    pub(crate) allow: Vec<String>,
}

/// A key that signs.
#[derive(Debug)]
pub(crate) struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl SigningKey {
    /// A key from a secret, or from a private key in PEM (PKCS #8).
    ///
    /// # Errors
    ///
    /// [`KeyError`]: what was expected.
    pub(crate) fn new(algorithm: Algorithm, material: &[u8]) -> Result<Self, KeyError> {
        cryptography::install();
        let key = match algorithm {
            Algorithm::Hs256 => EncodingKey::from_secret(check_secret(material)?),
            Algorithm::EdDsa => EncodingKey::from_ed_pem(material),
            Algorithm::Es256 => EncodingKey::from_ec_pem(material),
        };
        let key = key.map_err(|_| KeyError::NotPrivate(algorithm))?;
        Ok(Self { algorithm, key })
    }

    /// A key from PEM, whatever it is for; else a secret.
    ///
    /// # Errors
    ///
    /// [`KeyError`]: what was expected.
    pub(crate) fn from_file(material: &[u8]) -> Result<Self, KeyError> {
        if !material.starts_with(b"-----BEGIN") {
            return Self::new(Algorithm::Hs256, material.trim_ascii());
        }
        Self::new(Algorithm::EdDsa, material).or_else(|_| Self::new(Algorithm::Es256, material))
    }

    /// A signed token.
    ///
    /// # Errors
    ///
    /// The key cannot sign.
    pub(crate) fn sign(&self, claims: &Claims, kid: Option<&str>) -> Result<String, KeyError> {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(self.algorithm.jwt()) };
        let signed = jsonwebtoken::encode(&header, claims, &self.key);
        signed.map_err(|_| KeyError::NotPrivate(self.algorithm))
    }
}
