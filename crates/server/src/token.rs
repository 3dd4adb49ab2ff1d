//! `sockeye token`: makes a token for a client.

use crate::auth::{ChannelClaim, Claims, KeyError, SigningKey, parse_permissions};
use crate::settings::{SettingsError, TokenSigner, signer};
use clap::{ArgGroup, Args};
use serde_json::value::RawValue;
use sockeye_hub::limits::PRESENCE_INFO_SIZE_MAX;
use sockeye_hub::{Pattern, UserName};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Make a token for a client, and print it.
///
/// It is signed with the secret that a configuration has, or with another secret or private key.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
#[command(group(ArgGroup::new("signed with").required(true).args(["config", "secret", "key_file"])))]
pub(crate) struct Token {
    /// Whom it is for. Without it the client has a token, but no name.
    #[arg(long, value_name = "NAME", value_parser = parse_user)]
    user: Option<String>,

    /// What it allows in the channels of a pattern: subscribe, publish, presence, history, with commas. May be given again.
    #[arg(long, value_name = "PATTERN=PERMISSIONS", value_parser = parse_allow)]
    allow: Vec<ChannelClaim>,

    /// How long it is good, as in 15m, from 1s to 10years.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_expires)]
    expires: Duration,

    /// What presence shows of the client: JSON.
    #[arg(long, value_name = "JSON", value_parser = parse_info)]
    info: Option<Box<RawValue>>,

    /// Sign with the first secret (HS256) of this configuration, with its kid, issuer and audience.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Sign with this secret (HS256). Others on this machine can see it while the command runs: prefer --key-file.
    #[arg(long, value_name = "TEXT")]
    secret: Option<String>,

    /// Sign with what this file has: a private key in PEM (EdDSA, ES256), or else a secret (HS256).
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// The key's name, for a server that has several (kid).
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    kid: Option<String>,

    /// Who makes it (iss).
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    issuer: Option<String>,

    /// Which server it is for (aud).
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    audience: Option<String>,
}

impl Token {
    /// The token.
    ///
    /// # Errors
    ///
    /// There is no key that can sign.
    pub(crate) fn make(self) -> Result<String, TokenError> {
        let signer = match (self.config, self.secret, self.key_file) {
            (Some(file), _, _) => signer(&file).map_err(TokenError::Settings)?,
            (None, secret, file) => TokenSigner {
                key: key(secret.as_deref(), file)?,
                kid: self.kid,
                issuer: self.issuer,
                audience: self.audience,
            },
        };
        let claims = Claims {
            sub: self.user,
            iss: signer.issuer,
            aud: signer.audience,
            exp: jsonwebtoken::get_current_timestamp() + self.expires.as_secs(),
            info: self.info,
            channels: self.allow,
        };
        signer.key.sign(&claims, signer.kid.as_deref()).map_err(TokenError::Key)
    }
}

fn key(secret: Option<&str>, file: Option<PathBuf>) -> Result<SigningKey, TokenError> {
    let material = match (secret, file) {
        (_, Some(file)) => std::fs::read(&file).map_err(|error| TokenError::File(file, error))?,
        (secret, None) => secret.unwrap_or_default().as_bytes().to_vec(),
    };
    SigningKey::from_file(&material).map_err(TokenError::Key)
}

fn parse_user(text: &str) -> Result<String, String> {
    UserName::new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn parse_allow(text: &str) -> Result<ChannelClaim, String> {
    let expected = "expected a pattern, = and permissions, such as chat:*=subscribe,publish";
    // A channel's name may have that sign.
    let (pattern, allow) = text.rsplit_once('=').ok_or(expected)?;
    Pattern::new(pattern).map_err(|error| error.to_string())?;
    parse_permissions(allow.split(','))?;
    Ok(ChannelClaim {
        pattern: pattern.to_owned(),
        allow: allow.split(',').map(str::to_owned).collect(),
    })
}

fn parse_expires(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok();
    time.filter(|time| (EXPIRES_MIN..=EXPIRES_MAX).contains(time))
        .ok_or_else(|| "expected 1s to 10years, such as 15m".to_owned())
}

fn parse_info(text: &str) -> Result<Box<RawValue>, String> {
    let read = RawValue::from_string(text.to_owned());
    let info = read.map_err(|error| format!("expected JSON: {error}"))?;
    match info.get().len() <= PRESENCE_INFO_SIZE_MAX {
        true => Ok(info),
        false => Err(format!("expected at most {PRESENCE_INFO_SIZE_MAX} bytes")),
    }
}

/// Why there is no token.
#[derive(Debug)]
pub(crate) enum TokenError {
    /// The configuration is wrong, or cannot sign.
    Settings(SettingsError),
    /// The file of the key cannot be read.
    File(PathBuf, io::Error),
    /// There is no key in it.
    Key(KeyError),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::File(file, error) => write!(f, "{}: cannot be read: {error}", file.display()),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TokenError {}

const EXPIRES_MIN: Duration = Duration::from_secs(1);
const EXPIRES_MAX: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

const EXAMPLES: &str = "\
Examples:
  sockeye token --user ada --config sockeye.toml --allow 'chat:*=subscribe,publish'
  sockeye token --user ada --key-file private.pem --expires 15m --info '{\"name\":\"Ada\"}'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_a_pattern_and_permissions() {
        let claim = parse_allow("a=b:*=subscribe,history").expect("it is one");
        assert_eq!((claim.pattern.as_str(), claim.allow.len()), ("a=b:*", 2));
        for (wrong, expected) in [
            ("chat:*", "such as chat:*=subscribe"),
            ("chat:*=", "expected subscribe"),
            ("chat:*=read", "\"read\" is no permission"),
            ("=subscribe", "expected a pattern"),
        ] {
            let error = parse_allow(wrong).expect_err("it is none");
            assert!(error.contains(expected), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_token_ends_and_shows_json() {
        assert_eq!(parse_expires("15m"), Ok(Duration::from_secs(900)));
        assert!(parse_expires("0s").is_err() && parse_expires("11years").is_err());
        assert!(parse_info(r#"{"name":"Ada"}"#).is_ok());
        assert!(parse_info("{").is_err_and(|error| error.contains("expected JSON")));
        assert!(parse_info(&format!("\"{}\"", "x".repeat(5000))).is_err());
    }
}
