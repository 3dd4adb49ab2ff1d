//! Real WebSocket clients talk to our server binary.
//!
//! The first test prints a table of [`checks::CHECKS`] by [`columns::CLIENTS`]; the second one of the clients that meet
//! each other in a topic. Every cell has to hold.

mod checks;
mod columns;
mod compression;
mod never_reads;

use std::thread;

use sockeye_rivals::driver::{self, Results};
use sockeye_rivals::matrix::{Cell, Check, Matrix};
use sockeye_rivals::parallel;
use sockeye_rivals::peer::Peer;
use sockeye_rivals::server::Server;

use crate::setup::{Setup, cell, conclude};
use checks::{CHECKS, NEVER_READS};
use columns::{CLIENTS, Client};

#[test]
fn every_client_passes_every_check() {
    let setup = Setup::get();
    let names = CLIENTS.iter().map(|client| client.peer.name.to_owned()).collect();
    let mut matrix = Matrix::new("check", &CHECKS, names);
    // Each has a server of its own, so that what the kernel tells of its connections is about this client.
    let columns = parallel::map(&CLIENTS, |client| {
        let mut server = setup.start(&format!("checks-{}", file_name(client.peer.name)));
        let results = check(client, &server.url());
        (results, complaints(&mut server))
    });
    let mut troubles = Vec::new();
    for (column, (client, (results, complaints))) in CLIENTS.iter().zip(columns).enumerate() {
        for (check, why) in client.cannot {
            matrix.record(check, column, Cell::not_applicable(why));
        }
        for (check, result) in results {
            matrix.record(&check, column, cell(result));
        }
        troubles.extend(complaints);
    }
    let labels: Vec<_> = CLIENTS.iter().map(|client| client.peer.label(&setup.installed)).collect();
    conclude(&format!("As clients of Sockeye: {}.", labels.join(", ")), &matrix, troubles);
}

/// All checks that the client can make, the last of them with others beside it.
fn check(client: &Client, url: &str) -> Results {
    let installed = &Setup::get().installed;
    let able = |check: &&str| client.cannot.iter().all(|(cannot, _)| cannot != check);
    let checks: Vec<&str> = CHECKS.iter().map(|check| check.name).filter(able).collect();
    let (never_reads, own): (Vec<_>, Vec<_>) =
        checks.into_iter().partition(|check| *check == NEVER_READS);
    let mut results = driver::check(client.peer.command(installed), url, &own);
    for check in never_reads {
        results.insert(check.to_owned(), never_reads::check(installed, &client.peer, url));
    }
    results
}

#[test]
fn clients_of_every_kind_meet_in_a_topic() {
    let setup = Setup::get();
    let mut server = setup.start("topics");
    let rows = CLIENTS.each_ref().map(|client| Check {
        name: client.peer.name,
        expected: "hears the other's texts and binary message in the topic, and never itself",
    });
    let columns = CLIENTS.iter().map(|client| client.peer.name.to_owned()).collect();
    let mut matrix = Matrix::new("hears", &rows, columns);
    let pairs: Vec<(usize, usize)> = (0..CLIENTS.len())
        .flat_map(|first| (first..CLIENTS.len()).map(move |second| (first, second)))
        .collect();
    let url = server.url();
    let meetings = parallel::map(&pairs, |&(first, second)| {
        meet(&url, &CLIENTS[first].peer, &CLIENTS[second].peer)
    });
    for ((first, second), (heard, answered)) in pairs.into_iter().zip(meetings) {
        if first == second {
            matrix.record(CLIENTS[first].peer.name, second, cell(heard.and(answered)));
        } else {
            matrix.record(CLIENTS[first].peer.name, second, cell(heard));
            matrix.record(CLIENTS[second].peer.name, first, cell(answered));
        }
    }
    conclude("Who hears whom in a topic:", &matrix, complaints(&mut server));
}

/// Two clients in a topic of their own; what each of them says of it.
fn meet(url: &str, one: &Peer, other: &Peer) -> (Result<(), String>, Result<(), String>) {
    let installed = &Setup::get().installed;
    let topic = format!("{}-{}", file_name(one.name), file_name(other.name));
    thread::scope(|scope| {
        let first =
            scope.spawn(|| driver::meet(one.command(installed), url, &topic, "first", "second"));
        let second = driver::meet(other.command(installed), url, &topic, "second", "first");
        (first.join().expect("a meeting does not panic"), second)
    })
}

fn file_name(name: &str) -> String {
    name.replace(' ', "-")
}

/// What is wrong with a server by now.
pub(super) fn complaints(server: &mut Server) -> Vec<String> {
    server.check_alive().err().into_iter().chain(server.check_log().err()).collect()
}
