//! The Sockeye server: one binary in which real-time clients meet.

mod access;
mod api;
mod auth;
mod backend;
mod cli;
mod clock;
mod console;
mod dialect;
mod endpoints;
mod greeting;
mod host;
mod metrics;
mod schemas;
mod serve;
mod settings;
mod signals;
mod tls;
mod token;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::Arguments::read() {
        cli::Command::Serve(serve) => end(serve::serve(serve).map(|()| String::new())),
        cli::Command::CheckConfig(check) => end(serve::check(&check.file)),
        cli::Command::Token(token) => end(token.make().map(|token| token + "\n")),
        cli::Command::Sub(subscribe) => end(subscribe.run().map(|()| String::new())),
        cli::Command::Pub(publish) => end(publish.run()),
        cli::Command::Bench(bench) => sockeye_bench::main(&bench),
    }
}

/// Writes what came out, or why nothing did.
fn end(result: Result<String, impl Display>) -> ExitCode {
    match result {
        Ok(text) => {
            // Whoever closed our standard output does not want to read it.
            let _closed = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            // Not through the log, which may be turned off.
            let _closed = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
