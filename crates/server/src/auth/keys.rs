//! The keys that tokens are checked with.

use super::claims::TokenClaims;
use super::{cryptography, unauthorized};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Header, Validation};
use sockeye_hub::{Identity, Refusal};
use std::fmt;

/// What tokens are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// HMAC with SHA-256: the same secret signs and checks.
    Hs256,
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// Its name in tokens and in settings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
        }
    }

    pub(super) const fn jwt(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
        }
    }
}

/// A key, and what is asked of the tokens that it signed.
#[derive(Debug)]
pub(crate) struct TokenKey {
    algorithm: Algorithm,
    key: DecodingKey,
    validation: Validation,
    kid: Option<String>,
    is_expiry_required: bool,
}

impl TokenKey {
    /// A key from a secret, or from a public key in PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError`]: what was expected.
    pub(crate) fn new(algorithm: Algorithm, material: &[u8]) -> Result<Self, KeyError> {
        cryptography::install();
        let key = match algorithm {
            Algorithm::Hs256 => DecodingKey::from_secret(check_secret(material)?),
            Algorithm::EdDsa => DecodingKey::from_ed_pem(material),
            Algorithm::Es256 => DecodingKey::from_ec_pem(material),
        };
        // A private key that is taken for a public one would check nothing; and P-384 is an elliptic curve too.
        let is_public = |key: &DecodingKey| match algorithm {
            Algorithm::Hs256 => true,
            Algorithm::EdDsa => has_size(key, 32),
            Algorithm::Es256 => has_size(key, 65),
        };
        let mut validation = Validation::new(algorithm.jwt());
        // Time is an argument here: `claims` looks at `exp` and `nbf`.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        match key {
            Ok(key) if is_public(&key) => {
                Ok(Self { algorithm, key, validation, kid: None, is_expiry_required: true })
            }
            _ => Err(KeyError::NotPublic(algorithm)),
        }
    }

    /// Only for tokens that name this key, or none.
    pub(crate) fn with_kid(mut self, kid: Option<String>) -> Self {
        self.kid = kid;
        self
    }

    /// Only for tokens of this issuer.
    pub(crate) fn with_issuer(mut self, issuer: Option<&str>) -> Self {
        if let Some(issuer) = issuer {
            self.validation.set_issuer(&[issuer]);
            self.validation.required_spec_claims.insert("iss".to_owned());
        }
        self
    }

    /// Only for tokens that are meant for this audience.
    pub(crate) fn with_audience(mut self, audience: Option<&str>) -> Self {
        if let Some(audience) = audience {
            self.validation.set_audience(&[audience]);
            self.validation.required_spec_claims.insert("aud".to_owned());
        }
        self
    }

    /// Whether tokens have to end some time.
    pub(crate) const fn with_expiry_required(mut self, is_required: bool) -> Self {
        self.is_expiry_required = is_required;
        self
    }

    /// What it is for.
    pub(crate) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What tokens call it.
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether a token could have been signed by it: what it says of itself is believed only to choose.
    pub(super) fn is_for(&self, header: &Header) -> bool {
        let is_other = matches!((&self.kid, &header.kid), (Some(ours), Some(its)) if ours != its);
        header.alg == self.algorithm.jwt() && !is_other
    }

    pub(super) fn check(&self, token: &str, now_unix_ms: u64) -> Result<Identity, Refusal> {
        let decoded = jsonwebtoken::decode::<TokenClaims>(token, &self.key, &self.validation);
        let claims = decoded.map_err(|error| refusal(error.kind()))?.claims;
        claims.identity(self.is_expiry_required, now_unix_ms)
    }
}

/// RFC 7518 3.2: "A key of the same size as the hash output or larger MUST be used".
pub(super) fn check_secret(secret: &[u8]) -> Result<&[u8], KeyError> {
    match secret.len() >= SECRET_SIZE_MIN {
        true => Ok(secret),
        false => Err(KeyError::ShortSecret),
    }
}

fn refusal(kind: &ErrorKind) -> Refusal {
    match kind {
        ErrorKind::InvalidSignature => unauthorized("expected a token with a good signature"),
        ErrorKind::InvalidIssuer => unauthorized("expected a token of another issuer (iss)"),
        ErrorKind::InvalidAudience => {
            unauthorized("expected a token for this server: its audience (aud) is another one")
        }
        ErrorKind::MissingRequiredClaim(claim) => {
            unauthorized(format!("expected a token with {claim}"))
        }
        ErrorKind::Json(error) => unauthorized(format!("expected other claims: {error}")),
        _ => unauthorized("expected a JWT that is signed with HS256, EdDSA or ES256"),
    }
}

fn has_size(key: &DecodingKey, size: usize) -> bool {
    key.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == size)
}

/// Why a key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// A secret that could be guessed.
    ShortSecret,
    /// No public key for this algorithm.
    NotPublic(Algorithm),
    /// No private key for this algorithm.
    NotPrivate(Algorithm),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortSecret => f.write_str("expected a secret of 32 bytes or more"),
            Self::NotPublic(algorithm) => {
                write!(f, "expected a public key for {}, in PEM", algorithm.name())
            }
            Self::NotPrivate(algorithm) => {
                write!(f, "expected a private key for {}, in PEM (PKCS #8)", algorithm.name())
            }
        }
    }
}

impl std::error::Error for KeyError {}

/// Bytes of a secret for HS256.
const SECRET_SIZE_MIN: usize = 32;
