//! Clients that offer permessage-deflate, against our server in each of its modes.

use sockeye_rivals::driver;
use sockeye_rivals::matrix::{Check, Matrix};
use sockeye_rivals::parallel;

use super::columns::CLIENTS;
use super::complaints;
use crate::setup::{Setup, cell, conclude};

const EXPECTED: &str = "the server agrees to it, and messages that resemble each other come back";

/// Options of the server, as the rows of the table: none kept, windows that are read again, a compressor of its own.
const MODES: [Check; 3] = [
    Check { name: "shared", expected: EXPECTED },
    Check { name: "8KiB", expected: EXPECTED },
    Check { name: "512KiB", expected: EXPECTED },
];

/// The clients that have it; the others of the table do not offer it as they are.
const OFFERING: [&str; 8] =
    ["npm ws", "Node.js", "Chromium", "Deno", "Bun", "websockets", "aiohttp", "wsproto"];

#[test]
fn every_client_that_offers_compression_is_understood() {
    let setup = Setup::get();
    let peers = OFFERING.map(|name| {
        let client = CLIENTS.iter().find(|client| client.peer.name == name);
        &client.expect("a column of the other tables").peer
    });
    let names = OFFERING.iter().map(ToString::to_string).collect();
    let mut matrix = Matrix::new("--deflate", &MODES, names);
    let mut troubles = Vec::new();
    for mode in &MODES {
        let name = format!("deflate-{}", mode.name);
        let mut server = setup.start_with(&name, &["--deflate", mode.name]);
        let url = server.url();
        let results = parallel::map(&peers, |peer| {
            let mut results = driver::check(peer.command(&setup.installed), &url, &[COMPRESSION]);
            results.remove(COMPRESSION).expect("every check asked for has a result")
        });
        for (column, result) in results.into_iter().enumerate() {
            matrix.record(mode.name, column, cell(result));
        }
        troubles.extend(complaints(&mut server));
    }
    conclude("Compressed, by the server's mode:", &matrix, troubles);
}

const COMPRESSION: &str = "compression";
