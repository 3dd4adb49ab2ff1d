//! Real WebSocket clients talk to our server binary.
//!
//! The first test prints a table of [`checks::CHECKS`] by [`clients::CLIENTS`]; the second one of the clients that meet
//! each other in a topic. Every cell has to hold.

mod checks;
mod clients;
mod rust_tungstenite;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;

use sockeye_rivals::install::Installed;
use sockeye_rivals::matrix::{Cell, Check, Matrix};
use sockeye_rivals::server::{self, Server};

use checks::CHECKS;
use clients::CLIENTS;

#[test]
fn every_client_passes_every_check() {
    let mut server = Setup::get().start("checks");
    let columns = CLIENTS.iter().map(|client| client.label(&Setup::get().installed)).collect();
    let mut matrix = Matrix::new("check", &CHECKS, columns);
    for (column, client) in CLIENTS.iter().enumerate() {
        for (check, why) in client.cannot {
            matrix.record(check, column, Cell::not_applicable(why));
        }
        let able = |check: &&str| client.cannot.iter().all(|(cannot, _)| cannot != check);
        let checks: Vec<&str> = CHECKS.iter().map(|check| check.name).filter(able).collect();
        for (check, result) in client.check(&Setup::get().installed, &server.url(), &checks) {
            matrix.record(&check, column, cell(result));
        }
    }
    conclude(&matrix, &mut server);
}

#[test]
fn clients_of_every_kind_meet_in_a_topic() {
    let mut server = Setup::get().start("topics");
    let rows = CLIENTS.each_ref().map(|client| Check {
        name: client.name,
        expected: "hears the other's texts and binary message in the topic, and never itself",
    });
    let columns = CLIENTS.iter().map(|client| client.name.to_owned()).collect();
    let mut matrix = Matrix::new("hears", &rows, columns);
    for (first, one) in CLIENTS.iter().enumerate() {
        for (second, other) in CLIENTS.iter().enumerate().skip(first) {
            let (heard, answered) = meet(&server.url(), one, other);
            if first == second {
                matrix.record(one.name, second, cell(heard.and(answered)));
            } else {
                matrix.record(one.name, second, cell(heard));
                matrix.record(other.name, first, cell(answered));
            }
        }
    }
    conclude(&matrix, &mut server);
}

/// Two clients in a topic of their own; what each of them says of it.
fn meet(
    url: &str,
    one: &'static clients::Client,
    other: &'static clients::Client,
) -> (Result<(), String>, Result<(), String>) {
    let installed = &Setup::get().installed;
    let topic = format!("{}-{}", one.name, other.name).replace(' ', "-");
    thread::scope(|scope| {
        let first = scope.spawn(|| one.meet(installed, url, &topic, "first", "second"));
        let second = other.meet(installed, url, &topic, "second", "first");
        (first.join().expect("a meeting does not panic"), second)
    })
}

fn cell(result: Result<(), String>) -> Cell {
    result.map_or_else(Cell::failed, |()| Cell::passed())
}

/// Prints the table and fails the test if there is anything wrong with it, or with the server by now.
fn conclude(matrix: &Matrix, server: &mut Server) {
    // Past the test harness, which would keep the table of a success to itself.
    writeln!(io::stdout(), "\n{}", matrix.to_markdown()).expect("standard output takes the table");
    let mut complaints = matrix.complaints();
    complaints.extend(server.check_alive().err());
    complaints.extend(server.check_log().err());
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n\n"));
}

/// What both tests share: made once, by the one that comes first.
struct Setup {
    directory: PathBuf,
    installed: Installed,
    binary: PathBuf,
}

impl Setup {
    fn get() -> &'static Self {
        static SETUP: LazyLock<Setup> = LazyLock::new(Setup::make);
        &SETUP
    }

    fn make() -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let directory = target.expect("tmp lies in the target directory").join("rivals");
        Self {
            installed: or_fail(Installed::prepare(&directory)),
            binary: or_fail(server::binary()),
            directory,
        }
    }

    fn start(&self, name: &str) -> Server {
        or_fail(Server::start(&self.binary, &self.directory, name))
    }
}

fn or_fail<T>(result: Result<T, impl Display>) -> T {
    result.unwrap_or_else(|problem| panic!("{problem}"))
}
