//! Our own protocol, as `sockeye bench --native` speaks it.

use super::{bench, number, sound};
use crate::sockeye::Sockeye;

#[test]
fn publications_reach_every_subscriber_of_the_product() {
    let server = Sockeye::start();
    let url = format!("ws://{}/connect", server.address);
    let arguments = ["--native", "--publish", &url, "--connections", "20", "--pipeline", "4"];
    let result = sound(&url, &arguments);
    assert_eq!((&result["native"], &result["payload"]), (&true.into(), &"text".into()));
    let received = number(&result, "received_bytes_per_message");
    assert!(received > 32.0 + 80.0, "what the protocol adds is counted: {result}");
}

#[test]
fn what_is_no_server_of_ours_is_said_to_be_none() {
    let server = Sockeye::start();
    let url = format!("ws://{}/echo", server.address);
    let (code, _, errors) = bench(&url, &["--native", "--publish", &url, "--connections", "3"]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("not to our protocol"), "{errors}");
    let (code, _, errors) = bench(&url, &["--native"]);
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("--publish"), "{errors}");
}
