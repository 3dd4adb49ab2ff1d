//! Peers that are slower than what they are sent.

use super::world::{Pump, World};
use sockeye::driver::{Stream, Weather};
use sockeye::{Config, WhenFull};
use std::time::Duration;

/// Small bounds, so that a test reaches them.
fn config(when_full: WhenFull) -> Config {
    let mut config = Config::default();
    config.message_bytes_max = 8_000;
    config.send_queue_bytes_max = 40_000;
    config.read_pause_bytes = 10_000;
    config.lag_bytes = 5_000;
    config.when_full = when_full;
    config
}

fn narrow() -> Weather {
    Weather { kernel_bytes_max: 2_000, receive_bytes_max: 1_000, ..Weather::calm() }
}

#[test]
fn after_a_refusal_the_handler_hears_when_there_is_room_again() {
    for weather in [Weather::calm(), narrow()] {
        let mut world = World::new(0, 1, &weather, &config(WhenFull::Refuse));
        let mut client = world.client("/flood/0");
        client.text("200 1000");
        world.settle(std::slice::from_mut(&mut client));
        let log = world.log.borrow();
        assert!(log[&0].refused > 0, "the send queue is smaller than that");
        assert_eq!(client.messages.len(), 200);
        assert!(log[&0].backlog_max <= 40_000);
    }
}

#[test]
fn who_cannot_take_what_it_is_sent_is_closed_with_1013() {
    let mut world = World::new(0, 1, &narrow(), &config(WhenFull::Close));
    let mut client = world.client("/flood/0");
    let mut bystander = world.client("/echo/1");
    client.text("200 1000");
    bystander.text("hello");
    let mut clients = [client, bystander];
    world.settle(&mut clients);
    assert_eq!(clients[0].closed, Some(1013));
    assert_eq!(clients[0].incoming(), Stream::Ended);
    let got = clients[0].messages.len();
    assert_eq!(got, world.log.borrow()[&0].owed.len(), "what was taken on arrives");
    assert_eq!(clients[1].messages, ["hello"]);
}

#[test]
fn who_does_not_read_its_echo_is_not_read_from() {
    let mut world = World::new(0, 1, &narrow(), &config(WhenFull::Close));
    let mut client = world.client("/echo/0");
    client.is_reading = false;
    for _ in 0..100 {
        client.text(&"x".repeat(1_000));
    }
    world.settle(std::slice::from_mut(&mut client));
    assert!(!client.has_said_all());
    let holdings = world.workers[0].holdings();
    assert!(holdings.backlog_bytes < 10_000 + 2 * 1_000 + 1_014, "{holdings:?}");
    client.is_reading = true;
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!(client.messages.len(), 100);
}

/// The driver has taken its first answer along whole, so that nothing is queued.
#[test]
fn who_does_not_read_is_not_read_from_while_its_answer_is_in_flight() {
    let mut config = config(WhenFull::Close);
    config.read_pause_bytes = 1_000;
    let weather = Weather { in_flight_per_mille: 1_000, ..narrow() };
    let mut world = World::new(0, 1, &weather, &config);
    let mut client = world.client("/echo/0");
    client.is_reading = false;
    for _ in 0..10 {
        client.text(&"x".repeat(2_000));
    }
    world.settle(std::slice::from_mut(&mut client));
    let holdings = world.workers[0].holdings();
    assert!(holdings.backlog_bytes <= 2_004, "no second answer: {holdings:?}");
    client.is_reading = true;
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!(client.messages.len(), 10);
}

#[test]
fn a_subscriber_that_is_too_slow_is_told_and_costs_no_more_memory() {
    let mut world = World::new(0, 1, &narrow(), &config(WhenFull::Close));
    let mut clients = ["/topic/0", "/topic/1", "/topic/2"].map(|path| world.client(path));
    clients[1].is_reading = false;
    for number in 0..100 {
        clients[0].text(&format!("0:{number}:{}", "x".repeat(500)));
        world.settle(&mut clients);
    }
    assert_eq!(world.log.borrow()[&1].lags, 1);
    assert!(world.workers[0].holdings().backlog_bytes < 8_000);
    assert_eq!(clients[2].messages.len(), 100);
    clients[1].is_reading = true;
    world.settle(&mut clients);
    let got = clients[1].messages.iter().enumerate();
    for (number, message) in got {
        assert!(message.starts_with(&format!("0:{number}:")), "a hole");
    }
    assert_eq!(clients[1].closed, Some(1013));
}

