//! A crowd on the server: the binary on real sockets, thousands of clients that lose their connections in all ways, read
//! slowly, resume, publish, and try what they may not. They write down what they are told; a checker that knows nothing of
//! them reads that and says which promise was broken.
//!
//! `SOCKEYE_SEED` chooses another storm. What happens is from the seed, when it happens is not: a seed brings back the plan
//! and not the run.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that waits for things, and prints what it has seen"
)]

mod auditor;
mod checker;
mod client;
mod crowd;
mod log;
mod plan;
mod random;
mod server;
mod speech;
mod tokens;
mod wire;

use auditor::Auditor;
use checker::{Verdict, check};
use crowd::Crowd;
use plan::{Plan, Size};
use server::Server;
use std::time::Duration;
use tokens::Tokens;

#[test]
fn two_thousand_clients_in_a_storm_lose_nothing_unnoticed() {
    let size = Size { clients: 2000, channels: 200, storm: Duration::from_secs(8) };
    let plan = Plan::new(seed(), size);
    let mut server = Server::start("127.0.0.1:0", 3);
    let mut crowd = Crowd::new(plan.clone(), server.address, Tokens::make());
    crowd.gather();
    crowd.begin();
    crowd.finish();
    server.check_alive();
    let verdict = judge(crowd, &plan, &server);

    verdict.expect_no_faults();
    let counts = verdict.counts;
    assert!(counts.deliveries > 50_000 && counts.receipts > 4000, "{counts:?}");
    assert!(counts.resumed > 1000 && counts.began_anew > 2000, "{counts:?}");
    assert!(counts.recovered > 1000 && counts.told_lost > 0, "{counts:?}");
    assert!(counts.sent_again > 0 && counts.refused > 500, "{counts:?}");
    assert!(counts.watched > 5000 && counts.left_out > 100, "{counts:?}");
}

#[test]
fn clients_of_a_server_that_is_killed_learn_that_everything_began_anew() {
    let size = Size { clients: 100, channels: 20, storm: Duration::from_secs(2) };
    let plan = Plan::new(seed(), size);
    let server = Server::start("127.0.0.1:0", 2);
    let address = server.address;
    let mut crowd = Crowd::new(plan.clone(), address, Tokens::make());
    crowd.gather();
    crowd.begin();
    crowd.run_for(size.storm / 2);
    server.kill();
    // Nobody is there for a while.
    crowd.run_for(Duration::from_millis(200));
    let mut server = Server::start(&address.to_string(), 2);
    crowd.finish();
    server.check_alive();
    let verdict = judge(crowd, &plan, &server);

    verdict.expect_no_faults();
    let subscriptions = plan.members.iter().map(|member| member.channels.len()).sum::<usize>();
    let counts = verdict.counts;
    assert!(counts.new_epochs >= subscriptions * 9 / 10, "{subscriptions}, {counts:?}");
}

/// Has everybody get everything, looks at what is there then, and has it all checked.
fn judge(mut crowd: Crowd, plan: &Plan, server: &Server) -> Verdict {
    let mut auditor = Auditor::connect(server.address, plan, crowd.tokens());
    let tops = auditor.publish_last(plan);
    crowd.settle(&tops);
    let audit = auditor.audit(plan);
    let mut logs = crowd.into_logs();
    logs.push(auditor.log);
    let verdict = check(&logs, &audit);
    println!("{:?}", verdict.counts);
    if let Some(client) = verdict.faults.first().and_then(|fault| fault.client) {
        let file = server::fresh_file("faulty.log");
        let mut text = format!("{:?}\n", plan.members.get(client));
        for entry in &logs[client].entries {
            text += &format!("{entry:?}\n");
        }
        std::fs::write(&file, text).expect("a file of ours");
        println!("What client {client} wrote down is in {}", file.display());
    }
    verdict
}

fn seed() -> u64 {
    let seed = std::env::var("SOCKEYE_SEED").ok();
    let seed = seed.map_or(1, |seed| seed.parse().expect("SOCKEYE_SEED is a number"));
    println!("SOCKEYE_SEED={seed}");
    seed
}
