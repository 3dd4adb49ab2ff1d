//! Our client talks to other people's servers.
//!
//! The test prints a table of [`checks::CHECKS`] by [`columns::SERVERS`]. Every cell has to hold.

mod checks;
mod columns;
mod talk;

use std::time::Duration;

use sockeye_rivals::matrix::{Cell, Matrix};
use sockeye_rivals::parallel;
use sockeye_rivals::process::Running;

use crate::setup::{Setup, cell, conclude};
use checks::CHECKS;
use columns::{SERVERS, Served};

#[test]
fn our_client_passes_every_check_with_every_server() {
    let names = SERVERS.iter().map(|served| served.peer.name.to_owned()).collect();
    let mut matrix = Matrix::new("check", &CHECKS.map(|(check, _)| check), names);
    for (column, results) in parallel::map(&SERVERS, check).into_iter().enumerate() {
        for (name, cell) in results {
            matrix.record(name, column, cell);
        }
    }
    let installed = &Setup::get().installed;
    let labels: Vec<_> = SERVERS.iter().map(|served| served.peer.label(installed)).collect();
    conclude(&format!("As servers of our client: {}.", labels.join(", ")), &matrix, Vec::new());
}

/// What each check came to with one server. The server is one process for all of them.
fn check(served: &Served) -> Vec<(&'static str, Cell)> {
    let server = start(served);
    let made = CHECKS.iter().map(|(check, make)| {
        let cannot = served.cannot.iter().find(|(cannot, _)| *cannot == check.name);
        let outcome = match (cannot, &server) {
            (Some((_, why)), _) => Cell::not_applicable(why),
            (None, Ok((_, port))) => cell(make(*port)),
            (None, Err(problem)) => Cell::failed(problem),
        };
        (check.name, outcome)
    });
    made.collect()
}

/// The server's process, and its port.
fn start(served: &Served) -> Result<(Running, u16), String> {
    let mut command = served.peer.command(&Setup::get().installed);
    let (running, line) = Running::start(command.arg("serve"), START_MAX)?;
    let port = line.strip_prefix("serving ").and_then(|port| port.parse().ok());
    Ok((running, port.ok_or_else(|| format!("it said {line:?} instead of its port"))?))
}

const START_MAX: Duration = Duration::from_secs(60);
