//! What hostile clients do to the server, with figures: the binary on real sockets, attacked in one way after the other while
//! innocent clients talk to it.
//!
//! An attack is survived when the process lives, its memory stays within the published formula, the innocent are served
//! all along, the offenders get the right answer, and everything is freed when they have gone. How long the innocent
//! waited is measured and printed, and no test fails for it.
//!
//! It attacks the binary that `SOCKEYE_BIN` names, or else the one that cargo has built for this test, on epoll or on the
//! driver that `SOCKEYE_DRIVER` names. Words on the command line choose the attacks with one of them in their names.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that measures and prints a table"
)]

mod attacks;
mod bystanders;
mod client;
mod figures;
mod server;

use attacks::{ATTACKS, Attack};
use bystanders::Bystanders;
use figures::{Figures, table};
use server::Server;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |attack: &&Attack| {
        words.is_empty() || words.iter().any(|word| attack.name.contains(word.as_str()))
    };
    let wanted: Vec<&Attack> = ATTACKS.iter().filter(is_wanted).collect();
    if std::env::args().any(|argument| argument == "--list") {
        wanted.iter().for_each(|attack| println!("{}: test", attack.name));
        return ExitCode::SUCCESS;
    }
    // Those that mostly wait do so at the same time, each with a server of its own.
    let (patient, quick): (Vec<&Attack>, Vec<&Attack>) =
        wanted.into_iter().partition(|attack| attack.is_patient);
    let patient: Vec<_> =
        patient.into_iter().map(|attack| (attack, thread::spawn(|| survive(attack)))).collect();
    let patient = patient.into_iter().map(|(attack, run)| (attack, run.join().ok()));
    let results: Vec<(&Attack, Option<Figures>)> = patient.collect();
    let quick = quick
        .into_iter()
        .map(|attack| (attack, catch_unwind(AssertUnwindSafe(|| survive(attack))).ok()));
    let results: Vec<_> = results.into_iter().chain(quick).collect();

    let table = table(&results);
    println!("\n{table}");
    let file = format!("abuse-{}.md", server::driver());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    fs::write(&file, table).expect("a file of ours");
    println!("This table is in {}", file.display());
    let failed: Vec<_> =
        results.iter().filter(|(_, figures)| figures.is_none()).map(|(a, _)| a.name).collect();
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nnot survived: {}", failed.join(", "));
    ExitCode::FAILURE
}

/// Attacks a server of its own, and panics if that is not survived.
fn survive(attack: &'static Attack) -> Figures {
    let mut server = Server::start(attack.descriptors, attack.options);
    let bystanders = Bystanders::start(server.address);
    bystanders.wait_for_replies();
    let before = server.memory();
    let descriptors_before = server.descriptors();
    server.forget_peak();

    let answers = (attack.run)(&server);

    bystanders.wait_for_replies();
    server.wait_for_descriptors(descriptors_before);
    let peak = server.peak_memory() - before;
    let after = server.memory().saturating_sub(before);
    let heard = bystanders.stop();
    server.check_alive();
    let kept = attack.kept() + server::kept_by_driver();
    let allowed = attack.memory_max() + kept;
    assert!(peak <= allowed, "{}: {peak} bytes at the peak, of {allowed}", attack.name);
    assert!(after <= kept, "{}: {after} bytes are not given back", attack.name);
    server.end();
    println!("survived: {}", attack.name);
    Figures { answers, peak, after, allowed, heard }
}

/// How long anything is waited for before it counts as not survived: longer than any deadline of the server's.
const PATIENCE: Duration = Duration::from_secs(60);
