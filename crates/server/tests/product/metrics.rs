//! `/metrics`.

use crate::api::get;
use crate::sockeye::{Sockeye, wait_for};
use crate::talk::Client;
use serde_json::json;

/// The value of a figure.
pub(crate) fn value(server: &Sockeye, name: &str) -> u64 {
    let (status, text) = get(server, "/metrics");
    assert_eq!(status, 200);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.expect("it is there").parse().expect("a number")
}

#[test]
fn figures_follow_what_happens() {
    let server = Sockeye::start();
    let wait_until = |name: &str, expected: u64| {
        wait_for(|| (value(&server, name) == expected).then_some(()));
    };
    wait_until("sockeye_connections", 0);
    wait_until("sockeye_workers", 2);
    let [mut one, mut two] = [(); 2].map(|()| Client::connect(server.address));
    one.subscribe("news");
    two.subscribe("news");
    for number in 0..10 {
        one.publish("news", &json!(number));
    }
    two.ask("subscribe", &json!({ "channel": "news" }));
    wait_until("sockeye_connections", 2);
    wait_until("sockeye_connections_opened_total", 2);
    wait_until("sockeye_sessions", 2);
    wait_until("sockeye_subscriptions", 2);
    wait_until("sockeye_channels", 1);
    wait_until("sockeye_published_total", 10);
    wait_until("sockeye_refused_total", 1);
    one.break_off();
    two.socket.close(1000);
    wait_until("sockeye_connections", 0);
    wait_until("sockeye_sessions", 1);
    wait_until("sockeye_sessions_detached", 1);
}

#[test]
fn every_figure_has_its_type_and_its_help() {
    let server = Sockeye::start();
    let (_, text) = get(&server, "/metrics");
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for sample in samples {
        let (name, _) = sample.split_once(' ').expect("a name and a value");
        let family = name.strip_suffix("_total").unwrap_or(name);
        let kind = if family == name { "gauge" } else { "counter" };
        assert!(text.contains(&format!("# TYPE {family} {kind}\n")), "{name}");
        assert!(text.contains(&format!("# HELP {family} ")), "{name}");
        assert!(family.starts_with("sockeye_"), "{name}");
        count += 1;
    }
    assert!(count > 10, "{text}");
}
