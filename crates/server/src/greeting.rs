//! What the server prints when it serves: where it is, and what can be tried.

use crate::auth::Algorithm;
use crate::cli::Serve;
use crate::settings::Settings;
use sockeye::Config;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the server was told, as far as that decides what can be tried.
#[derive(Debug)]
pub(crate) struct Greeting {
    /// Threads that serve connections.
    pub(crate) workers: usize,
    /// The file with the certificate that is shown. `None`: no TLS.
    certificate: Option<PathBuf>,
    has_playground: bool,
    /// `None`: everybody may do anything.
    config: Option<PathBuf>,
    tokens: Tokens,
}

/// Where tokens come from.
#[derive(Debug, PartialEq, Eq)]
enum Tokens {
    /// There are none: no key would find one good.
    None,
    /// The configuration has a secret that signs them, too.
    Secret,
    /// Who has the private key makes them.
    PrivateKey,
}

impl Greeting {
    pub(crate) fn new(arguments: &Serve, config: &Config, settings: &Settings) -> Self {
        let keys = settings.authentication.keys();
        let tokens = match keys {
            [] => Tokens::None,
            keys if keys.iter().any(|key| key.algorithm() == Algorithm::Hs256) => Tokens::Secret,
            _ => Tokens::PrivateKey,
        };
        Self {
            workers: config.workers,
            certificate: arguments.tls_cert.clone(),
            has_playground: settings.server.playground,
            config: arguments.config.clone(),
            tokens,
        }
    }

    /// Prints it, for a server that listens there.
    ///
    /// # Errors
    ///
    /// Nobody reads standard output.
    pub(crate) fn print(&self, address: SocketAddr) -> io::Result<()> {
        io::stdout().write_all(self.text(address).as_bytes())
    }

    fn text(&self, address: SocketAddr) -> String {
        let workers = match self.workers {
            1 => "1 worker".to_owned(),
            workers => format!("{workers} workers"),
        };
        let s = if self.certificate.is_some() { "s" } else { "" };
        let (http, ws) = (format!("http{s}://{address}"), format!("ws{s}://{address}"));
        let echo = match self.has_playground {
            true => format!("\x20     npx wscat -c  {ws}/echo\n"),
            false => String::new(),
        };
        let tries = match &self.config {
            None => format!(
                "\x20     npx wscat -c  {ws}/connect   and type\n\
                 \x20       {{\"id\":1,\"connect\":{{}}}}\n\
                 \x20       {{\"id\":2,\"subscribe\":{{\"channel\":\"news\"}}}}\n\
                 \x20     curl          {http}/api/v1/publish -d '{{\"channel\":\"news\",\"data\":\"hello\"}}'\n"
            ),
            Some(file) => {
                let (file, [token, shown]) = (file.display(), self.token());
                format!(
                    "\x20     sockeye check-config {file}        for what is allowed\n\
                     {}\
                     \x20     sockeye sub   {ws}/connect CHANNEL{shown}\n",
                    token.replace("FILE", &file.to_string())
                )
            }
        };
        let trust = match &self.certificate {
            Some(file) => format!(
                "If you signed that certificate yourself, add its file: curl --cacert {0}, npx wscat --ca {0},\n\
                 sockeye sub --ca {0}.\n",
                file.display()
            ),
            None => String::new(),
        };
        let insecure = match self.config {
            None => {
                "INSECURE: everybody may do anything here. That is for development; see sockeye serve --config FILE.\n"
            }
            Some(_) => "",
        };
        format!(
            "Sockeye serves on {http} with {workers}.\n\
             \n\
             Try:  a browser at  {http}/\n\
             {echo}{tries}\
             \x20     curl          {http}/livez\n\
             \n\
             {trust}{insecure}Ctrl-C ends it.\n"
        )
    }

    /// The line about making a token, and how one is shown.
    const fn token(&self) -> [&'static str; 2] {
        match self.tokens {
            Tokens::None => ["", ""],
            Tokens::Secret => [
                "\x20     sockeye token --config FILE ...  for a token that allows more\n",
                " --token TOKEN",
            ],
            Tokens::PrivateKey => [
                "\x20     sockeye token --key-file KEY ...  for a token, with the private key of one in FILE\n",
                " --token TOKEN",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(certificate: Option<&str>, config: Option<&str>, tokens: Tokens) -> String {
        let (certificate, config) = (certificate.map(PathBuf::from), config.map(PathBuf::from));
        let has_playground = config.is_none();
        let greeting = Greeting { workers: 2, certificate, has_playground, config, tokens };
        greeting.text("127.0.0.1:8000".parse().expect("an address"))
    }

    #[test]
    fn without_a_configuration_it_says_so_and_has_what_works_without_a_token() {
        let text = text(None, None, Tokens::None);
        assert!(text.starts_with("Sockeye serves on http://127.0.0.1:8000 with 2 workers.\n"));
        for expected in ["ws://127.0.0.1:8000/echo", "api/v1/publish -d", "INSECURE"] {
            assert!(text.contains(expected), "{text}");
        }
        assert!(!text.contains("--ca") && !text.contains("token"), "{text}");
    }

    #[test]
    fn only_what_can_work_is_proposed() {
        let file = Some("a.toml");
        let secret = text(None, file, Tokens::Secret);
        assert!(secret.contains("sockeye token --config a.toml ..."), "{secret}");
        assert!(secret.contains("/connect CHANNEL --token TOKEN\n"), "{secret}");
        let private = text(None, file, Tokens::PrivateKey);
        assert!(private.contains("sockeye token --key-file KEY ..."), "{private}");
        let none = text(None, file, Tokens::None);
        assert!(!none.contains("token") && !none.contains("TOKEN"), "{none}");
        for text in [secret, private, none] {
            assert!(!text.contains("INSECURE") && !text.contains("/echo"), "{text}");
            assert!(!text.contains("FILE"), "{text}");
        }
    }

    #[test]
    fn with_tls_it_says_how_a_certificate_is_trusted() {
        let text = text(Some("chain.pem"), Some("a.toml"), Tokens::Secret);
        assert!(text.contains("curl          https://127.0.0.1:8000/livez"), "{text}");
        assert!(text.contains("sockeye sub   wss://127.0.0.1:8000/connect"), "{text}");
        assert!(text.contains("sockeye sub --ca chain.pem."), "{text}");
    }
}