/// A sender that is behind has missed nothing by what it sends itself.
#[test]
fn who_is_slow_and_alone_in_a_topic_may_go_on_publishing() {
    let mut world = World::new(0, 1, &narrow(), &config(WhenFull::Close));
    let mut client = world.client("/topic/0");
    client.is_reading = false;
    for _ in 0..80 {
        client.ping(&[7; 120]);
    }
    client.text("0:0:");
    world.settle(std::slice::from_mut(&mut client));
    assert!(world.workers[0].holdings().backlog_bytes > 5_000);
    assert_eq!(world.log.borrow()[&0].lags, 0);
}

/// What handlers publish while they are told of a lag belongs to the same tick, and is sealed before it is sent.
#[test]
fn what_is_published_because_somebody_lags_leaves_at_once() {
    let mut world = World::new(0, 1, &narrow(), &config(WhenFull::Close));
    let paths = ["/mixed/0", "/mixed/1", "/varied/2", "/resuming/3"];
    let mut clients = paths.map(|path| world.client(path));
    clients[1].is_reading = false;
    clients[3].is_reading = false;
    for number in 0..30 {
        clients[0].text(&format!("0-{number}-{} pdP", "x".repeat(500)));
        world.settle(&mut clients);
        assert_eq!(world.workers[0].holdings().undelivered, 0);
    }
    world.sleep(Duration::from_secs(1), &mut clients);
    let log = world.log.borrow();
    assert!(log[&1].lags == 1 && log[&3].lags > 0);
    for number in [0, 2] {
        let owed = log[&number].owed.iter().map(|(_, text)| text);
        assert!(owed.eq(&clients[number].messages));
    }
}

/// The kernel takes some of its bytes before every publication, or gives a queue that was in flight back with the rest of
/// it: that does not mean that it keeps up.
#[test]
fn a_subscriber_that_reads_but_too_slowly_is_behind_too() {
    for in_flight_per_mille in [0, 1000] {
        let weather = Weather { in_flight_per_mille, early_return_per_mille: 1000, ..narrow() };
        let mut world = World::new(0, 1, &weather, &config(WhenFull::Close));
        let mut reader = world.client("/topic/0");
        let mut writer = world.client("/topic/1");
        let mut backlog_max = 0;
        for number in 0..500 {
            writer.text(&format!("1:{number}:{}", "x".repeat(400)));
            writer.pump();
            reader.pump_at_most(100);
            world.tick(0);
            backlog_max = backlog_max.max(world.workers[0].holdings().backlog_bytes_max);
        }
        assert_eq!(world.log.borrow()[&0].lags, 1);
        assert!(backlog_max < 8_000, "{backlog_max}");
    }
}

/// Small requests with large answers, all in one read: what they queue together is more than a queue holds, but the peer
/// takes it as it comes.
#[test]
fn a_peer_that_reads_is_not_closed_over_what_one_read_of_it_causes() {
    let roomy =
        Weather { kernel_bytes_max: 1 << 20, receive_bytes_max: 1 << 20, ..Weather::calm() };
    let mut config = config(WhenFull::Close);
    config.cork_bytes = 10_000;
    let mut world = World::new(0, 1, &roomy, &config);
    let mut client = world.client("/flood/0");
    for _ in 0..20 {
        client.text("4 7000");
    }
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!((client.closed, client.messages.len()), (None, 80));
    assert_eq!(world.log.borrow()[&0].refused, 0);
}

#[cfg(feature = "deflate")]
#[test]
fn little_input_that_is_much_to_inflate_takes_its_turn() {
    use super::client::Client;
    use sockeye::protocol::deflate::{DeflateConfig, DeflateMode};

    let mut config = Config::default();
    config.deflate = DeflateConfig::new(DeflateMode::Shared);
    let mut world = World::calm(&config);
    let mut client = Client::connect(&world.networks[0]);
    client.offers_compression = true;
    client.request("/echo/0");
    world.settle(std::slice::from_mut(&mut client));
    // One read of a few kilobytes, which is 9 MB of text.
    for _ in 0..60 {
        client.text(&"x".repeat(150_000));
    }
    client.pump();
    let taken = |world: &World| world.log.borrow()[&0].owed.len();
    let mut turns = 0;
    while taken(&world) < 60 {
        let before = taken(&world);
        world.tick(0);
        assert!(taken(&world) - before <= 8, "{} at once", taken(&world) - before);
        turns += 1;
        assert!(turns < 100, "it never comes to the end");
    }
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!(client.messages.len(), 60);
}
