//! Every wait of a request and of its answer has a deadline, on a clock that the test moves.

use super::desk::page;
use super::visitor::Visitor;
use super::{HttpWorld, calm, narrow, world};
use sockeye::Config;
use sockeye::driver::Stream;
use sockeye::handler::CloseCause;
use std::time::Duration;

/// Sleeps until the visitor's connection is over, and says how long that took.
fn sleep_to_the_end(world: &mut HttpWorld, visitor: &mut Visitor) -> Duration {
    world.sleep_until(visitor, Visitor::is_over)
}

fn assert_in_time(time: Duration, deadline: Duration) {
    assert!(time >= deadline, "{time:?} is too early, {deadline:?} was due");
    assert!(time <= deadline + LATE, "{time:?} is too late, {deadline:?} was due");
}

#[test]
fn a_kept_connection_waits_for_the_next_request_and_then_ends_in_silence() {
    let config = Config::default();
    let mut world = calm(&config);
    let mut visitor = world.visitor();
    visitor.get("now", "0.0", &[1]);
    world.settle_one(&mut visitor);
    let ended = sleep_to_the_end(&mut world, &mut visitor);
    assert_in_time(ended, config.keep_alive_timeout);
    assert_eq!((visitor.statuses(), visitor.incoming()), (vec![200], Stream::Ended));
}

#[test]
fn the_time_of_a_head_begins_with_its_first_byte() {
    let config = Config::default();
    let mut world = calm(&config);
    let mut visitor = world.visitor();
    visitor.get("now", "0.0", &[1]);
    world.sleep_one(config.keep_alive_timeout - Duration::from_secs(1), &mut visitor);
    visitor.raw("GET /now");
    world.settle_one(&mut visitor);
    let ended = sleep_to_the_end(&mut world, &mut visitor);
    assert_in_time(ended, config.handshake_timeout);
    assert_eq!(visitor.statuses(), [200, 408]);
}

#[test]
fn a_body_has_its_time_and_a_reply_has_its_own() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(7);
    for (reply_after, status, deadline) in [(9_000, 408, 7), (5_000, 503, 5)] {
        let mut world = calm(&config);
        let mut visitor = world.visitor();
        visitor.ask("POST", ("never", "0.0", &[reply_after]), "Content-Length: 5\r\n\r\nhel");
        world.settle_one(&mut visitor);
        // Some progress is no end.
        world.sleep_one(Duration::from_secs(3), &mut visitor);
        visitor.raw("l");
        let ended = sleep_to_the_end(&mut world, &mut visitor);
        assert_in_time(ended + Duration::from_secs(3), Duration::from_secs(deadline));
        assert_eq!(visitor.statuses(), [status]);
        assert_eq!(world.log.record("0.0").closed, [(1006, CloseCause::TimedOut)]);
    }
}

#[test]
fn a_body_that_nobody_wants_has_its_time_too() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(7);
    let mut world = calm(&config);
    let mut visitor = world.visitor();
    visitor.ask("POST", ("ignore", "0.0", &[1]), "Content-Length: 5\r\n\r\nhel");
    world.settle_one(&mut visitor);
    let ended = sleep_to_the_end(&mut world, &mut visitor);
    assert_in_time(ended, config.message_timeout);
    assert_eq!((visitor.statuses(), visitor.incoming()), (vec![200], Stream::Ended));
}

/// What waits behind it is dropped with it.
#[test]
fn a_reply_is_due_also_while_requests_wait_behind_it() {
    let mut world = calm(&Config::default());
    let mut visitor = world.visitor();
    visitor.get("never", "0.0", &[3_000]);
    for number in 1..4_000 {
        visitor.get("now", &format!("0.{number}"), &[1]);
    }
    world.settle_one(&mut visitor);
    assert!(world.workers[0].holdings().held_bytes > 0 && visitor.unsent() > 0);
    let ended = sleep_to_the_end(&mut world, &mut visitor);
    assert_in_time(ended, Duration::from_secs(3));
    assert!(world.workers[0].holdings().is_nothing() && visitor.answers[0].status == 503);
}

/// In every phase: while the next request, a reply, a hand-over or the rest of a stream is awaited.
#[test]
fn who_takes_no_bytes_is_dropped_whatever_else_is_awaited() {
    let config = Config::default();
    let kinds = [("now", &[1][..]), ("wait", &[]), ("hop", &[1]), ("quiet", &[])];
    for (kind, numbers) in kinds {
        let mut world = world(0, 2, &narrow(), &config);
        let mut visitor = world.visitor();
        visitor.is_reading = false;
        visitor.get("now", "0.0", &[20_000]);
        visitor.get(kind, "0.1", numbers);
        world.settle_one(&mut visitor);
        let time = config.write_stall_timeout.min(Duration::from_secs(29));
        world.sleep_one(time - Duration::from_secs(1), &mut visitor);
        assert_eq!(world.connections(), 1, "{kind}");
        world.sleep_one(Duration::from_secs(3), &mut visitor);
        assert_eq!(world.connections(), 0, "{kind}");
        assert!(world.workers[0].holdings().is_nothing(), "{kind}");
    }
}

#[test]
fn the_time_of_a_body_does_not_pass_while_its_client_is_not_read_from() {
    let mut config = Config::default();
    config.message_timeout = Duration::from_secs(7);
    config.read_pause_bytes = 1_000;
    let mut world = world(0, 1, &narrow(), &config);
    let mut visitor = world.visitor();
    visitor.ask("GET", ("now", "0.0", &[20_000]), "\r\n");
    visitor.post(("echo", "0.1", &[]), &[7; 30_000], None, false);
    visitor.is_reading = false;
    world.sleep_one(Duration::from_secs(20), &mut visitor);
    assert_eq!(world.connections(), 1);
    visitor.is_reading = true;
    world.settle_one(&mut visitor);
    assert_eq!(visitor.statuses(), [200, 200]);
    assert!(
        visitor.answers[0].body == page("0.0", 20_000) && visitor.answers[1].body == [7; 30_000]
    );
}

/// Two ticks of the wheel: one because a moment is rounded down, one because a deadline is rounded up.
const LATE: Duration = Duration::from_millis(128);
