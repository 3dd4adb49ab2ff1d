//! Peers that are slow, or leave, or ask for much, and a server that goes down.

use super::super::world::Pump;
use super::desk::{Mail, State, answer, page};
use super::{calm, narrow, world};
use sockeye::driver::{Stream, Weather};
use sockeye::handler::CloseCause;
use sockeye::{Config, Reply};
use std::time::Duration;

#[test]
fn a_blocked_peer_is_not_answered_without_end() {
    let mut config = Config::default();
    config.read_pause_bytes = 10_000;
    let mut world = world(0, 1, &narrow(), &config);
    world.networks[0].set_weather(Weather { kernel_bytes_max: 64_000, ..Weather::calm() });
    let mut visitor = world.visitor();
    visitor.is_reading = false;
    visitor.get("now", "0.0", &[70000]);
    world.settle_one(&mut visitor);
    assert!(world.workers[0].holdings().backlog_bytes > 0, "it is blocked");
    for number in 1..=200 {
        visitor.get("now", &format!("0.{number}"), &[50000]);
    }
    world.settle_one(&mut visitor);
    let holdings = world.workers[0].holdings();
    assert!(holdings.backlog_bytes < 10_000 + 2 * 50_100, "{holdings:?}");
    visitor.is_reading = true;
    world.settle_one(&mut visitor);
    assert_eq!(visitor.whole().count(), 201);
}

#[test]
fn who_leaves_in_a_stream_is_missed_also_if_it_asked_for_more_behind_it() {
    for behind in [0, 1, 1_000, 5_000] {
        let mut world = calm(&Config::default());
        let mut visitor = world.visitor();
        visitor.get("quiet", "0.0", &[]);
        world.settle_one(&mut visitor);
        for number in 0..behind {
            visitor.get("now", &format!("0.{}", number + 1), &[1]);
        }
        visitor.end();
        world.settle_one(&mut visitor);
        assert_eq!(world.log.record("0.0").closed, [(1006, CloseCause::Lost)], "{behind}");
        assert!(world.workers[0].holdings().is_nothing());
    }
}

#[test]
fn a_stream_that_the_handler_has_ended_was_ended_by_this_side() {
    for seed in 0..16 {
        let mut world = world(seed, 1, &Weather::calm(), &Config::default());
        let mut visitors = [world.visitor(), world.visitor()];
        visitors[0].get("quiet", "0.0", &[]);
        world.settle(&mut visitors);
        // Either may come first.
        visitors[1].release("1.0", "0.0", "end");
        visitors[0].get("now", "0.1", &[1]);
        visitors[0].end();
        world.settle(&mut visitors);
        let is_whole = !visitors[0].statuses().is_empty();
        if is_whole {
            assert_eq!(
                visitors[0].statuses(),
                [200, 200],
                "what was asked behind it has its answer"
            );
        }
        let expected = if is_whole { CloseCause::Local } else { CloseCause::Lost };
        let closed = world.log.record("0.0").closed;
        assert!(closed.len() == 1 && closed[0].1 == expected, "{closed:?}, whole: {is_whole}");
    }
}

#[test]
fn a_slow_reader_of_the_last_answer_gets_all_of_it() {
    let config = Config::default();
    let mut world = world(0, 1, &narrow(), &config);
    let mut visitor = world.visitor();
    visitor.ask("GET", ("now", "0.0", &[60000]), "Connection: close\r\n\r\n");
    visitor.is_reading = false;
    world.settle_one(&mut visitor);
    // Longer than closing may take, shorter than a stall.
    let pause = config.close_timeout + Duration::from_secs(3);
    assert!(pause < config.write_stall_timeout);
    visitor.is_polite = false;
    while visitor.answers.first().is_none_or(|answer| !answer.is_whole) {
        world.sleep_one(pause, &mut visitor);
        visitor.is_reading = true;
        visitor.read_at_most(2_000);
        visitor.is_reading = false;
        assert_ne!(visitor.incoming(), Stream::Reset, "{visitor:?}");
    }
    assert_eq!(visitor.answers[0].body, page("0.0", 60_000));
    // From now on it has as long as everybody to end its stream.
    world.sleep_one(config.close_timeout + Duration::from_secs(1), &mut visitor);
    assert_eq!((visitor.incoming(), world.connections()), (Stream::Ended, 0));
}

