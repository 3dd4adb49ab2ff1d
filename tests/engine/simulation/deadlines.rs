//! Every wait has a deadline: what happens then, and when, on a clock that the test moves.

use super::client::Client;
use super::world::World;
use sockeye::Config;
use sockeye::driver::Stream;
use sockeye::handler::CloseCause;
use std::rc::Rc;
use std::time::Duration;

#[test]
fn a_silent_peer_is_asked_for_life_and_then_dropped() {
    let config = Config::default();
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    client.is_polite = false;
    let asked = world.sleep_until(&mut client, |client| client.pings == 1);
    assert_in_time(asked, config.idle_timeout);
    let dropped = world.sleep_until(&mut client, is_over);
    assert_in_time(dropped, config.pong_timeout);
    assert!(asked + dropped <= 2 * config.idle_timeout);
    assert_eq!(client.incoming(), Stream::Reset);
    assert_eq!(client.pings, 1);
    assert_eq!(world.log.borrow()[&0].closed, [(1006, CloseCause::TimedOut)]);
}

#[test]
fn a_peer_that_answers_stays() {
    let mut world = World::calm(&Config::default());
    let mut client = world.client("/echo/0");
    world.sleep(Duration::from_secs(245), std::slice::from_mut(&mut client));
    assert!(client.is_open());
    assert_eq!(client.pings, 9, "each pong ends one silence and begins another");
}

#[test]
fn the_first_ping_does_not_wait_for_the_deadline_of_the_handshake() {
    let mut config = Config::default();
    config.idle_timeout = Duration::from_secs(1);
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    let asked = world.sleep_until(&mut client, |client| client.pings == 1);
    assert_in_time(asked, config.idle_timeout);
}

#[test]
fn a_worker_that_was_held_up_still_gives_its_peers_time_to_answer() {
    let config = Config::default();
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    world.advance(config.idle_timeout + config.pong_timeout + Duration::from_secs(60));
    world.sleep(Duration::from_secs(1), std::slice::from_mut(&mut client));
    assert_eq!(client.pings, 1);
    assert!(client.is_open());
}

#[test]
fn half_a_request_is_answered_with_408() {
    let config = Config::default();
    let mut world = World::calm(&config);
    let mut client = Client::connect(&world.networks[0]);
    client.raw(b"GET /echo/0 HTTP/1.1\r\nHost: si");
    let answered = world.sleep_until(&mut client, |client| client.status.is_some());
    assert_in_time(answered, config.handshake_timeout);
    assert_eq!(client.status, Some(408));
    assert_eq!(world.connections(), 0);
}

#[test]
fn a_connection_that_says_nothing_at_all_is_answered_with_408_too() {
    let config = Config::default();
    let mut world = World::calm(&config);
    let mut client = Client::connect(&world.networks[0]);
    let answered = world.sleep_until(&mut client, |client| client.status.is_some());
    assert_in_time(answered, config.handshake_timeout);
}

#[test]
fn whoever_answers_a_close_frame_with_the_end_of_its_stream_was_closed_by_this_side() {
    for is_reset in [false, true] {
        let mut world = World::calm(&Config::default());
        let mut client = world.client("/echo/0");
        client.is_polite = false;
        let id = world.log.borrow()[&0].id.expect("it was opened");
        let code = sockeye::protocol::CloseCode::NORMAL;
        world.remote.close(id, code, "enough").expect("room");
        world.settle(std::slice::from_mut(&mut client));
        if is_reset {
            client.reset();
        } else {
            client.end();
        }
        world.settle(std::slice::from_mut(&mut client));
        assert_eq!(world.log.borrow()[&0].closed, [(1006, CloseCause::Local)]);
    }
}

#[test]
fn who_does_not_answer_a_close_frame_is_reset() {
    let config = Config::default();
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    client.is_polite = false;
    let id = world.log.borrow()[&0].id.expect("it was opened");
    let code = sockeye::protocol::CloseCode::NORMAL;
    world.remote.close(id, code, "enough").expect("room");
    let reset = world.sleep_until(&mut client, is_over);
    assert_in_time(reset, config.close_timeout);
    assert_eq!(client.closed, Some(1000));
    assert_eq!(client.incoming(), Stream::Reset);
    assert_eq!(world.log.borrow()[&0].closed[0].1, CloseCause::Local);
    assert_eq!(world.connections(), 0);
}

