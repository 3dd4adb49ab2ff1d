//! The Sockeye server: one binary in which real-time clients meet.

mod access;
mod api;
mod backend;
mod cli;
mod clock;
mod dialect;
mod endpoints;
mod host;
mod metrics;
mod serve;
mod tls;

use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let serve = match arguments.command() {
        cli::Command::Serve(serve) => serve,
        cli::Command::Bench(bench) => return sockeye_bench::main(&bench),
    };
    match serve::serve(&serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not through the log, which may be turned off.
            let _closed = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