#[test]
fn who_takes_nothing_of_the_last_answer_is_dropped_when_it_has_stalled() {
    let config = Config::default();
    let mut world = world(0, 1, &narrow(), &config);
    let mut visitor = world.visitor();
    visitor.ask("GET", ("now", "0.0", &[60000]), "Connection: close\r\n\r\n");
    visitor.is_reading = false;
    world.sleep_one(config.write_stall_timeout - Duration::from_secs(1), &mut visitor);
    assert_eq!(world.connections(), 1);
    world.sleep_one(Duration::from_secs(2), &mut visitor);
    visitor.is_reading = true;
    visitor.pump();
    assert_eq!((visitor.incoming(), world.connections()), (Stream::Reset, 0));
}

#[test]
fn what_opens_during_a_shutdown_is_told_to_go_like_everybody() {
    let replies: [fn(&mut sockeye::Context<'_, super::Desk>); 2] = [
        |connection| {
            connection.reply(Reply::upgrade(State::at("socket", "0.0"))).expect("it waits")
        },
        |connection| {
            let stream = Reply::stream(State::at("quiet", "0.0"), answer("0.0", "first"));
            connection.reply(stream).expect("it waits");
        },
    ];
    for reply in replies {
        let mut world = calm(&Config::default());
        let mut visitor = world.visitor();
        visitor.upgrade("wait", "0.0");
        world.settle_one(&mut visitor);
        world.remote.shut_down(Duration::from_secs(60));
        world.settle_one(&mut visitor);
        let id = world.log.id("0.0");
        assert!(world.remote.mail(id.worker(), Mail::Do(id, reply)).is_ok());
        world.settle_one(&mut visitor);
        let record = world.log.record("0.0");
        if visitor.answers[0].status == 101 {
            assert_eq!(visitor.frames[..4], [0x88, 23, 3, 233]);
            visitor.raw(b"\x88\x82\0\0\0\0\x03\xE9");
            world.settle_one(&mut visitor);
        } else {
            assert_eq!(
                (visitor.statuses(), &record.closed[..]),
                (vec![200], &[(1000, CloseCause::Local)][..])
            );
        }
        assert!(world.workers[0].is_done(), "{visitor:?} {record:?}");
    }
}

#[test]
fn a_websocket_granted_to_who_has_ended_its_stream_is_lost_at_once() {
    let mut world = calm(&Config::default());
    let mut visitor = world.visitor();
    visitor.upgrade("wait", "0.0");
    visitor.end();
    world.settle_one(&mut visitor);
    let id = world.log.id("0.0");
    let grant = |connection: &mut sockeye::Context<'_, super::Desk>| {
        connection.reply(Reply::upgrade(State::at("socket", "0.0"))).expect("it waits");
    };
    assert!(world.remote.mail(id.worker(), Mail::Do(id, grant)).is_ok());
    world.settle_one(&mut visitor);
    let record = world.log.record("0.0");
    assert_eq!((record.opened, &record.closed[..]), (1, &[(1006, CloseCause::Lost)][..]));
    assert!(world.workers[0].holdings().is_nothing());
}

#[test]
fn who_has_ended_its_stream_gets_all_answers_also_behind_one_that_came_late() {
    let mut world = calm(&Config::default());
    let mut visitor = world.visitor();
    visitor.get("wait", "0.0", &[]);
    for number in 1..6 {
        visitor.get("now", &format!("0.{number}"), &[1]);
    }
    visitor.end();
    world.settle_one(&mut visitor);
    let id = world.log.id("0.0");
    assert!(world.remote.respond(id, answer("0.0", "at last")).is_ok());
    world.settle_one(&mut visitor);
    assert_eq!((visitor.statuses(), visitor.incoming()), (vec![200; 6], Stream::Ended));
}

#[test]
fn a_shutdown_does_not_wait_for_who_is_kept_and_idle() {
    let mut world = calm(&Config::default());
    let mut visitor = world.visitor();
    visitor.get("now", "0.0", &[100]);
    world.settle_one(&mut visitor);
    world.remote.shut_down(Duration::from_secs(10));
    // No time passes, and the visitor does not end its stream.
    world.settle_one(&mut visitor);
    assert!(world.workers[0].is_done());
    assert_eq!((visitor.statuses(), visitor.incoming()), (vec![200], Stream::Ended));
}
