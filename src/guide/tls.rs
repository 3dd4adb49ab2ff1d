//! TLS: certificates, whom to trust, what it costs. Feature `tls`.
//!
//! The engine takes its TLS from rustls and brings no cryptography: a program names the provider, here *ring*.
//!
//! ```toml
//! [dependencies]
//! sockeye = { path = "../sockeye", features = ["tls"] }
//! rustls = { version = "0.23", default-features = false, features = ["ring", "std", "tls12"] }
//! ```
//!
#![cfg_attr(feature = "tls", doc = "```no_run")]
#![cfg_attr(not(feature = "tls"), doc = "```text")]
//! use sockeye::tls::rustls::crypto::ring;
//! use sockeye::tls::{TlsFiles, TlsServer};
//! use sockeye::{Config, OnMessage, Server};
//! use std::sync::Arc;
//!
//! let mut files = TlsFiles::new("chain.pem", "key.pem", Arc::new(ring::default_provider()));
//! files.ticketer = Some(ring::Ticketer::new);
//! let tls = TlsServer::from_files(files)?;
//! let mut config = Config::default();
//! config.tls = Some(tls.clone());
//! let echo = OnMessage::new(|connection, message| {
//!     let _closing_or_full = connection.send(message);
//! });
//! let running = Server::bind("0.0.0.0:443", config)?.start(move |_worker| echo.clone())?;
//!
//! // Whenever the files have changed. An error leaves the certificate of before in use.
//! tls.reload()?;
//! running.join()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Servers
//!
//! - **All connections of a server with `Config::tls` speak TLS.** Who begins with HTTP is answered with 400, in clear, and
//!   a sentence that says why. For both, start two servers.
//! - **1.2 and 1.3**, only ciphers with forward secrecy, no renegotiation, no compression, no early data. `http/1.1` is
//!   agreed on by ALPN; who offers only something else gets the alert `no_application_protocol`.
//! - **Several certificates**: `TlsServer::new` takes a closure that makes a configuration of rustls, with a resolver by
//!   the name that a client asks for (SNI). The closure is called again by each reload.
//! - **Reload** changes what the next connections are shown; those that exist go on. Whoever comes again does a whole
//!   handshake, so that nobody is let in by what an older authority said.
//! - **Clients with certificates**: `TlsFiles::client_authorities`. Who shows none, or one of somebody else's, is not let
//!   in; `RequestContext::peer_certificates` has those that were verified.
//! - **Sessions are resumed** in both versions, by tickets where there is a ticketer and from memory else.
//! - **The handshake and the request's head have one deadline**, `Config::handshake_timeout` from accepting on. A peer
//!   that is late in the handshake gets no answer: there is none that it would understand.
//!
//! # Clients
//!
//! `ClientConfig::tls` says whom to trust; there is no list of authorities that suits everybody. With it, addresses that
//! start with `wss://` work for the client that blocks and for those on workers, also through proxies. The certificate has
//! to be for the host of the address. `TlsClient::trusting_as` shows a certificate of the client's own, a `TlsIdentity`, to
//! servers that ask for one.
//!
//! # Ends
//!
//! Both sides say the end of their stream by an alert before TCP does, so that nobody can cut it unseen. For a WebSocket it
//! counts as the end of the stream either way: without a close frame it is `CloseCause::Lost`. A record that breaks a rule
//! is answered with an alert, and is a loss too.
//!
//! # What it costs
//!
//! - An idle connection keeps 3.7 KB for TLS and the rest, measured with *ring* in 1.3, and no buffer of records.
//! - Queues hold plaintext, which subscribers share: a publication is encoded once, and encrypted once per receiver, when
//!   it can leave, at most 64 KiB ahead of the network. Bounds and lags count bytes that have not left, encrypted or not.
//! - What is received is decrypted where it lies, then copied out of rustls once, and once more if a message is larger than
//!   a read. An allocation per record is rustls'.
//! - A handshake is computed on the worker's thread, and its dearest part is the signature with the server's key.
