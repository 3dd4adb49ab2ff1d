//! `[[auth.key]]`: where a key comes from, and what it is for.

use super::error::{SettingsError, Source};
use super::file::{AlgorithmName, AuthKey};
use super::read_file;
use crate::auth::{Algorithm, SigningKey, TokenKey};
use std::ops::Range;
use std::path::Path;

/// The key of a table.
///
/// # Errors
///
/// It has not exactly the one setting that its algorithm takes a key from, or there is no such key in it.
pub(super) fn read(source: &Source<'_>, table: &AuthKey) -> Result<TokenKey, SettingsError> {
    let (algorithm, place, material) = material(source, table)?;
    let key = TokenKey::new(algorithm, &material)
        .map_err(|error| source.wrong(&place, &error.to_string()))?;
    Ok(key
        .with_kid(table.kid.clone())
        .with_issuer(table.issuer.as_deref())
        .with_audience(table.audience.as_deref())
        .with_expiry_required(table.expiry_required))
}

/// What makes tokens that a server with some configuration takes.
#[derive(Debug)]
pub(crate) struct TokenSigner {
    pub(crate) key: SigningKey,
    pub(crate) kid: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
}

/// What signs like the first secret of a configuration.
///
/// # Errors
///
/// The configuration is wrong, or has public keys only.
pub(crate) fn signer(file: &Path) -> Result<TokenSigner, SettingsError> {
    let text = super::read_text(file)?;
    let source = Source { file, text: &text };
    let tables = source.parse()?.auth.key;
    let table = tables.into_iter().find(|table| *table.algorithm.get_ref() == AlgorithmName::HS256);
    let table = table.ok_or_else(|| {
        source.whole("has no [[auth.key]] that can sign: sign with --key-file FILE, which has the private key")
    })?;
    let (algorithm, place, material) = material(&source, &table)?;
    let key = SigningKey::new(algorithm, &material)
        .map_err(|error| source.wrong(&place, &error.to_string()))?;
    Ok(TokenSigner { key, kid: table.kid, issuer: table.issuer, audience: table.audience })
}

/// What a key is made of, and where the file says so.
fn material(
    source: &Source<'_>,
    table: &AuthKey,
) -> Result<(Algorithm, Range<usize>, Vec<u8>), SettingsError> {
    let (algorithm, span) = (algorithm(*table.algorithm.get_ref()), table.algorithm.span());
    let is_secret = algorithm == Algorithm::Hs256;
    let sources = (&table.secret, &table.secret_file, &table.public_key_file);
    let (place, material) = match sources {
        (Some(secret), None, None) if is_secret => {
            (secret.span(), secret.get_ref().0.clone().into_bytes())
        }
        (None, Some(file), None) if is_secret => {
            (file.span(), read_file(source, file)?.trim().to_owned().into_bytes())
        }
        (None, None, Some(file)) if !is_secret => {
            (file.span(), read_file(source, file)?.into_bytes())
        }
        _ if is_secret => {
            return Err(source.wrong(&span, "expected either secret or secret_file beside it"));
        }
        _ => return Err(source.wrong(&span, "expected public_key_file beside it, and no secret")),
    };
    Ok((algorithm, place, material))
}

const fn algorithm(name: AlgorithmName) -> Algorithm {
    match name {
        AlgorithmName::HS256 => Algorithm::Hs256,
        AlgorithmName::EdDSA => Algorithm::EdDsa,
        AlgorithmName::ES256 => Algorithm::Es256,
    }
}