#[test]
fn who_does_not_end_its_stream_after_the_close_frames_is_given_up() {
    let config = Config::default();
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    client.is_polite = false;
    client.close(1000);
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!((client.closed, client.incoming()), (Some(1000), Stream::Ended));
    let start = world.elapsed();
    while world.connections() > 0 {
        world.sleep(LATE / 4, std::slice::from_mut(&mut client));
        assert!(world.elapsed() - start < 2 * config.close_timeout, "it is still there");
    }
    assert_in_time(world.elapsed() - start, config.close_timeout);
    client.raw(b"more");
    world.settle(std::slice::from_mut(&mut client));
    assert_eq!(client.incoming(), Stream::Reset);
}

#[test]
fn a_message_that_does_not_end_closes_its_connection() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(7);
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    client.raw(b"\x01\x85half");
    let closed = world.sleep_until(&mut client, |client| client.closed.is_some());
    assert_in_time(closed, config.message_timeout);
    assert_eq!(client.closed, Some(1008));
}

#[test]
fn messages_that_end_in_time_may_go_on_for_ever() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(3);
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    for _ in 0..10 {
        // Each read ends in the middle of the next message.
        client.raw(b"\x81\x82\0\0\0\0hi\x81\x82\0\0");
        world.sleep(Duration::from_secs(1), std::slice::from_mut(&mut client));
        client.raw(b"\0\0hi\x81\x82\0\0\0\0h");
        world.sleep(Duration::from_secs(1), std::slice::from_mut(&mut client));
        client.raw(b"i\x81");
        world.sleep(Duration::from_secs(1), std::slice::from_mut(&mut client));
        client.raw(b"\x82\0\0\0\0hi");
        world.settle(std::slice::from_mut(&mut client));
    }
    assert_eq!(client.messages.len(), 40);
    assert!(client.is_open());
}

#[test]
fn time_in_which_nobody_listened_does_not_count_against_a_message() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(5);
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    client.is_reading = false;
    for _ in 0..10 {
        client.text(&"x".repeat(60_000));
    }
    client.raw(b"\x81\x82\0\0");
    world.sleep(Duration::from_secs(20), std::slice::from_mut(&mut client));
    client.is_reading = true;
    client.raw(b"\0\0hi");
    world.sleep(Duration::from_secs(1), std::slice::from_mut(&mut client));
    assert_eq!((client.closed, client.messages.len()), (None, 11));
}

#[test]
fn who_takes_no_bytes_is_dropped() {
    let config = Config::default();
    let mut world = World::calm(&config);
    let mut client = world.client("/echo/0");
    client.is_reading = false;
    client.text(&"x".repeat(600_000));
    let log = Rc::clone(&world.log);
    let dropped = world.sleep_until(&mut client, |_| !log.borrow()[&0].closed.is_empty());
    assert_in_time(dropped, config.write_stall_timeout);
    assert_eq!(world.connections(), 0);
}

/// The close frame is the last thing that is sent, also if others publish in the tick in which a deadline passes.
#[test]
fn nothing_follows_the_close_frame_of_a_message_that_did_not_end() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(3);
    let mut world = World::calm(&config);
    let mut clients = [world.client("/topic/0"), world.client("/topic/1")];
    clients[0].raw(b"\x01\x85half");
    world.settle(&mut clients);
    world.advance(config.message_timeout + LATE);
    clients[1].text("1:0:news");
    world.settle(&mut clients);
    assert_eq!(clients[0].closed, Some(1008));
    assert_eq!(clients[0].messages, ["1:0:news"]);
}

fn is_over(client: &Client) -> bool {
    client.incoming() != Stream::Open
}

fn assert_in_time(time: Duration, deadline: Duration) {
    assert!(time >= deadline, "{time:?} is too early, {deadline:?} was due");
    assert!(time <= deadline + LATE, "{time:?} is too late, {deadline:?} was due");
}

/// Two ticks of the wheel: one because a moment is rounded down, one because a deadline is rounded up.
const LATE: Duration = Duration::from_millis(128);
