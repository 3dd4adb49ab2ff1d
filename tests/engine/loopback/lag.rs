//! Subscribers that do not read: they leave the topic and hear of it; everybody else gets everything.

use super::{Client, FINAL, Noted, Served, TEXT, frame, serve};
use sockeye::handler::CloseCause;

/// Publishes until one subscriber is so far behind that the handler is told.
fn publish_until_somebody_lags(server: &Served, publisher: &mut Client, topic: &str) -> usize {
    for round in 1..=2000 {
        // In one packet, so that no later tick does what this one forgets.
        let publish = frame(FINAL | TEXT, format!("publish {topic} 10 1000").as_bytes());
        publisher.write(&[publish, frame(FINAL | TEXT, b"echo done")].concat());
        assert_eq!(publisher.text(), "done");
        if !lags(server).is_empty() {
            return round * 10;
        }
    }
    panic!("nobody lags behind 20 MB");
}

fn lags(server: &Served) -> Vec<(String, u64)> {
    server.log.all(|noted| match noted {
        Noted::Lagged(topic, mark) => Some((topic.clone(), *mark)),
        _ => None,
    })
}

#[test]
fn who_does_not_read_leaves_the_topic_and_the_others_get_everything() {
    let server = serve(|_| {});
    let mut publisher = Client::open(server.address, "/");
    let slow = Client::open_narrow(server.address, "/topic/news");
    let mut readers: Vec<Client> =
        (0..3).map(|_| Client::open(server.address, "/topic/news")).collect();
    let readers = std::thread::spawn(move || {
        let mut counts = Vec::new();
        for reader in &mut readers {
            let mut count = 0;
            while reader.text() != "end" {
                count += 1;
            }
            counts.push(count);
        }
        counts
    });
    let published = publish_until_somebody_lags(&server, &mut publisher, "news");
    publisher.say("publish news end");
    assert_eq!(readers.join().expect("all read"), [published; 3]);
    assert_eq!(lags(&server), [("news".to_owned(), 0)], "only one lags");
    drop(slow);
}

#[test]
fn a_topic_whose_only_subscriber_lags_is_gone_and_nothing_else() {
    let server = serve(|_| {});
    let mut publisher = Client::open(server.address, "/");
    let mut slow = Client::open_narrow(server.address, "/topic/news");
    publish_until_somebody_lags(&server, &mut publisher, "news");
    publisher.say("publish news nobody");
    publisher.say("echo undisturbed");
    assert_eq!(publisher.text(), "undisturbed");
    // What was queued before still arrives.
    slow.say("echo over");
    while slow.text() != "over" {}
    slow.say("subscribe news");
    slow.say("echo live");
    assert_eq!(slow.text(), "live");
    publisher.say("publish news again");
    assert_eq!(slow.text(), "again");
}

#[test]
fn what_a_handler_publishes_in_on_lag_arrives() {
    let server = serve(|_| {});
    let mut publisher = Client::open(server.address, "/");
    let mut witness = Client::open(server.address, "/topic/laggards");
    let slow = Client::open_narrow(server.address, "/topic/told-news");
    publish_until_somebody_lags(&server, &mut publisher, "told-news");
    assert_eq!(witness.text(), "told-news");
    slow.reset();
    server.log.wait_for(&Noted::Closed(1006, CloseCause::Lost));
}

#[test]
fn a_panic_while_encoding_leaves_the_topic_whole() {
    let server = serve(|_| {});
    let mut publisher = Client::open(server.address, "/");
    let mut clumsy = Client::open(server.address, "/");
    let mut reader = Client::open(server.address, "/topic/news");
    publisher.say("publish news one");
    assert_eq!(reader.text(), "one");
    clumsy.say("fail-to-encode news");
    clumsy.expect_close(1011);
    publisher.say("publish news two");
    assert_eq!(reader.text(), "two");
}
