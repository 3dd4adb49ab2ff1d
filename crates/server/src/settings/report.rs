//! `sockeye check-config`: what a configuration was understood to say.

use super::Settings;
use super::values::{ACCESS, SLOW, STATE, word};
use crate::auth::{Anonymous, ApiAccess, TokenKey};
use crate::cli::Serve;
use bytesize::ByteSize;
use humantime::format_duration;
use sockeye::protocol::deflate::DeflateMode;
use sockeye_hub::{Namespace, NamespaceIndex};
use std::fmt::{self, Write};
use std::path::Path;

/// What a file says, for people; `serve` is what comes of it where no flag says otherwise.
pub(crate) fn describe(file: &Path, serve: &Serve, settings: &Settings) -> String {
    let mut text = format!("{} is good.\n\n", file.display());
    write_server(&mut text, serve).expect("a text takes what is written to it");
    write_settings(&mut text, settings).expect("a text takes what is written to it");
    text
}

fn write_server(to: &mut String, serve: &Serve) -> fmt::Result {
    let schemes = if serve.tls_cert.is_some() { "https and wss" } else { "http and ws" };
    let workers = match serve.workers {
        Some(1) => "one worker".to_owned(),
        Some(workers) => format!("{workers} workers"),
        None => "a worker per processor".to_owned(),
    };
    writeln!(to, "listens on {} ({schemes}), with {workers}", serve.bind)?;
    if serve.tls_client_ca.is_some() {
        writeln!(to, "clients need a certificate of tls_client_ca")?;
    }
    writeln!(to, "messages: up to {}, compression: {}", serve.message_max, deflate(serve))?;
    if let Some(url) = &serve.backend {
        writeln!(to, "calls of clients go to {url}")?;
    }
    writeln!(
        to,
        "shutting down: {} of /readyz at 503, then clients have {} to leave\n",
        format_duration(serve.drain),
        format_duration(serve.grace)
    )
}

fn deflate(serve: &Serve) -> String {
    match serve.deflate {
        DeflateMode::Shared => "each message by itself".to_owned(),
        DeflateMode::Dedicated { bytes } => {
            format!("up to {} held for each connection", ByteSize(bytes as u64))
        }
        _ => "off".to_owned(),
    }
}

fn write_settings(to: &mut String, settings: &Settings) -> fmt::Result {
    let anonymous = match settings.authentication.anonymous() {
        Anonymous::Refused => "refused",
        Anonymous::Welcome | Anonymous::Unrestricted => "let in",
    };
    writeln!(to, "clients without a token: {anonymous}")?;
    for key in settings.authentication.keys() {
        write_key(to, key)?;
    }
    match &settings.api {
        ApiAccess::Off => writeln!(to, "HTTP API: off")?,
        ApiAccess::Open => writeln!(to, "HTTP API: open")?,
        ApiAccess::Keys(keys) => writeln!(to, "HTTP API: keys: {}", keys.len())?,
    }
    if settings.server.playground {
        writeln!(to, "playground: /try, /echo and /topic/NAME are open to everybody")?;
    }
    writeln!(
        to,
        "sessions outlive their connections by {}",
        format_duration(settings.session_grace)
    )?;
    writeln!(to, "\nnamespaces, the first that matches counts:")?;
    for index in (0..settings.namespace_count).map(NamespaceIndex) {
        write_namespace(to, index.0 + 1, settings.namespaces.get(index))?;
        if let Some(check) = settings.schemas.of(index) {
            let schema = check.schema.as_ref().map(|_| "a JSON Schema".to_owned());
            let all: Vec<String> = schema.into_iter().chain(check.content_types.clone()).collect();
            writeln!(to, "     payloads: {}", all.join(", "))?;
        }
    }
    for warning in &settings.warnings {
        writeln!(to, "\nwarning: {warning}")?;
    }
    Ok(())
}

fn write_key(to: &mut String, key: &TokenKey) -> fmt::Result {
    write!(to, "tokens: signed with {}", key.algorithm().name())?;
    match key.kid() {
        Some(kid) => writeln!(to, " by {kid:?}"),
        None => writeln!(to),
    }
}

fn write_namespace(to: &mut String, place: u16, namespace: &Namespace) -> fmt::Result {
    let who = |access| word(ACCESS, access);
    writeln!(to, "{place:>3}. {}", namespace.pattern)?;
    writeln!(
        to,
        "     subscribe: {}, publish: {}, presence: {}, history: {}",
        who(&namespace.subscribe),
        who(&namespace.publish),
        who(&namespace.presence_access),
        who(&namespace.history_access),
    )?;
    let presence = match (namespace.presence, namespace.join_leave) {
        (false, _) => "no presence",
        (true, false) => "presence",
        (true, true) => "presence with joins and leaves",
    };
    let history = match namespace.history_size {
        0 => "no history".to_owned(),
        size => format!("{size} publications for {}", format_duration(namespace.history_ttl)),
    };
    let rate = match namespace.publish_rate {
        Some(rate) => format!("{} per {}", rate.count, format_duration(rate.period)),
        None => "at any rate".to_owned(),
    };
    writeln!(
        to,
        "     {presence}; {history}; state: {}; slow: {}; up to {} bytes, {rate}",
        word(STATE, &namespace.state),
        word(SLOW, &namespace.slow),
        namespace.payload_size_max,
    )
}
